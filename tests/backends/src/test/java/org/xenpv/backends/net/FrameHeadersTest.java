package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Where headers are found, and where none are. */
class FrameHeadersTest {

    private static FrameHeaders parse(byte[] bytes) {
        FrameHeaders headers = new FrameHeaders();
        headers.parse(Frames.frame(bytes));
        return headers;
    }

    private static byte[] insert(byte[] frame, int at, byte... inserted) {
        byte[] longer = new byte[frame.length + inserted.length];
        System.arraycopy(frame, 0, longer, 0, at);
        System.arraycopy(inserted, 0, longer, at, inserted.length);
        System.arraycopy(frame, at, longer, at + inserted.length, frame.length - at);
        return longer;
    }

    @Test
    void shouldFindTcpAndUdp() {
        FrameHeaders tcp = parse(Frames.tcp(false, 100, 0, false, 1));
        assertThat(tcp.version()).isEqualTo(4);
        assertThat(tcp.isTcp()).isTrue();
        assertThat(tcp.network()).isEqualTo(14);
        assertThat(tcp.transport()).isEqualTo(34);
        assertThat(tcp.payload()).isEqualTo(66);
        assertThat(tcp.checksum()).isEqualTo(50);
        assertThat(tcp.end()).isEqualTo(166);
        FrameHeaders udp = parse(Frames.udp(true, 100, false, 1));
        assertThat(udp.version()).isEqualTo(6);
        assertThat(udp.isTcp()).isFalse();
        assertThat(udp.hasTransport()).isTrue();
        assertThat(udp.transport()).isEqualTo(54);
        assertThat(udp.payload()).isEqualTo(62);
        assertThat(udp.checksum()).isEqualTo(60);
    }

    @Test
    void shouldSkipVlanTags_andNotMoreThanTwo() {
        byte[] frame = Frames.tcp(false, 10, 0, false, 1);
        byte[] tagged = insert(frame, 12, (byte) 0x81, (byte) 0, (byte) 0, (byte) 5);
        assertThat(parse(tagged).transport()).isEqualTo(38);
        byte[] twice = insert(tagged, 12, (byte) 0x88, (byte) 0xa8, (byte) 0, (byte) 6);
        assertThat(parse(twice).transport()).isEqualTo(42);
        byte[] thrice = insert(twice, 12, (byte) 0x88, (byte) 0xa8, (byte) 0, (byte) 7);
        assertThat(parse(thrice).version()).isZero();
    }

    @Test
    void shouldSkipOptionsAndExtensionHeaders() {
        byte[] v4 = insert(Frames.tcp(false, 10, 0, false, 1), 34, new byte[8]);
        v4[14] = 0x47;
        Frames.put(v4, 16, 2, v4.length - 14);
        assertThat(parse(v4).transport()).isEqualTo(42);
        byte[] options = new byte[16];
        options[0] = 6;
        options[1] = 1;
        byte[] v6 = insert(Frames.tcp(true, 10, 0, false, 1), 54, options);
        v6[20] = 60;
        Frames.put(v6, 18, 2, v6.length - 54);
        assertThat(parse(v6).transport()).isEqualTo(70);
        assertThat(parse(v6).protocol()).isEqualTo(6);
    }

    @Test
    void shouldFindNoTransport_inFragments() {
        byte[] v4 = Frames.tcp(false, 100, 0, false, 1);
        v4[21] = 1; // an offset
        assertThat(parse(v4).hasTransport()).isFalse();
        assertThat(parse(v4).isFragment()).isTrue();
        assertThat(parse(v4).version()).isEqualTo(4);
        byte[] header = {6, 0, 0, 1, 0, 0, 0, 9};
        byte[] v6 = insert(Frames.tcp(true, 100, 0, false, 1), 54, header);
        v6[20] = 44;
        Frames.put(v6, 18, 2, v6.length - 54);
        assertThat(parse(v6).isFragment()).isTrue();
        assertThat(parse(v6).hasTransport()).isFalse();
        v6[57] = 0; // the only fragment there is
        assertThat(parse(v6).isFragment()).isFalse();
        assertThat(parse(v6).transport()).isEqualTo(62);
    }

    /** Whatever is cut off or changed, what is found lies within the frame. */
    @Property(tries = 2000)
    void shouldStayWithinTheFrame(@ForAll long seed, @ForAll @IntRange(max = 150) int length) {
        Random random = new Random(seed);
        byte[] bytes = random.nextBoolean()
                ? Frames.tcp(random.nextBoolean(), 80, 0, false, seed)
                : Frames.udp(random.nextBoolean(), 80, false, seed);
        for (int i = random.nextInt(4); i > 0; i--) {
            bytes[12 + random.nextInt(60)] = (byte) random.nextInt();
        }
        bytes = Arrays.copyOf(bytes, Math.min(length, bytes.length));
        FrameHeaders headers = parse(bytes);
        assertThat(headers.end()).isBetween(0, bytes.length);
        if (headers.version() != 0) {
            assertThat(headers.network() + (headers.version() == 4 ? 20 : 40)).isLessThanOrEqualTo(bytes.length);
        }
        if (headers.hasTransport()) {
            assertThat(headers.payload()).isLessThanOrEqualTo(headers.end());
            assertThat(headers.checksum() + 2).isLessThanOrEqualTo(headers.end());
        }
    }
}
