package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.netfront.NetPacket;

/** What {@link Layer} promises, of every one there is. */
class LayerContractTest {

    private static final int OTHER = Ipv4Address.parse("192.0.2.2");

    private final Cable cable = new Cable();
    private final Host host = new Host(cable.left(), "192.0.2.1/24");
    private final ChronicleMemory memory = ChronicleMemory.allocatePages(64);

    /** A layer in a host, and how it sends. */
    private interface Sender {
        boolean send(NetPacket packet);
    }

    enum Kind {
        ETHERNET(test -> test.host.stack.ethernet()),
        ARP(test -> test.host.stack.arp()),
        IPV4(test -> test.host.stack.ipv4()),
        UDP(test -> test.host.stack.udp()),
        TUNNEL(test -> new IpInIp<>(test.host.stack.ipv4(), OTHER)),
        TUNNELLED_IPV4(test -> new Ipv4<>(
                new IpInIp<>(test.host.stack.ipv4(), OTHER),
                Ipv4Home.parse("10.0.0.1/30", ""),
                test.host.alarms,
                Ipv4Buffers.of(test.memory)));

        private final Function<LayerContractTest, Layer> layer;

        Kind(Function<LayerContractTest, Layer> layer) {
            this.layer = layer;
        }
    }

    private static Sender sender(Kind kind, Layer layer) {
        int destination = kind == Kind.TUNNELLED_IPV4 ? Ipv4Address.parse("10.0.0.2") : OTHER;
        if (layer instanceof EthernetLayer ethernet) {
            return packet -> ethernet.send(packet, 0x00163e000002L, 0x88b5);
        } else if (layer instanceof Ipv4Link link) {
            return packet -> link.send(packet, OTHER);
        } else if (layer instanceof Ipv4Layer ipv4) {
            return packet -> ipv4.send(packet, destination, 253);
        }
        return packet -> ((UdpLayer) layer).send(packet, 1, OTHER, 2);
    }

    @AfterEach
    void close() {
        host.close();
        memory.close();
        cable.close();
    }

    @ParameterizedTest
    @EnumSource
    void shouldGiveExactlyTheBytesAskedFor_whichCanBeSent(Kind kind) {
        Layer layer = kind.layer.apply(this);
        host.device.receive(
                Bytes.toLeft(0x0806, Bytes.of("0001 0800 06 04 0001 00163e000002 c0000202 000000000000 c0000201")));
        cable.carry();
        for (int bytes : new int[] {0, 1, 33, Math.min(layer.payloadBytesMax(), 2000)}) {
            NetPacket packet = layer.acquire(bytes);
            assertThat(packet.length()).isEqualTo(bytes);
            packet.copyIn(0, Bytes.counting(bytes), 0, bytes);
            int before = host.device.queued();
            assertThat(sender(kind, layer).send(packet)).isTrue();
            assertThat(host.device.queued()).isGreaterThan(before);
            layer.flush();
            cable.carry();
            assertThat(host.device.freePackets()).isEqualTo(96);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldRefuseLengthsOutsideItsLimits(Kind kind) {
        Layer layer = kind.layer.apply(this);
        int most = layer.payloadBytesMax();
        assertThatThrownBy(() -> layer.acquire(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("payloadBytes=-1");
        assertThatThrownBy(() -> layer.acquire(most + 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("payloadBytes=" + (most + 1))
                .hasMessageContaining("" + most);
        layer.release(layer.acquire(most));
    }

    @ParameterizedTest
    @EnumSource
    void shouldSayThatThereIsNoRoomAndWhenThereIsAgain(Kind kind) {
        Layer layer = kind.layer.apply(this);
        List<String> told = new ArrayList<>();
        layer.whenWritable(() -> told.add("writable"));
        Deque<NetPacket> all = new ArrayDeque<>();
        for (NetPacket packet = layer.acquire(1); packet != null; packet = layer.acquire(1)) {
            all.add(packet);
        }
        assertThat(all).hasSize(96);
        assertThat(told).isEmpty();
        all.forEach(layer::release);
        assertThat(told).containsExactly("writable");
        assertThat(host.device.freePackets()).isEqualTo(96);
    }

    @ParameterizedTest
    @EnumSource
    void shouldHaveNoRoom_whenTheDeviceHasNotConnectedYet(Kind kind) {
        host.device.change(1500, false, false);
        host.device.unconnected();
        Layer layer = kind.layer.apply(this);
        assertThat(layer.acquire(1)).isNull();
        host.stack.arp().announce();
        host.device.change(1500, false, true);
        assertThat(host.device.queued()).as("announced when the link came up").isEqualTo(1);
        layer.release(layer.acquire(1));
    }
}
