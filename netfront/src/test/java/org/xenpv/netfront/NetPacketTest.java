package org.xenpv.netfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.xenpv.io.netif.Netif;
import org.xenpv.memory.ChronicleMemory;

class NetPacketTest {

    /** A packet of pieces of these lengths, one a page, none at its page's start; byte n of the packet is n. */
    private static NetPacket numbered(ChronicleMemory memory, List<Integer> lengths) {
        NetPacket packet = new NetPacket(memory, lengths.size());
        byte next = 0;
        for (int i = 0; i < lengths.size(); i++) {
            int at = i * 4096 + 7;
            packet.add(at, lengths.get(i));
            for (int b = 0; b < lengths.get(i); b++) {
                memory.putByte(at + b, next++);
            }
        }
        return packet;
    }

    private static byte[] numbers(int from, int to) {
        byte[] bytes = new byte[to - from];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (from + i);
        }
        return bytes;
    }

    @Property(tries = 200)
    void shouldBeOneRowOfBytesHoweverItIsCut(
            @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 1, max = 90) Integer> lengths,
            @ForAll @IntRange(max = 600) int from,
            @ForAll @IntRange(max = 600) int bytes) {
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(12)) {
            NetPacket packet = numbered(memory, lengths);
            int total = lengths.stream().mapToInt(i -> i).sum();
            assertThat(packet.toBytes()).isEqualTo(numbers(0, total));
            int start = from % total;
            int count = bytes % (total - start + 1);
            byte[] part = new byte[count + 2];
            packet.copyOut(start, part, 1, count);
            assertThat(Arrays.copyOfRange(part, 1, count + 1)).isEqualTo(numbers(start, start + count));
            if (start + 4 <= total) {
                byte[] four = numbers(start, start + 4);
                assertThat(packet.getInt(start))
                        .isEqualTo((four[0] & 0xff) << 24
                                | (four[1] & 0xff) << 16
                                | (four[2] & 0xff) << 8
                                | four[3] & 0xff);
                packet.putInt(start, 0x01020304);
                assertThat(packet.getU16(start)).isEqualTo(0x0102);
                assertThat(packet.getU16(start + 2)).isEqualTo(0x0304);
            }
            packet.copyIn(start, new byte[count], 0, count);
            byte[] expected = numbers(0, total);
            if (start + 4 <= total) {
                System.arraycopy(new byte[] {1, 2, 3, 4}, 0, expected, start, 4);
            }
            Arrays.fill(expected, start, start + count, (byte) 0);
            assertThat(packet.toBytes()).isEqualTo(expected);
            packet.truncate(start);
            assertThat(packet.toBytes()).isEqualTo(Arrays.copyOf(expected, start));
        }
    }

    @Test
    void shouldLeaveHeadersOutAndTakeThemInAgain() {
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(2)) {
            NetPacket packet = numbered(memory, List.of(20, 5));
            packet.pull(14);
            assertThat(packet.toBytes()).isEqualTo(numbers(14, 25));
            assertThat(packet.headroom()).isEqualTo(14);
            packet.push(4);
            assertThat(packet.toBytes()).isEqualTo(numbers(10, 25));
            assertThatThrownBy(() -> packet.push(11))
                    .hasMessageContaining("bytes=11")
                    .hasMessageContaining("10");
            assertThatThrownBy(() -> packet.pull(11))
                    .hasMessageContaining("bytes=11")
                    .hasMessageContaining("10");
        }
    }

    /** Whoever says so: behind the start of the page nothing of it can be taken in. */
    @Test
    void shouldRefuseHeadroomThatDoesNotLieWithinThePage() {
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(2)) {
            NetPacket packet = new NetPacket(memory, 1);
            packet.add(4096 + 256, 60);
            packet.headroom(256);
            packet.push(256);
            assertThat(packet.fragmentAt(0)).isEqualTo(4096);
            packet.pull(256);
            for (int bytes : new int[] {-1, 257, 4000}) {
                assertThatThrownBy(() -> packet.headroom(bytes))
                        .hasMessageContaining("headroom=" + bytes)
                        .hasMessageContaining("256");
            }
            packet.clear();
            assertThatThrownBy(() -> packet.headroom(1)).hasMessageContaining("0 to 0");
        }
    }

    @Test
    void shouldCopyBytesAndWhatTravelsWithThem_whenTheOtherIsCutOtherwise() {
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(6)) {
            NetPacket from = numbered(memory, List.of(30, 1, 40));
            from.csumBlank(true);
            from.dataValidated(true);
            from.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV6, 1440);
            from.hash(Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ, 1, 0x12345678);
            NetPacket to = new NetPacket(memory, 2);
            to.add(4 * 4096, 60);
            to.add(5 * 4096, 60);
            from.copyTo(to);
            assertThat(to.toBytes()).isEqualTo(numbers(0, 71));
            assertThat(to.csumBlank() && to.dataValidated()).isTrue();
            assertThat(to.gsoType()).isEqualTo(Netif.XEN_NETIF_GSO_TYPE_TCPV6);
            assertThat(to.gsoSize()).isEqualTo(1440);
            assertThat(to.hashValue()).isEqualTo(0x12345678);
            to.clearExtras();
            assertThat(to.toBytes()).isEqualTo(numbers(0, 71));
            assertThat(to.csumBlank() || to.dataValidated()).isFalse();
            assertThat(to.gsoType() | to.gsoSize() | to.hashAlgorithm() | to.hashType() | to.hashValue())
                    .isZero();
            from.copyTo(to);
            to.clear();
            assertThat(to.length()).isZero();
            assertThat(to.csumBlank() || to.dataValidated()).isFalse();
            assertThat(to.gsoType() | to.gsoSize() | to.hashAlgorithm() | to.hashType() | to.hashValue())
                    .isZero();
            assertThatThrownBy(() -> from.copyTo(to)).hasMessageContaining("71").hasMessageContaining("0 bytes");
        }
    }

    @Test
    void shouldRefuseWhatLiesOutside() {
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(2)) {
            NetPacket packet = numbered(memory, List.of(3, 3));
            assertThatThrownBy(() -> packet.getU8(6)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> packet.getU8(-1)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> packet.getInt(3)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> packet.copyOut(4, new byte[9], 0, 3))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> packet.add(0, 1)).hasMessageContaining("fragments=2");
            assertThatThrownBy(() -> packet.truncate(7)).hasMessageContaining("bytes=7");
            assertThatThrownBy(() -> packet.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, 0))
                    .hasMessageContaining("size=0");
            assertThatThrownBy(() -> packet.gso(Netif.XEN_NETIF_GSO_TYPE_NONE, 5))
                    .hasMessageContaining("size=5");
            assertThatThrownBy(() -> packet.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, 0x10000))
                    .hasMessageContaining("size=65536");
            assertThatThrownBy(() -> packet.gso(3, 1)).hasMessageContaining("type=3");
            assertThatThrownBy(() -> new NetPacket(memory, 0)).hasMessageContaining("fragmentsMax=0");
            assertThatThrownBy(() -> new NetPacket(memory, 1).add(2 * 4096 - 2, 3))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }
}
