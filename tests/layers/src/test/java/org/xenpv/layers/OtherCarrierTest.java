package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.netfront.NetPacket;

/** The same UDP over another carrier of IPv4: a tunnel through the first. Only type arguments differ. */
class OtherCarrierTest {

    /** A host with a stack inside its stack. */
    private static final class Tunnelled implements AutoCloseable {
        final Host host;
        final Ipv4Home home;
        private final ChronicleMemory memory = ChronicleMemory.allocatePages(64);
        final Ipv4<IpInIp<Ipv4<Arp<Ethernet<CableDevice>>>>> ipv4;
        final IcmpEcho<Ipv4<IpInIp<Ipv4<Arp<Ethernet<CableDevice>>>>>> icmp;
        final Udp<Ipv4<IpInIp<Ipv4<Arp<Ethernet<CableDevice>>>>>> udp;

        Tunnelled(CableDevice device, String outer, String otherEnd, String inner) {
            host = new Host(device, outer);
            home = Ipv4Home.parse(inner, "");
            ipv4 = new Ipv4<>(
                    new IpInIp<>(host.stack.ipv4(), Ipv4Address.parse(otherEnd)),
                    home,
                    host.alarms,
                    Ipv4Buffers.of(memory));
            icmp = new IcmpEcho<>(ipv4);
            udp = new Udp<>(ipv4);
        }

        @Override
        public void close() {
            ipv4.close();
            host.close();
            memory.close();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 100, 1452, 1453, 8000, 65507})
    void shouldEchoThroughATunnel(int bytes) {
        try (Cable cable = new Cable().recording();
                Tunnelled left = new Tunnelled(cable.left(), "192.0.2.1/24", "192.0.2.2", "10.0.0.1/30");
                Tunnelled right = new Tunnelled(cable.right(), "192.0.2.2/24", "192.0.2.1", "10.0.0.2/30")) {
            cable.left().change(1500, true, true);
            new UdpEcho<>(left.udp, 7);
            List<byte[]> echoes = new ArrayList<>();
            right.udp.bind(5000, (source, port, packet) -> echoes.add(packet.toBytes()));
            NetPacket packet = right.udp.acquire(bytes);
            packet.copyIn(0, Bytes.counting(bytes), 0, bytes);
            assertThat(right.udp.send(packet, 5000, left.home.address(), 7)).isTrue();
            right.udp.flush();
            cable.carry();
            assertThat(echoes).hasSize(1);
            assertThat(echoes.get(0)).isEqualTo(Bytes.counting(bytes));
            assertThat(left.host.stack.ipv4().counters().dropped()).isZero();
            byte[] frame = cable.recorded().get(2);
            assertThat(frame[14 + 9]).as("outer protocol").isEqualTo((byte) 4);
            assertThat(frame[14 + 20 + 9]).as("inner protocol").isEqualTo((byte) 17);
        }
    }

    @Test
    void shouldServeBothStacksAtOnce() {
        try (Cable cable = new Cable();
                Tunnelled left = new Tunnelled(cable.left(), "192.0.2.1/24", "192.0.2.2", "10.0.0.1/30");
                Tunnelled right = new Tunnelled(cable.right(), "192.0.2.2/24", "192.0.2.1", "10.0.0.2/30")) {
            List<String> replies = new ArrayList<>();
            right.host.stack.icmp().onReply((source, id, sequence, data) -> replies.add(Ipv4Address.format(source)));
            right.icmp.onReply((source, id, sequence, data) -> replies.add(Ipv4Address.format(source)));
            right.icmp.request(right.icmp.acquire(56), left.home.address(), 1, 1);
            right.host.stack.icmp().request(right.host.stack.icmp().acquire(56), left.host.address(), 1, 1);
            right.host.stack.ipv4().flush();
            cable.carry();
            assertThat(replies).containsExactly("10.0.0.1", "192.0.2.1");
        }
    }
}
