package org.xenpv.backends.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.fault.XenConfigException;
import org.xenpv.io.blkif.BlkifAbi;
import org.xenpv.xenbus.KeySnapshot;

/** What a frontend may publish; everything else is refused by the key's name. */
class BlkbackTransportTest {

    private static final BlkbackConfig CONFIG = BlkbackConfig.DEFAULT; // order up to 4, up to 4 queues

    private static Map<String, String> keys(String... pairs) {
        Map<String, String> keys = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            keys.put(pairs[i], pairs[i + 1]);
        }
        return keys;
    }

    private static BlkbackTransport parse(Map<String, String> keys) {
        assertThat(BlkbackTransport.keys(CONFIG)).as("every key is asked for").containsAll(keys.keySet());
        return BlkbackTransport.parse(new KeySnapshot(keys), CONFIG);
    }

    @Test
    void shouldTakeTheOldestFrontend() {
        BlkbackTransport transport = parse(keys("ring-ref", "8", "event-channel", "5"));
        assertThat(transport.abi()).isEqualTo(BlkifAbi.X86_64);
        assertThat(transport.persistent()).isFalse();
        assertThat(transport.queues()).hasSize(1);
        assertThat(transport.queues().get(0).grefs()).containsExactly(8);
        assertThat(transport.queues().get(0).port()).isEqualTo(5);
    }

    @Test
    void shouldTakeReferencesAsUnsigned() {
        BlkbackTransport transport = parse(keys("ring-ref", "4294967295", "event-channel", "131071"));
        assertThat(transport.queues().get(0).grefs()).containsExactly(-1);
    }

    @Test
    void shouldTakeAMultiPageRing_byEitherScheme() {
        for (String[] scheme : new String[][] {{"ring-page-order", "1"}, {"num-ring-pages", "2"}}) {
            Map<String, String> keys = keys("ring-ref0", "8", "ring-ref1", "9", "event-channel", "5");
            keys.put(scheme[0], scheme[1]);
            assertThat(parse(keys).queues().get(0).grefs()).containsExactly(8, 9);
        }
    }

    @Test
    void shouldTakeEitherSpelling_whenAnOrderOfZeroIsGiven() {
        Map<String, String> keys = keys("ring-page-order", "0", "ring-ref", "8", "event-channel", "5");
        assertThat(parse(keys).queues().get(0).grefs()).containsExactly(8);
        keys.put("ring-ref0", "9");
        assertThat(parse(keys).queues().get(0).grefs()).containsExactly(9);
    }

    @Test
    void shouldNotTakeAStaleNumberedReference_whenNoOrderIsGiven() {
        Map<String, String> keys = keys("ring-ref", "8", "ring-ref0", "9", "event-channel", "5");
        assertThat(parse(keys).queues().get(0).grefs()).containsExactly(8);
    }

    @Test
    void shouldTakeSeveralQueues() {
        Map<String, String> keys = keys("multi-queue-num-queues", "3", "ring-page-order", "1");
        for (int q = 0; q < 3; q++) {
            keys.put("queue-" + q + "/ring-ref0", "" + (10 + q));
            keys.put("queue-" + q + "/ring-ref1", "" + (20 + q));
            keys.put("queue-" + q + "/event-channel", "" + (30 + q));
        }
        BlkbackTransport transport = parse(keys);
        assertThat(transport.queues()).hasSize(3);
        assertThat(transport.queues().get(2).grefs()).containsExactly(12, 22);
        assertThat(transport.queues().get(2).port()).isEqualTo(32);
    }

    @Test
    void shouldTakeASingleQueueAtTheTopLevel() {
        Map<String, String> keys = keys("multi-queue-num-queues", "1", "ring-ref", "8", "event-channel", "5");
        assertThat(parse(keys).queues()).hasSize(1);
    }

    @Test
    void shouldTakeA32BitFrontendThatWantsPersistentGrants() {
        BlkbackTransport transport =
                parse(keys("protocol", "x86_32-abi", "feature-persistent", "1", "ring-ref", "8", "event-channel", "5"));
        assertThat(transport.abi()).isEqualTo(BlkifAbi.X86_32);
        assertThat(transport.persistent()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "protocol,arm-abi",
        "protocol,''",
        "feature-persistent,2",
        "feature-persistent,yes",
        "ring-page-order,5",
        "ring-page-order,-1",
        "ring-page-order,31",
        "num-ring-pages,0",
        "num-ring-pages,3",
        "num-ring-pages,32",
        "multi-queue-num-queues,0",
        "multi-queue-num-queues,5",
        "multi-queue-num-queues,4294967297",
        "ring-ref,4294967296",
        "ring-ref,-1",
        "ring-ref,0x8",
        "ring-ref,''",
        "event-channel,0",
        "event-channel,131072",
        "event-channel,'5 '"
    })
    void shouldRefuseByName(String key, String value) {
        Map<String, String> keys = keys("ring-ref", "8", "event-channel", "5");
        keys.put(key, value);
        assertThatThrownBy(() -> parse(keys))
                .isInstanceOf(XenConfigException.class)
                .hasMessageStartingWith(key + "=");
    }

    @ParameterizedTest
    @CsvSource({"ring-ref", "event-channel"})
    void shouldRefuseWhatIsMissing(String key) {
        Map<String, String> keys = keys("ring-ref", "8", "event-channel", "5");
        keys.remove(key);
        assertThatThrownBy(() -> parse(keys))
                .isInstanceOf(XenConfigException.class)
                .hasMessageContaining(key)
                .hasMessageContaining("missing");
    }

    @Test
    void shouldRefuseAMultiPageRingAndQueues_whenNotOffered() {
        Map<String, String> order =
                keys("ring-page-order", "1", "ring-ref0", "8", "ring-ref1", "9", "event-channel", "5");
        assertThatThrownBy(() -> BlkbackTransport.parse(new KeySnapshot(order), BlkbackConfig.PLAIN))
                .hasMessageStartingWith("ring-page-order=");
        Map<String, String> queues = keys("multi-queue-num-queues", "2");
        assertThatThrownBy(() -> BlkbackTransport.parse(new KeySnapshot(queues), BlkbackConfig.PLAIN))
                .hasMessageStartingWith("multi-queue-num-queues=");
        assertThat(Arrays.asList(BlkbackTransport.keys(BlkbackConfig.PLAIN)))
                .doesNotContain("ring-ref1", "queue-0/ring-ref");
    }

    @ParameterizedTest
    @CsvSource({
        "0,256,4,4,512,0,8,persistentGrantsMax=0",
        "1,-1,4,4,512,0,8,indirectSegmentsMax=-1",
        "1,4097,4,4,512,0,8,indirectSegmentsMax=4097",
        "1,256,5,4,512,0,8,ringPageOrderMax=5",
        "1,256,4,0,512,0,8,queuesMax=0",
        "1,256,4,17,512,0,8,queuesMax=17",
        "1,256,4,4,0,0,8,discardGranularityBytes=0",
        "1,256,4,4,1000,0,8,discardGranularityBytes=1000",
        "1,256,4,4,512,-512,8,discardAlignmentBytes=-512",
        "1,256,4,4,512,0,0,responseBatch=0"
    })
    void shouldRefuseConfigurationsThatMakeNoSense(
            int grants,
            int indirect,
            int order,
            int queues,
            int granularity,
            int alignment,
            int batch,
            String message) {
        BlkbackConfig.Builder builder = BlkbackConfig.DEFAULT
                .with()
                .persistentGrantsMax(grants)
                .indirectSegmentsMax(indirect)
                .ringPageOrderMax(order)
                .queuesMax(queues)
                .discardGranularityBytes(granularity)
                .discardAlignmentBytes(alignment)
                .responseBatch(batch);
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void shouldAcceptTheLimitsOfTheConfiguration() {
        BlkbackConfig widest = BlkbackConfig.DEFAULT
                .with()
                .indirectSegmentsMax(4096)
                .queuesMax(16)
                .info(7)
                .responseBatch(512)
                .build();
        assertThat(widest.with().build()).isEqualTo(widest);
        assertThatThrownBy(() -> widest.with().info(8).build()).hasMessageStartingWith("info=8");
    }
}
