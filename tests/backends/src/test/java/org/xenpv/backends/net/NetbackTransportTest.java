package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.XenConfigException;
import org.xenpv.xenbus.KeySnapshot;

/** How a frontend's keys are read. */
class NetbackTransportTest {

    private static final NetbackConfig ALL = NetbackConfig.DEFAULT;
    private final Map<String, String> keys = new HashMap<>(Map.of(
            "request-rx-copy", "1",
            "tx-ring-ref", "8",
            "rx-ring-ref", "4294967295",
            "event-channel", "5"));

    private NetbackTransport parse(NetbackConfig config) {
        return NetbackTransport.parse(new KeySnapshot(keys), config);
    }

    private void refused(String key) {
        assertThatThrownBy(() -> parse(ALL))
                .isInstanceOf(XenConfigException.class)
                .hasMessageContaining(key);
    }

    @Test
    void shouldReadTheOldestFrontend() {
        NetbackTransport transport = parse(ALL);
        assertThat(transport.queues()).containsExactly(new NetbackTransport.Queue(8, -1, 5, 5));
        assertThat(transport.offloads()).isEqualTo(new PortOffloads(true, false, false, false, 4096, 4096));
        assertThat(transport.rxNotify()).isFalse();
        assertThat(transport.groupFilter()).isFalse();
        assertThat(transport.control()).isNull();
        assertThat(transport.xdpHeadroom()).isZero();
    }

    @Test
    void shouldReadEverything() {
        keys.putAll(Map.of(
                "feature-rx-notify", "1",
                "feature-sg", "1",
                "feature-gso-tcpv4", "1",
                "feature-gso-tcpv6", "1",
                "feature-ipv6-csum-offload", "1",
                "request-multicast-control", "1",
                "xdp-headroom", "256",
                "ctrl-ring-ref", "77",
                "event-channel-ctrl", "9"));
        keys.putAll(Map.of("event-channel-tx", "6", "event-channel-rx", "7"));
        NetbackTransport transport = parse(ALL);
        assertThat(transport.queues()).containsExactly(new NetbackTransport.Queue(8, -1, 6, 7));
        int most = 18 * (4096 - 256);
        assertThat(transport.offloads())
                .isEqualTo(new PortOffloads(true, true, true, true, Math.min(most, 65535), Math.min(most, 65535)));
        assertThat(transport.rxNotify()).isTrue();
        assertThat(transport.groupFilter()).isTrue();
        assertThat(transport.xdpHeadroom()).isEqualTo(256);
        assertThat(transport.control()).isEqualTo(new NetbackTransport.Control(77, 9));
    }

    @Test
    void shouldReadNothing_thatWasNotOffered() {
        keys.putAll(Map.of(
                "event-channel-tx", "6",
                "event-channel-rx", "7",
                "request-multicast-control", "1",
                "xdp-headroom", "256",
                "ctrl-ring-ref", "77"));
        NetbackTransport transport = parse(NetbackConfig.PLAIN);
        assertThat(transport.queues()).containsExactly(new NetbackTransport.Queue(8, -1, 5, 5));
        assertThat(transport.groupFilter()).isFalse();
        assertThat(transport.xdpHeadroom()).isZero();
        assertThat(transport.control()).isNull();
    }

    @ParameterizedTest
    @CsvSource({"0, 65535", "256, 65535", "1024, 55296", "2048, 36864", "9999, 36864"})
    void shouldSendNoLongerFramesThanGoInto18Buffers(String headroom, int bytesMax) {
        keys.put("feature-sg", "1");
        keys.put("xdp-headroom", headroom);
        assertThat(parse(ALL).offloads().frameBytesMax()).isEqualTo(bytesMax);
    }

    @Test
    void shouldTakeNoFramesToBeSegmented_withoutChecksumsOrScatterGather() {
        keys.put("feature-gso-tcpv4", "1");
        keys.put("feature-gso-tcpv6", "1");
        assertThat(parse(ALL).offloads().gsoV4()).isFalse();
        keys.put("feature-sg", "1");
        assertThat(parse(ALL).offloads().gsoV4()).isTrue();
        assertThat(parse(ALL).offloads().gsoV6())
                .as("no feature-ipv6-csum-offload")
                .isFalse();
        keys.put("feature-no-csum-offload", "1");
        assertThat(parse(ALL).offloads().gsoV4()).isFalse();
        assertThat(parse(ALL).offloads().csumV4()).isFalse();
    }

    @Test
    void shouldReadAsManyQueuesAsAreSaid() {
        keys.put("multi-queue-num-queues", "2");
        refused("queue-0/tx-ring-ref");
        for (int queue = 0; queue < 2; queue++) {
            keys.put("queue-" + queue + "/tx-ring-ref", "1" + queue);
            keys.put("queue-" + queue + "/rx-ring-ref", "2" + queue);
            keys.put("queue-" + queue + "/event-channel-tx", "3" + queue);
            keys.put("queue-" + queue + "/event-channel-rx", "4" + queue);
        }
        assertThat(parse(ALL).queues())
                .containsExactly(
                        new NetbackTransport.Queue(10, 20, 30, 40), new NetbackTransport.Queue(11, 21, 31, 41));
        keys.remove("queue-1/event-channel-rx");
        refused("queue-1/event-channel-rx");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "9", "-1", "", "2x", "99999999999999999999"})
    void shouldRefuseNumbersOfQueues_thatWereNotOffered(String queues) {
        keys.put("multi-queue-num-queues", queues);
        refused("multi-queue-num-queues");
    }

    @ParameterizedTest
    @CsvSource({
        "request-rx-copy, 0",
        "request-rx-copy, 2",
        "tx-ring-ref, 4294967296",
        "rx-ring-ref, -1",
        "event-channel, 0",
        "event-channel, 131072",
        "feature-sg, yes",
        "xdp-headroom, x"
    })
    void shouldRefuse_whatDoesNotParse(String key, String value) {
        keys.put(key, value);
        refused(key);
    }

    @Test
    void shouldLookAtAllTheKeysItReads() {
        assertThat(NetbackTransport.keys(ALL)).contains("queue-7/event-channel-rx", "xdp-headroom", "rx-ring-ref");
        assertThat(NetbackTransport.keys(NetbackConfig.PLAIN)).noneMatch(key -> key.startsWith("queue-"));
    }
}
