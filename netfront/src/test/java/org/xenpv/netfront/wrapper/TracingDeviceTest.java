package org.xenpv.netfront.wrapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.NetPacket;

class TracingDeviceTest {

    private final MemoryDevice below = new MemoryDevice(2);
    private final Frames above = new Frames();
    private long nowNs = 1000;
    private final TracingDevice device = new TracingDevice(below, () -> nowNs++, 3);

    {
        device.receiver(above);
    }

    @AfterEach
    void close() {
        below.close();
    }

    @Test
    void shouldCountEverythingThatGoesThrough() {
        assertThat(Frames.send(device, Frames.numbered(1, 60))).isTrue();
        below.carrier = false;
        assertThat(Frames.send(device, Frames.numbered(2, 70))).isFalse();
        device.release(device.acquire(100));
        NetPacket one = device.acquire(14);
        NetPacket other = device.acquire(14);
        assertThat(device.acquire(14)).isNull();
        device.release(one);
        device.release(other);
        device.flush();
        below.deliver(Frames.numbered(3, 80));
        below.deliver(Frames.numbered(4, 90));
        below.above().receivedAll();
        below.above().linkChanged();
        below.above().writable();
        assertThat(device.stats()).isEqualTo(new TraceStats(1, 60, 1, 5, 1, 3, 1, 2, 170, 1, 1));
        assertThat(above.numbers()).containsExactly(3, 4);
        assertThat(above.batches + above.linkChanges + above.writable).isEqualTo(3);
        assertThat(below.flushes).isEqualTo(1);
    }

    @Test
    void shouldRememberTheLastPackets() {
        below.deliver(Frames.numbered(9, 60)); // forgotten
        below.deliver(Frames.numbered(1, 60), packet -> {
            packet.dataValidated(true);
            packet.hash(Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ, 1, 0x0badcafe);
        });
        Frames.send(device, Frames.numbered(2, 65000), packet -> {
            packet.csumBlank(true);
            packet.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV6, 65535);
        });
        below.carrier = false;
        Frames.send(device, Frames.numbered(3, 14), packet -> packet.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, 1448));
        assertThat(device.trace())
                .containsExactly(
                        "1001 ns <- 60 bytes 02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff 0x88b5 data-validated hash=0x0badcafe",
                        "1002 ns -> 65000 bytes 02:00:00:00:00:02 > ff:ff:ff:ff:ff:ff 0x88b5 csum-blank gso=tcpv6/65535",
                        "1003 ns -x 14 bytes 02:00:00:00:00:03 > ff:ff:ff:ff:ff:ff 0x88b5 gso=tcpv4/1448");
    }

    @Test
    void shouldTellWhatWasRejected_andLeaveItToTheCaller() {
        NetPacket tooLong = device.acquire(2000);
        assertThatThrownBy(() -> device.send(tooLong)).isInstanceOf(IllegalArgumentException.class);
        assertThat(device.trace()).hasSize(1).first().asString().startsWith("1000 ns -! 2000 bytes");
        assertThat(below.outstanding()).isEqualTo(1);
        device.release(tooLong);
        assertThat(device.stats().sentPackets() + device.stats().refusedPackets())
                .isZero();
    }

    @Test
    void shouldKeepTheOrder_whenSendingBringsAPacketIn() {
        below.whileSending = () -> {
            below.whileSending = () -> {};
            below.deliver(Frames.numbered(2, 60));
        };
        Frames.send(device, Frames.numbered(1, 60));
        assertThat(device.trace()).hasSize(2);
        assertThat(device.trace().get(0)).contains("->").contains("00:01 >");
        assertThat(device.trace().get(1)).contains("<-").contains("00:02 >");
    }

    @Test
    void shouldOnlyCount_whenToldToRememberNothing() {
        TracingDevice counting = new TracingDevice(below, () -> 0, 0);
        Frames.send(counting, Frames.numbered(1, 60));
        assertThat(counting.trace()).isEmpty();
        assertThat(counting.stats().sentPackets()).isEqualTo(1);
        assertThatThrownBy(() -> new TracingDevice(below, () -> 0, -1)).hasMessageContaining("entriesMax=-1");
        assertThatThrownBy(() -> new TracingDevice(null, () -> 0, 1)).hasMessageContaining("below=null");
    }

    @Test
    void shouldDropWhatComesIn_whenNobodyReceives() {
        device.receiver(null);
        assertThat(below.above()).isNull();
    }
}
