package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.memory.ChronicleMemory;

/** The checksum against a slow one, published numbers and literal packets. */
class InternetChecksumTest {

    private static byte[] hex(String text) {
        String digits = text.replace(" ", "");
        byte[] bytes = new byte[digits.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(digits.substring(i * 2, i * 2 + 2), 16);
        }
        return bytes;
    }

    private static int sum(byte[] bytes, int at, int length) {
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(17)) {
            memory.copyIn(at, bytes, 0, length);
            return InternetChecksum.sum(memory, at, length);
        }
    }

    @Test
    void shouldSumUpTheExampleOfRfc1071() {
        byte[] example = hex("00 01 f2 03 f4 f5 f6 f7");
        assertThat(sum(example, 0, 8)).isEqualTo(0xddf2);
        assertThat(sum(example, 3, 8)).isEqualTo(0xddf2);
        assertThat(sum(example, 0, 0)).isZero();
        assertThat(sum(example, 1, 1)).isZero();
        assertThat(sum(hex("ab"), 1, 1)).isEqualTo(0xab00);
        assertThat(sum(hex("ab"), 2, 1)).isEqualTo(0xab00);
    }

    @Test
    void shouldSumUpALiteralIpv4Header() {
        // the header that Wikipedia's article on the IPv4 header checksum computes by hand
        byte[] header = hex("45 00 00 73 00 00 40 00 40 11 b8 61 c0 a8 00 01 c0 a8 00 c7");
        assertThat(sum(header, 10, 20)).isEqualTo(0xffff);
        Arrays.fill(header, 10, 12, (byte) 0);
        assertThat(~sum(header, 10, 20) & 0xffff).isEqualTo(0xb861);
    }

    @Property(tries = 500)
    void shouldAgreeWithASlowOne(
            @ForAll long seed, @ForAll @IntRange(max = 20) int at, @ForAll @IntRange(max = 66_000) int length) {
        byte[] bytes = Frames.noise(length, seed);
        if ((seed & 3) == 0) {
            Arrays.fill(bytes, (byte) 0xff); // carries everywhere
        }
        int slow = ~Frames.checksum(bytes, 0, length, 0) & 0xffff;
        int fast = sum(bytes, at, length);
        assertThat(fast % 0xffff).isEqualTo(slow % 0xffff);
        assertThat(fast == 0).as("zero only of zeroes").isEqualTo(slow == 0);
    }

    @ParameterizedTest
    @CsvSource({
        "false, true, 0",
        "false, true, 1",
        "false, true, 1459",
        "true, true, 0",
        "true, true, 2001",
        "false, false, 0",
        "false, false, 777",
        "true, false, 0",
        "true, false, 1452"
    })
    void shouldBlankAndFillWhatWasRight(boolean v6, boolean tcp, int payload) {
        byte[] right = tcp ? Frames.tcp(v6, payload, 0x18, false, 3) : Frames.udp(v6, payload, false, 3);
        byte[] blank = tcp ? Frames.tcp(v6, payload, 0x18, true, 3) : Frames.udp(v6, payload, true, 3);
        byte[] padded = Arrays.copyOf(right, right.length + 5);
        Arrays.fill(padded, right.length, padded.length, (byte) 0x77);
        NetFrame frame = Frames.frame(padded);
        FrameHeaders headers = new FrameHeaders();
        headers.parse(frame);
        assertThat(headers.hasTransport()).isTrue();
        InternetChecksum.blank(frame, headers);
        assertThat(frame.csumBlank()).isTrue();
        assertThat(Arrays.copyOf(frame.toBytes(), blank.length)).isEqualTo(blank);
        InternetChecksum.fill(frame, headers);
        assertThat(frame.toBytes()).isEqualTo(padded);
        assertThat(frame.csumBlank()).isFalse();
        assertThat(frame.dataValidated()).isTrue();
    }

    @Test
    void shouldWriteOnes_whereAUdpChecksumWouldBeZero() {
        for (int last = 0; last < 0x10000; last++) {
            byte[] blank = Frames.udp(false, 2, true, 1);
            Frames.put(blank, blank.length - 2, 2, last);
            int pseudo = Frames.get(blank, 40, 2);
            byte[] zeroed = blank.clone();
            Frames.put(zeroed, 40, 2, 0);
            if (Frames.checksum(zeroed, 34, 10, pseudo) == 0) {
                NetFrame frame = Frames.frame(blank);
                FrameHeaders headers = new FrameHeaders();
                headers.parse(frame);
                InternetChecksum.fill(frame, headers);
                assertThat(frame.u16(40)).isEqualTo(0xffff);
                return;
            }
        }
        throw new AssertionError("no payload has the checksum 0");
    }
}
