package org.xenpv.realxen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.net.LearningSwitch;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.backends.net.NetbackService;
import org.xenpv.backends.net.linux.NetworkNamespace;
import org.xenpv.backends.net.linux.TapDevice;
import org.xenpv.backends.net.linux.TapPort;
import org.xenpv.netfront.NetFeature;
import org.xenpv.netfront.Netfront;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.net.NetworkNamespaceExtension;

/** The kernel's TCP at both ends: of the guest's interface through the bridge, of the backend's switch through a TAP port. */
@Timeout(180)
@ExtendWith(NetworkNamespaceExtension.class)
class TapBridgeTest {

    private static final int BYTES = 8 << 20;
    private static final int PORT = 5001;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldCarryTcpBothWays(boolean offloads, NetworkNamespace host, NetworkNamespace guest) throws Exception {
        String reason = TapDevice.whyNot();
        assumeTrue(reason == null, "skipped: " + reason);
        NetfrontConfig config = offloads
                ? NetfrontConfig.DEFAULT
                : NetfrontConfig.DEFAULT.without(
                        NetFeature.GSO_V4, NetFeature.GSO_V6, NetFeature.CSUM_V4, NetFeature.CSUM_V6);
        try (SimulatedXen xen = SimulatedXen.live()) {
            SimDomain backend = xen.createDomain(DomainConfig.named("nets").asDriverDomain());
            LearningSwitch fabric = backend.call(domain -> new LearningSwitch(domain.clock(), domain.mapper()));
            backend.start(domain -> {
                NetbackService started = new NetbackService(domain, fabric, NetbackConfig.DEFAULT);
                started.start();
                return started;
            });
            TapDevice device = TapDevice.open("xenpv%d", true);
            TapPort port = backend.call(domain -> new TapPort(device, domain.loop(), domain.mapper()));
            backend.run(domain -> fabric.attach(port));
            host.adopt(device.name(), "10.99.0.1/24");
            SimDomain domU = xen.createDomain(DomainConfig.named("guest"));
            xen.toolstack().attachNetwork(domU, backend, 0, Map.of());
            TapBridge.Counts counts;
            try (Netfront net = Netfront.connect(domU.guest(), "device/vif/0", config)) {
                TapBridge bridge = domU.call(domain -> new TapBridge(net.device(), domain.loop(), "xenpvguest"));
                guest.adopt("xenpvguest", "10.99.0.2/24");
                guest.run(
                                "ip",
                                "link",
                                "set",
                                "xenpvguest",
                                "address",
                                net.mac().toString())
                        .orThrow();
                transfer(guest, host, "10.99.0.1");
                transfer(host, guest, "10.99.0.2");
                counts = domU.call(domain -> bridge.counts());
                domU.run(domain -> bridge.close());
            }
            if (offloads) {
                assertThat(counts.gsoOut()).as("segments left to the backend").isPositive();
                assertThat(counts.gsoIn()).as("segments left to us").isPositive();
                assertThat(counts.blankOut()).isGreaterThanOrEqualTo(counts.gsoOut());
                assertThat(counts.blankIn()).isGreaterThanOrEqualTo(counts.gsoIn());
            } else {
                assertThat(counts.gsoOut() + counts.gsoIn() + counts.blankOut() + counts.blankIn())
                        .as("left to the other end: " + counts)
                        .isZero();
            }
            backend.run(domain -> {
                fabric.detach(port);
                port.close();
                fabric.close();
            });
            backend.stopServices();
            xen.assertNoErrors();
            xen.assertNothingLeaked();
        }
    }

    private void transfer(NetworkNamespace from, NetworkNamespace to, String address) throws Exception {
        Path received = folder.resolve("received-" + address);
        Path sent = folder.resolve("sent-" + address);
        Process sink = to.start(received, java("sink", Integer.toString(PORT)));
        Process source = from.start(sent, java("source", address, Integer.toString(PORT), Integer.toString(BYTES)));
        assertThat(source.waitFor(60, TimeUnit.SECONDS))
                .as("sending to " + address)
                .isTrue();
        assertThat(sink.waitFor(60, TimeUnit.SECONDS))
                .as("receiving at " + address)
                .isTrue();
        assertThat(Files.readString(received)).hasSize(65).isEqualTo(Files.readString(sent));
    }

    private static String[] java(String... args) {
        String[] command = new String[5 + args.length];
        command[0] = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        command[1] = "-Xshare:auto";
        command[2] = "-cp";
        command[3] = System.getProperty("java.class.path");
        command[4] = TcpPeer.class.getName();
        System.arraycopy(args, 0, command, 5, args.length);
        return command;
    }
}
