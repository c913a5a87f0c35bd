package org.xenpv.scenarios.traffic;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.xenpv.layers.Ipv4Buffers;
import org.xenpv.layers.Ipv4Home;
import org.xenpv.layers.Ipv4Stack;
import org.xenpv.layers.LoopAlarms;
import org.xenpv.layers.UdpEcho;
import org.xenpv.layers.UdpLayer;
import org.xenpv.layers.dns.DnsServer;
import org.xenpv.layers.dns.DnsZones;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.netfront.Netfront;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.netfront.NetfrontDevice;
import org.xenpv.simulator.SimDomain;

/** A guest that answers: ping, UDP echo on port 7, names on port 53. Its stack stands on the driver itself and is used on its loop. */
final class GuestStation implements AutoCloseable {

    static final int ECHO_PORT = 7;

    private static final int DATAGRAMS = 32;
    private static final int ANSWERS_REMEMBERED = 4096;

    private final SimDomain domain;
    final Netfront net;
    private final ChronicleMemory memory =
            ChronicleMemory.allocatePages(DATAGRAMS * Ipv4Buffers.DATAGRAM_BYTES / ChronicleMemory.PAGE_BYTES);
    final Ipv4Stack<NetfrontDevice> stack;
    final UdpEcho<UdpLayer> echo;
    final DnsServer<UdpLayer> names;

    GuestStation(SimDomain domain, String nodename, NetfrontConfig config, String address, String zone) {
        this.domain = domain;
        net = Netfront.connect(domain.guest(), nodename, config);
        DnsZones zones = zones(zone);
        stack = domain.call(guest -> new Ipv4Stack<>(
                net.device(), Ipv4Home.parse(address, ""), new LoopAlarms(guest.loop()), Ipv4Buffers.of(memory)));
        echo = domain.call(guest -> new UdpEcho<>(stack.udp(), ECHO_PORT));
        names = domain.call(guest -> new DnsServer<>(stack.udp(), DnsServer.PORT, zones, ANSWERS_REMEMBERED));
    }

    private static DnsZones zones(String text) {
        try {
            return new DnsZones().add("example.test.", text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From now on nobody answers datagrams there. */
    void stopEcho() {
        domain.run(guest -> stack.udp().unbind(ECHO_PORT));
    }

    /** Packets that were dropped anywhere in the guest, in words; empty if none was. */
    String dropped() {
        return domain.call(guest -> {
            long layers = stack.ethernet().counters().dropped()
                    + stack.arp().counters().dropped()
                    + stack.ipv4().counters().dropped()
                    + stack.icmp().counters().dropped()
                    + stack.udp().counters().dropped()
                    + names.counters().dropped();
            boolean driver = !net.stats().drops().isEmpty() || net.stats().faults() > 0;
            return layers + echo.unanswered() == 0 && !driver
                    ? ""
                    : "guest: " + stack + "\nnames " + names.counters() + "\necho unanswered=" + echo.unanswered()
                            + "\nnetfront " + net.stats();
        });
    }

    @Override
    public void close() {
        domain.run(guest -> stack.close());
        net.close();
        memory.close();
    }
}
