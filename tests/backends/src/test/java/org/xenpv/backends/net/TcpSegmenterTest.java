package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.xenpv.io.netif.Netif;

/** Segments against what a slow segmenter makes of the same packet, and one by hand. */
class TcpSegmenterTest {

    private static final int SYN_FIN_PSH_ACK_CWR = 0x9b;

    private static List<byte[]> cut(byte[] bytes, boolean v6, int mss, boolean fill, int[] flushes) {
        NetFrame frame = Frames.frame(bytes);
        frame.csumBlank(true);
        frame.gso(v6 ? Netif.XEN_NETIF_GSO_TYPE_TCPV6 : Netif.XEN_NETIF_GSO_TYPE_TCPV4, mss);
        FrameHeaders headers = new FrameHeaders();
        headers.parse(frame);
        List<byte[]> segments = new ArrayList<>();
        try (GuestGrants guest = new GuestGrants(1);
                FrameArena arena = new FrameArena(guest.copyPages(18))) {
            boolean done = new TcpSegmenter().cut(frame, headers, fill, arena, new TcpSegmenter.Output() {
                @Override
                public void full() {
                    flushes[0]++;
                    arena.reset();
                }

                @Override
                public void segment(NetFrame segment) {
                    assertThat(segment.csumBlank()).isEqualTo(!fill);
                    assertThat(segment.gsoType()).isZero();
                    assertThat(segment.pages()).isNotNull();
                    segments.add(segment.toBytes());
                }
            });
            assertThat(done).isTrue();
            assertThat(segments).hasSize(TcpSegmenter.segments(frame, headers));
        }
        assertThat(frame.toBytes()).as("the frame stays as it is").isEqualTo(bytes);
        return segments;
    }

    @Test
    void shouldCutALiteralPacket() {
        byte[] frame = Frames.tcp(false, 7, 0x18, true, 1);
        Frames.put(frame, 38, 4, 0xfffffffeL); // the sequence number wraps
        List<byte[]> segments = cut(frame, false, 3, true, new int[1]);
        assertThat(segments).extracting(s -> s.length).containsExactly(69, 69, 67);
        assertThat(segments).extracting(s -> Frames.get(s, 16, 2)).containsExactly(55, 55, 53);
        assertThat(segments).extracting(s -> Frames.get(s, 18, 2)).containsExactly(0xfff0, 0xfff1, 0xfff2);
        assertThat(segments).extracting(s -> Frames.get(s, 38, 4)).containsExactly(-2, 1, 4);
        assertThat(segments).extracting(s -> (int) s[47]).containsExactly(0x10, 0x10, 0x18);
        assertThat(segments).allMatch(Frames::isChecksumRight);
        assertThat(segments).allMatch(s -> Frames.checksum(s, 14, 20, 0) == 0);
    }

    @Property(tries = 300)
    void shouldAgreeWithASlowOne(
            @ForAll boolean v6,
            @ForAll boolean fill,
            @ForAll long seed,
            @ForAll @IntRange(max = 20_000) int payload,
            @ForAll @IntRange(min = 1, max = 3000) int size) {
        int mss = Math.max(size, payload / TcpSegmenter.SEGMENTS_MAX + 1);
        byte[] bytes = Frames.tcp(v6, payload, SYN_FIN_PSH_ACK_CWR, true, seed);
        List<byte[]> segments = cut(bytes, v6, mss, fill, new int[1]);
        int headers = bytes.length - payload;
        byte[] joined = new byte[payload];
        int done = 0;
        for (int i = 0; i < segments.size(); i++) {
            byte[] segment = segments.get(i);
            boolean last = i == segments.size() - 1;
            int part = segment.length - headers;
            assertThat(part).isEqualTo(last ? payload - done : mss);
            System.arraycopy(segment, headers, joined, done, part);
            int tcp = headers - 32;
            assertThat(Frames.get(segment, tcp + 4, 4)).isEqualTo(Frames.get(bytes, tcp + 4, 4) + done);
            int flags = SYN_FIN_PSH_ACK_CWR & ~(last ? 0 : 9) & ~(i > 0 ? 0x80 : 0);
            assertThat(segment[tcp + 13] & 0xff).isEqualTo(flags);
            if (v6) {
                assertThat(Frames.get(segment, 18, 2)).isEqualTo(32 + part);
            } else {
                assertThat(Frames.get(segment, 16, 2)).isEqualTo(52 + part);
                assertThat(Frames.checksum(segment, 14, 20, 0)).isZero();
            }
            if (fill) {
                assertThat(Frames.isChecksumRight(segment)).isTrue();
            } else {
                assertThat(Frames.get(segment, tcp + 16, 2))
                        .isEqualTo(Frames.pseudoHeader(segment, 14, v6, 6, 32 + part));
            }
            done += part;
        }
        assertThat(joined).isEqualTo(Arrays.copyOfRange(bytes, headers, bytes.length));
    }

    @Test
    void shouldAskForRoom_whenTheSegmentsAreMoreThanItsMemoryHolds() {
        int[] flushes = new int[1];
        byte[] frame = Frames.tcp(true, 60_000, 0x10, true, 2);
        List<byte[]> segments = cut(frame, true, 200, true, flushes);
        assertThat(segments).hasSize(300).allMatch(Frames::isChecksumRight);
        assertThat(flushes[0]).isPositive();
    }

    @Test
    void shouldMakeOneSegment_ofAPacketWithoutPayload() {
        byte[] frame = Frames.tcp(false, 0, 0x11, true, 2);
        List<byte[]> segments = cut(frame, false, 100, true, new int[1]);
        assertThat(segments).hasSize(1);
        assertThat(segments.get(0)).isEqualTo(Frames.tcp(false, 0, 0x11, false, 2));
    }
}
