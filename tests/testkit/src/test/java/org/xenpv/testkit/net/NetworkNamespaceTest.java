package org.xenpv.testkit.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.xenpv.backends.net.linux.CommandResult;
import org.xenpv.backends.net.linux.NetworkNamespace;

@Timeout(60)
@ExtendWith(NetworkNamespaceExtension.class)
class NetworkNamespaceTest {

    private static final long CLEANUP_NS = 30_000_000_000L;

    /** The last namespace that the class below was given, and a process in it. */
    private static NetworkNamespace given;

    private static Process inside;

    /** Fails inside a namespace. */
    @ExtendWith(NetworkNamespaceExtension.class)
    static class Failing {
        @Test
        void failsInside(NetworkNamespace host, @TempDir Path directory) {
            given = host;
            inside = host.start(directory.resolve("out"), "sleep", "1000");
            throw new IllegalStateException("the test's own");
        }
    }

    private static String links(NetworkNamespace host) {
        return host.run("ip", "-o", "link").orThrow().out();
    }

    @Test
    void shouldHaveNothingButAnInterfaceToItself_whichIsUp(NetworkNamespace host) {
        assertThat(links(host).lines().toList()).hasSize(1).first().asString().contains("lo:", "LOOPBACK,UP");
    }

    @Test
    void shouldKeepTwoApart(NetworkNamespace one, NetworkNamespace other) {
        one.run("ip", "link", "add", "left", "type", "veth", "peer", "name", "right")
                .orThrow();
        assertThat(links(one)).contains("left", "right");
        assertThat(links(other)).doesNotContain("left").doesNotContain("right");
    }

    @Test
    void shouldSwitchIpv6Off(NetworkNamespace host) {
        cable(host, "before", "behind");
        assertThat(ipv6(host, "before")).contains("inet6 fe80:");
        host.withoutIpv6();
        cable(host, "after", "afterwards");
        assertThat(ipv6(host, "after")).isEmpty();
    }

    @Test
    void shouldJoinTwo_byACable(NetworkNamespace one, NetworkNamespace other) {
        one.cable(other, "veth0", "10.0.0.1/24", "10.0.0.2/24");
        for (NetworkNamespace each : new NetworkNamespace[] {one, other}) {
            assertThat(links(each)).contains("veth0", "UP,LOWER_UP");
            assertThat(each.run("ip", "-o", "addr").orThrow().out())
                    .contains(each == one ? "inet 10.0.0.1/24" : "inet 10.0.0.2/24");
        }
        other.close();
        long deadlineNs = System.nanoTime() + CLEANUP_NS;
        while (links(one).contains("veth0")) { // the kernel takes a namespace apart when it has time to
            assertThat(System.nanoTime() - deadlineNs)
                    .as("the whole cable goes with either end")
                    .isNegative();
        }
    }

    private static void cable(NetworkNamespace host, String one, String other) {
        host.run("ip", "link", "add", one, "type", "veth", "peer", "name", other)
                .orThrow();
        host.run("ip", "link", "set", one, "up").orThrow();
        host.run("ip", "link", "set", other, "up").orThrow();
    }

    private static String ipv6(NetworkNamespace host, String link) {
        return host.run("ip", "-6", "addr", "show", "dev", link).orThrow().out();
    }

    @Test
    void shouldTellWhatAProgramPrinted_andHowItEnded(NetworkNamespace host) {
        CommandResult result = host.run("sh", "-c", "echo out; echo err >&2; exit 3");
        assertThat(result.out()).isEqualTo("out\n");
        assertThat(result.err()).isEqualTo("err\n");
        assertThat(result.exit()).isEqualTo(3);
        assertThat(result.succeeded()).isFalse();
        assertThatThrownBy(result::orThrow)
                .hasMessageContaining("exit 3")
                .hasMessageContaining("ended with 3")
                .hasMessageContaining("out\nerr");
        assertThat(host.run("true").orThrow().succeeded()).isTrue();
    }

    @Test
    void shouldEndWhatRunsInIt_whenClosed(@TempDir Path directory) throws Exception {
        NetworkNamespace own;
        try (NetworkNamespace host = NetworkNamespace.open()) {
            own = host;
            Path output = directory.resolve("out");
            Process process = host.start(output, "sh", "-c", "sleep 1000 & echo started; sleep 1000");
            while (!Files.readString(output).contains("started")) {
                assertThat(process.isAlive()).isTrue();
                Thread.onSpinWait();
            }
            ProcessHandle child = process.descendants().findFirst().orElseThrow();
            host.close();
            assertThat(process.isAlive()).isFalse();
            child.onExit().join();
        }
        assertThatThrownBy(() -> own.run("true")).hasMessageContaining("closed");
        assertThatThrownBy(() -> own.start(directory.resolve("x"), "true")).hasMessageContaining("closed");
    }

    @Test
    void shouldBeGone_whenTheTestFailed(NetworkNamespace needed) {
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create()
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(
                                        selectMethod(Failing.class, "failsInside", NetworkNamespace.class, Path.class))
                                .filters(EngineFilter.includeEngines("junit-jupiter"))
                                .build(),
                        listener);
        assertThat(listener.getSummary().getFailures())
                .singleElement()
                .extracting(failure -> failure.getException().getMessage())
                .isEqualTo("the test's own");
        assertThat(inside.isAlive()).isFalse();
        assertThatThrownBy(() -> given.run("true")).hasMessageContaining("closed");
        assertThat(links(needed)).contains("lo");
    }

    @Test
    void shouldSayWhatIsMissing() {
        assertThat(NetworkNamespace.isInstalled("no-such-program")).isFalse();
        assertThat(NetworkNamespace.isInstalled("sh")).isTrue();
    }
}
