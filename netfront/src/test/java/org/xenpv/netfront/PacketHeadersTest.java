package org.xenpv.netfront;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.xenpv.memory.ChronicleMemory;

class PacketHeadersTest {

    private static final String ETHERNET = "ffffffffffff00163e000001";
    private static final String UDP = "0035d431000c0000";
    private static final String TCP = "0050d43100000001000000026010ffff00000000" + "01020304";

    private final PacketHeaders headers = new PacketHeaders();

    private boolean parse(String hex) {
        return parse(HexFormat.of().parseHex(hex));
    }

    private boolean parse(byte[] bytes) {
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(1)) {
            NetPacket packet = new NetPacket(memory, 1);
            packet.add(0, bytes.length);
            packet.copyIn(0, bytes, 0, bytes.length);
            return headers.parse(packet);
        }
    }

    private static String ipv4(int protocol, String flagsAndOffset) {
        return "0800" + "450000300000" + flagsAndOffset + "40" + String.format("%02x", protocol) + "0000" + "0a000001"
                + "0a000002";
    }

    private static String ipv6(int next) {
        return "86dd" + "6000000000ff" + String.format("%02x", next) + "40" + "20010db8000000000000000000000001"
                + "20010db8000000000000000000000002";
    }

    @Test
    void shouldFindUdpOverIpv4() {
        assertThat(parse(ETHERNET + ipv4(17, "0000") + UDP + "00000000")).isTrue();
        assertThat(headers.ipVersion()).isEqualTo(4);
        assertThat(headers.ipAt()).isEqualTo(14);
        assertThat(headers.protocol()).isEqualTo(17);
        assertThat(headers.transportAt()).isEqualTo(34);
        assertThat(headers.payloadAt()).isEqualTo(42);
        assertThat(headers.checksumAt()).isEqualTo(40);
    }

    @Test
    void shouldFindTcpBehindVlanTagsAndOptions() {
        String withOptions = ipv4(6, "4000").replaceFirst("45", "46");
        assertThat(parse(ETHERNET + "88a80064" + "81000065" + withOptions + "01010101" + TCP))
                .isTrue();
        assertThat(headers.ipAt()).isEqualTo(22);
        assertThat(headers.transportAt()).isEqualTo(46);
        assertThat(headers.payloadAt()).isEqualTo(46 + 24);
        assertThat(headers.checksumAt()).isEqualTo(62);
    }

    @Test
    void shouldFindTcpBehindExtensionHeaders() {
        assertThat(parse(ETHERNET + ipv6(0) + "2b00000000000000" + "0601000000000000" + "0000000000000000" + TCP))
                .isTrue();
        assertThat(headers.ipVersion()).isEqualTo(6);
        assertThat(headers.protocol()).isEqualTo(6);
        assertThat(headers.transportAt()).isEqualTo(14 + 40 + 8 + 16);
    }

    @Test
    void shouldSeeNoTransport_inFragments() {
        assertThat(parse(ETHERNET + ipv4(17, "2000") + UDP + "00000000")).isTrue();
        assertThat(headers.hasTransport()).isFalse();
        assertThat(parse(ETHERNET + ipv4(17, "0001") + UDP + "00000000")).isTrue();
        assertThat(headers.hasTransport()).isFalse();
        assertThat(parse(ETHERNET + ipv6(44) + "1100000100000000" + UDP)).isTrue();
        assertThat(headers.hasTransport()).isFalse();
    }

    @Test
    void shouldSayNo_toWhatIsNotIpOrEndsWithinItsHeader() {
        assertThat(parse(ETHERNET + "0806" + "0001080006040001")).isFalse();
        assertThat(parse(ETHERNET + ipv4(17, "0000").replaceFirst("45", "55") + UDP))
                .isFalse();
        assertThat(parse(ETHERNET + ipv4(17, "0000").replaceFirst("45", "44") + UDP))
                .isFalse();
        assertThat(parse(ETHERNET + "0800" + "45")).isFalse();
        byte[] whole = HexFormat.of().parseHex(ETHERNET + ipv4(6, "0000") + TCP);
        for (int length = 0; length < 34; length++) {
            assertThat(parse(Arrays.copyOf(whole, Math.max(1, length)))).isFalse();
        }
        for (int length = 34; length < 58; length++) {
            assertThat(parse(Arrays.copyOf(whole, length))).isTrue();
            assertThat(headers.hasTransport()).isFalse();
        }
    }

    /** What a header says of its own length, or of what follows, may lie past the end. */
    @Test
    void shouldSeeNothing_whereAHeaderReachesPastTheEnd() {
        assertThat(parse(ETHERNET + ipv4(17, "0000").replaceFirst("45", "4f") + UDP))
                .isFalse();
        byte[] udp = HexFormat.of().parseHex(ETHERNET + ipv4(17, "0000") + UDP);
        for (int length = 34; length < 42; length++) {
            assertThat(parse(Arrays.copyOf(udp, length))).isTrue();
            assertThat(headers.hasTransport()).as("%d bytes", length).isFalse();
        }
        byte[] v6 = HexFormat.of().parseHex(ETHERNET + ipv6(17) + UDP);
        for (int length = 14; length < 54; length++) {
            assertThat(parse(Arrays.copyOf(v6, length))).as("%d bytes", length).isFalse();
        }
        assertThat(parse(ETHERNET + ipv6(0) + "1101000000000000")).isFalse(); // one of 16 bytes, 8 of them there
        assertThat(parse(ETHERNET + ipv6(0) + "1100")).isFalse();
        byte[] tcp = HexFormat.of().parseHex(ETHERNET + ipv4(6, "0000") + TCP);
        for (int words = 0; words < 5; words++) {
            tcp[34 + 12] = (byte) (words << 4);
            assertThat(parse(tcp)).isTrue();
            assertThat(headers.hasTransport()).as("%d words", words).isFalse();
        }
    }

    @Property(tries = 2000)
    void shouldNeverLookOutsideThePacket(@ForAll @Size(max = 120) byte[] bytes, @ForAll @IntRange(max = 3) int kind) {
        byte[] packet = Arrays.copyOf(bytes, Math.max(1, bytes.length));
        if (packet.length > 24 && kind > 0) {
            packet[12] = (byte) (kind == 1 ? 0x08 : 0x86);
            packet[13] = (byte) (kind == 1 ? 0x00 : 0xdd);
            packet[14] = (byte) (kind == 1 ? 0x45 : 0x60);
            packet[20] = kind == 3 ? 0 : packet[20];
        }
        if (parse(packet) && headers.hasTransport()) {
            assertThat(headers.checksumAt() + 2).isLessThanOrEqualTo(packet.length);
            assertThat(headers.payloadAt()).isLessThanOrEqualTo(packet.length);
        }
    }
}
