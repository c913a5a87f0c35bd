package org.xenpv.scenarios.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.net.linux.NetworkNamespace;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.testkit.net.NetworkNamespaceExtension;

/** {@code ping} and a whole guest. */
@Timeout(180)
@ExtendWith(NetworkNamespaceExtension.class)
class PingTrafficTest {

    private static final int PLAIN_MTU = 1500;

    @BeforeEach
    void needs() {
        TrafficRig.needsTap();
        TrafficRig.needs("ping", "iputils-ping");
    }

    private static TrafficRig rig(NetworkNamespace host, boolean offloads, int mtu) {
        return new TrafficRig(host, offloads, mtu, NetfrontConfig.DEFAULT, ExampleZone.TEXT);
    }

    private static String flood(NetworkNamespace host, int count, int bytes) {
        return host.run("ping", "-q", "-n", "-f", "-W", "10", "-c", "" + count, "-s", "" + bytes, "10.77.0.2")
                .orThrow()
                .out();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldLoseNoneOfTenThousandEchoes_whenFlooded(boolean offloads, NetworkNamespace host) {
        try (TrafficRig rig = rig(host, offloads, PLAIN_MTU)) {
            assertThat(flood(host, 10_000, 56)).contains("10000 received, 0% packet loss");
            assertThat(rig.kernel("Icmp", "InEchoReps")).isEqualTo(10_000);
            assertThat(rig.backend().txFrames()).isGreaterThanOrEqualTo(10_000);
            rig.assertNothingDropped();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldAnswerInFragments_whenAnEchoIsLongerThanAFrame(boolean offloads, NetworkNamespace host) {
        try (TrafficRig rig = rig(host, offloads, PLAIN_MTU)) {
            assertThat(flood(host, 200, 8000)).contains("200 received, 0% packet loss");
            assertThat(rig.guest.stack.ipv4().counters().reassembled()).isEqualTo(200);
            assertThat(rig.kernel("Ip", "ReasmOKs")).isEqualTo(200);
            rig.assertNothingDropped();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldAnswerInSeveralPages_whenTheLinkTakesLongFrames(boolean offloads, NetworkNamespace host) {
        try (TrafficRig rig = rig(host, offloads, 9000)) {
            assertThat(flood(host, 500, 8000)).contains("500 received, 0% packet loss");
            assertThat(rig.kernel("Ip", "ReasmReqds")).isZero();
            assertThat(rig.guest.stack.ipv4().counters().fragments()).isZero();
            assertThat(rig.backend().rxSlots()).isGreaterThanOrEqualTo(2 * 500);
            assertThat(rig.backend().txRequests()).isGreaterThanOrEqualTo(2 * 500);
            rig.assertNothingDropped();
        }
    }
}
