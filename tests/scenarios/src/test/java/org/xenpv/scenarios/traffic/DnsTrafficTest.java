package org.xenpv.scenarios.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.backends.net.linux.NetworkNamespace;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.testkit.net.NetworkNamespaceExtension;

/** {@code dig} and {@code dnsperf}, and the name server in a whole guest. */
@Timeout(180)
@ExtendWith(NetworkNamespaceExtension.class)
class DnsTrafficTest {

    @BeforeEach
    void needs() {
        TrafficRig.needsTap();
    }

    private static TrafficRig rig(NetworkNamespace host) {
        return new TrafficRig(host, true, 1500, NetfrontConfig.DEFAULT, ExampleZone.TEXT);
    }

    private static String dig(NetworkNamespace host, String... question) {
        String[] command = Arrays.copyOf(
                new String[] {"dig", "-r", "+tries=1", "+timeout=10", "+ignore", "@" + TrafficRig.GUEST_ADDRESS},
                6 + question.length);
        System.arraycopy(question, 0, command, 6, question.length);
        return host.run(command).orThrow().out();
    }

    @Test
    void shouldAnswerDig(NetworkNamespace host) {
        TrafficRig.needs("dig", "bind9-dnsutils");
        try (TrafficRig rig = rig(host)) {
            assertThat(dig(host, "www.example.test", "A"))
                    .contains("status: NOERROR", "flags: qr aa rd;")
                    .containsPattern("www.example.test.\\s+3600\\s+IN\\s+A\\s+192.0.2.80");
            assertThat(dig(host, "+short", "alias.example.test", "A")).isEqualTo("www.example.test.\n192.0.2.80\n");
            assertThat(dig(host, "+short", "ns1.example.test", "AAAA")).isEqualTo("2001:db8::53\n");
            assertThat(dig(host, "+short", "example.test", "MX")).isEqualTo("10 mail.example.test.\n");
            assertThat(dig(host, "+short", "a.b.wild.example.test", "TXT")).isEqualTo("\"anything\"\n");
            assertThat(dig(host, "nobody.example.test", "A")).contains("status: NXDOMAIN", "example.test.");
            assertThat(dig(host, "elsewhere.test", "A")).contains("status: REFUSED");
            assertThat(dig(host, "+bufsize=1232", "many.example.test", "A")).contains("ANSWER: 60");
            assertThat(dig(host, "+noedns", "many.example.test", "A")).contains("flags: qr aa tc rd;");
            assertThat(rig.guest.names.counters().received()).isEqualTo(9);
            rig.assertNothingDropped();
        }
    }

    @Test
    void shouldAnswerEveryQueryOfDnsperf(NetworkNamespace host, @TempDir Path directory) throws IOException {
        TrafficRig.needs("dnsperf", "dnsperf");
        StringBuilder queries = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            queries.append("host").append(i).append(".example.test A\n"); // the last forty do not exist
        }
        Path file = Files.writeString(directory.resolve("queries"), queries);
        try (TrafficRig rig = rig(host)) {
            String report = host.run(
                            "dnsperf", "-s", TrafficRig.GUEST_ADDRESS, "-d", file.toString(), "-n", "300", "-c", "4")
                    .orThrow()
                    .out();
            assertThat(report)
                    .containsPattern("Queries sent: +30000\n")
                    .containsPattern("Queries completed: +30000 \\(100.00%\\)")
                    .containsPattern("Queries lost: +0 ")
                    .contains("NOERROR 18000 (60.00%), NXDOMAIN 12000 (40.00%)");
            assertThat(rig.guest.names.counters().received()).isEqualTo(30_000);
            rig.assertNothingDropped();
        }
    }
}
