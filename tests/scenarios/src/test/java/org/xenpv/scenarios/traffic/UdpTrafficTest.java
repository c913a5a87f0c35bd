package org.xenpv.scenarios.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URISyntaxException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.net.linux.CommandResult;
import org.xenpv.backends.net.linux.NetworkNamespace;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.testkit.net.NetworkNamespaceExtension;

/** Datagrams of the host's to a whole guest and back, each compared byte for byte by {@link UdpEchoClient}. */
@Timeout(180)
@ExtendWith(NetworkNamespaceExtension.class)
class UdpTrafficTest {

    private static final int PLAIN_MTU = 1500;
    private static final int LONGEST_IN_A_FRAME = PLAIN_MTU - 28;
    private static final int LONGEST = 65507;
    private static final int WAIT_MS = 5000;

    @BeforeEach
    void needs() {
        TrafficRig.needsTap();
    }

    private static TrafficRig rig(NetworkNamespace host, boolean offloads, int queues) {
        NetfrontConfig config = NetfrontConfig.DEFAULT.queuesMax(queues);
        return new TrafficRig(host, offloads, PLAIN_MTU, config, ExampleZone.TEXT);
    }

    /** @param window how many are on their way at most, so that no socket's buffer overflows */
    private static CommandResult echo(NetworkNamespace host, int count, int window, int longest, int waitMs) {
        try {
            Path classes = Path.of(UdpEchoClient.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return host.run(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    classes.toString(),
                    UdpEchoClient.class.getName(),
                    TrafficRig.GUEST_ADDRESS,
                    "" + GuestStation.ECHO_PORT,
                    "" + count,
                    "" + window,
                    "" + longest,
                    "" + waitMs);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({"true, 100000, 1", "false, 10000, 4"})
    void shouldBringEveryDatagramBack(boolean offloads, int count, int queues, NetworkNamespace host) {
        try (TrafficRig rig = rig(host, offloads, queues)) {
            CommandResult result = echo(host, count, 64, LONGEST_IN_A_FRAME, WAIT_MS);
            rig.assertNothingDropped();
            assertThat(result.orThrow().out()).startsWith("every one of " + count + " came back");
            assertThat(rig.guest.echo.echoed()).isEqualTo(count);
            assertThat(rig.guest.stack.ipv4().counters().fragments()).isZero();
            // Who takes blank checksums gets them, and for who does not they are filled in.
            assertThat(rig.backend().txCsumBlank()).isEqualTo(count);
            assertThat(rig.backend().rxCsumBlank()).isEqualTo(offloads ? count : 0);
            assertThat(rig.checksumsFilled()).isEqualTo(offloads ? 0 : count);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldBringDatagramsBackInFragments_whenTheyAreLongerThanAFrame(boolean offloads, NetworkNamespace host) {
        try (TrafficRig rig = rig(host, offloads, 1)) {
            CommandResult result = echo(host, 300, 2, LONGEST, WAIT_MS);
            rig.assertNothingDropped();
            assertThat(result.orThrow().out()).startsWith("every one of 300 came back");
            assertThat(rig.guest.stack.ipv4().counters().reassembled()).isGreaterThan(250);
        }
    }

    @Test
    void shouldSaySo_whenNothingComesBack(NetworkNamespace host) {
        try (TrafficRig rig = rig(host, true, 1)) {
            rig.guest.stopEcho();
            CommandResult result = echo(host, 10, 4, 100, 100);
            assertThat(result.exit()).isEqualTo(1);
            assertThat(result.err()).contains("sent=4, received=0, first missing=0");
        }
    }
}
