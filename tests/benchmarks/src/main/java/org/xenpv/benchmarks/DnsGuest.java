package org.xenpv.benchmarks;

import java.io.IOException;
import java.util.Map;
import org.xenpv.backends.net.LearningSwitch;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.backends.net.NetbackService;
import org.xenpv.backends.net.linux.NetworkNamespace;
import org.xenpv.backends.net.linux.TapDevice;
import org.xenpv.backends.net.linux.TapPort;
import org.xenpv.layers.Ipv4Buffers;
import org.xenpv.layers.Ipv4Home;
import org.xenpv.layers.Ipv4Stack;
import org.xenpv.layers.LoopAlarms;
import org.xenpv.layers.dns.DnsServer;
import org.xenpv.layers.dns.DnsZones;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.netfront.Netfront;
import org.xenpv.netfront.NetfrontDevice;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/** A guest that is a name server, on a live host whose driver domain joins it to a namespace by a TAP device. */
final class DnsGuest implements AutoCloseable {

    static final int PORT = DnsServer.PORT;

    /** Where a server listens that looks every answer up. */
    static final int PORT_WITHOUT_MEMO = 54;

    private static final int DATAGRAMS = 4;

    private final SimulatedXen xen = SimulatedXen.live();
    private final ChronicleMemory memory =
            ChronicleMemory.allocatePages(DATAGRAMS * Ipv4Buffers.DATAGRAM_BYTES / ChronicleMemory.PAGE_BYTES);
    private final SimDomain driver = xen.createDomain(DomainConfig.named("nets").asDriverDomain());
    private final SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
    private final LearningSwitch fabric;
    private final TapPort tap;
    private final Netfront net;
    private final Ipv4Stack<NetfrontDevice> stack;

    /**
     * @param client gets the other end of the TAP device
     * @param clientHome its address there, and {@code home} ours, like 10.0.0.1/24
     * @param remembered answers that are remembered
     */
    DnsGuest(NetworkNamespace client, String clientHome, String home, String zone, int remembered) throws IOException {
        DnsZones zones = new DnsZones().add("example.test.", zone);
        fabric = driver.call(nets -> new LearningSwitch(nets.clock(), nets.mapper()));
        driver.start(nets -> {
            NetbackService started = new NetbackService(nets, fabric, NetbackConfig.DEFAULT);
            started.start();
            return started;
        });
        String nodename =
                xen.toolstack().attachNetwork(guest, driver, 0, Map.of()).nodename();
        net = Netfront.connect(guest.guest(), nodename);
        stack = guest.call(domain -> new Ipv4Stack<>(
                net.device(), Ipv4Home.parse(home, ""), new LoopAlarms(domain.loop()), Ipv4Buffers.of(memory)));
        guest.run(domain -> new DnsServer<>(stack.udp(), PORT, zones, remembered));
        guest.run(domain -> new DnsServer<>(stack.udp(), PORT_WITHOUT_MEMO, zones, 0));
        TapDevice device = TapDevice.open("xenpv%d", true);
        tap = driver.call(nets -> new TapPort(device, nets.loop(), nets.mapper()));
        client.adopt(device.name(), clientHome);
        driver.run(nets -> fabric.attach(tap));
    }

    @Override
    public void close() {
        try (xen) {
            guest.run(domain -> stack.close());
            net.close();
            driver.run(nets -> {
                fabric.detach(tap);
                tap.close();
            });
            driver.stopServices();
            driver.run(nets -> fabric.close());
            memory.close();
            xen.assertNoErrors();
            xen.assertNothingLeaked();
        }
    }
}
