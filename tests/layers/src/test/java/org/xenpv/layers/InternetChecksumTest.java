package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.netfront.NetPacket;

class InternetChecksumTest {

    private static int sum(String hex) {
        return sum(Bytes.of(hex));
    }

    private static int sum(byte[] bytes) {
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(1)) {
            NetPacket packet = new NetPacket(memory, 1);
            packet.add(3, bytes.length);
            packet.copyIn(0, bytes, 0, bytes.length);
            return InternetChecksum.sum(packet, 0, bytes.length);
        }
    }

    /** The example of RFC 1071, section 3. */
    @Test
    void shouldGiveTheSumOfTheRfc() {
        assertThat(sum("00 01 f2 03 f4 f5 f6 f7")).isEqualTo(0xddf2);
    }

    @Test
    void shouldKnowBothZeros() {
        assertThat(sum("0000 0000")).isZero();
        assertThat(sum("ffff")).isEqualTo(0xffff);
        assertThat(sum("ffff ffff ffff ffff ffff ffff ffff ffff ffff")).isEqualTo(0xffff);
        assertThat(sum("")).isZero();
        assertThat(sum("ab")).isEqualTo(0xab00);
    }

    /** An IPv4 header whose checksum b861 is known. */
    @Test
    void shouldVerifyAKnownHeader() {
        assertThat(sum("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7")).isEqualTo(0xffff);
        assertThat(sum("4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7")).isEqualTo(~0xb861 & 0xffff);
    }

    @Property
    void shouldBeTheSlowSum_whereverThePiecesLie(
            @ForAll @Size(min = 1, max = 6) List<@IntRange(max = 70) Integer> lengths,
            @ForAll @Size(6) List<@IntRange(max = 20) Integer> offsets,
            @ForAll @IntRange(max = 90) int from,
            @ForAll boolean full) {
        int total = lengths.stream().mapToInt(i -> i).sum();
        byte[] bytes = full
                ? "\u00ff".repeat(total).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1)
                : Bytes.counting(total);
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(6)) {
            NetPacket packet = new NetPacket(memory, 6);
            for (int i = 0; i < lengths.size(); i++) {
                packet.add(i * 4096 + offsets.get(i), lengths.get(i));
            }
            packet.copyIn(0, bytes, 0, total);
            int start = Math.min(from, total);
            byte[] part = java.util.Arrays.copyOfRange(bytes, start, total);
            assertThat(InternetChecksum.sum(packet, start, total - start)).isEqualTo(~Bytes.checksum(part) & 0xffff);
        }
    }

    @Test
    void shouldNotOverflow_whenADatagramIsAsLongAsCanBe() {
        byte[] bytes = new byte[65535];
        java.util.Arrays.fill(bytes, (byte) 0xfe);
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(17)) {
            NetPacket packet = new NetPacket(memory, 1);
            packet.add(1, bytes.length);
            packet.copyIn(0, bytes, 0, bytes.length);
            assertThat(InternetChecksum.sum(packet, 0, bytes.length)).isEqualTo(~Bytes.checksum(bytes) & 0xffff);
        }
    }

    /** A DNS query's pseudo header: 8.8.8.8 to 192.168.1.2, 40 bytes. */
    @Test
    void shouldAddThePseudoHeader() {
        assertThat(InternetChecksum.pseudoHeader(
                        Ipv4Address.parse("8.8.8.8"), Ipv4Address.parse("192.168.1.2"), 17, 40))
                .isEqualTo(~Bytes.checksum(Bytes.of("08080808 c0a80102 0011 0028")) & 0xffff);
    }
}
