package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Limits, and that nothing is lost on the way through the builder. */
class NetbackConfigTest {

    private static void refused(String value, UnaryOperator<NetbackConfig.Builder> change) {
        assertThatThrownBy(() -> change.apply(NetbackConfig.DEFAULT.with()).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(value);
    }

    @Test
    void shouldRefuse_whatIsOutsideItsLimits() {
        refused("queuesMax=0", c -> c.queuesMax(0));
        refused("queuesMax=17", c -> c.queuesMax(17));
        refused("hashMappingMax=-1", c -> c.hashMappingMax(-1));
        refused("hashMappingMax=1025", c -> c.hashMappingMax(1025));
        refused("rxQueuePages=31", c -> c.rxQueuePages(31));
        refused("rxQueuePages=513", c -> c.rxQueuePages(513));
        refused("rxDrainNs=0", c -> c.rxDrainNs(0));
        refused("rxStallNs=0", c -> c.rxStallNs(0));
    }

    @Test
    void shouldKeepEverything_throughTheBuilder() {
        assertThat(NetbackConfig.DEFAULT.with().build()).isEqualTo(NetbackConfig.DEFAULT);
        assertThat(NetbackConfig.PLAIN.with().build()).isEqualTo(NetbackConfig.PLAIN);
        NetbackConfig built = NetbackConfig.DEFAULT
                .with()
                .rxCopy(false)
                .sg(false)
                .csumV4(false)
                .csumV6(false)
                .gsoV4(false)
                .gsoV6(false)
                .splitEventChannels(false)
                .queuesMax(1)
                .multicastControl(false)
                .dynamicMulticastControl(false)
                .ctrlRing(false)
                .hashMappingMax(0)
                .xdpHeadroom(false)
                .rxQueuePages(32)
                .rxDrainNs(1)
                .rxStallNs(2)
                .build();
        assertThat(built)
                .isEqualTo(new NetbackConfig(
                        false, false, false, false, false, false, false, 1, false, false, false, 0, false, 32, 1, 2));
    }
}
