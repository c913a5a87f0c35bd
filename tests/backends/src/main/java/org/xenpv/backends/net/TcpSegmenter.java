package org.xenpv.backends.net;

/**
 * Cuts a frame of TCP that is longer than a segment into frames of one segment each, as a network card does (GSO): the headers
 * are repeated, with length, IPv4 identification and checksum, sequence number and flags of each segment.
 *
 * <p>FIN and PSH stay with the last segment, CWR with the first.
 */
final class TcpSegmenter {

    /** Most segments of one frame: a guest that asks for segments of one byte gets none. */
    static final int SEGMENTS_MAX = 1024;

    private static final int FIN_PSH = 0x09;
    private static final int CWR = 0x80;

    private final NetFrame segment = new NetFrame();
    private final FrameHeaders segmentHeaders = new FrameHeaders();

    /** Takes each segment; it may reset the arena before it returns, once the segment has gone. */
    interface Output {

        /** Makes room in the arena. */
        void full();

        void segment(NetFrame segment);
    }

    /** How many segments a frame would make. */
    static int segments(NetFrame frame, FrameHeaders headers) {
        int payload = headers.end() - headers.payload();
        return Math.max(1, (payload + frame.gsoSize() - 1) / frame.gsoSize());
    }

    /**
     * @param frame has a whole TCP header, a segment size, at most {@link #SEGMENTS_MAX} segments; it stays as it is
     * @param fill whether the checksums are to be filled in, rather than left blank
     * @return false if a segment is too long for the arena
     */
    boolean cut(NetFrame frame, FrameHeaders headers, boolean fill, FrameArena arena, Output output) {
        int headerBytes = headers.payload();
        int payload = headers.end() - headerBytes;
        int number = 0;
        int done = 0;
        do {
            int bytes = Math.min(frame.gsoSize(), payload - done);
            int at = arena.take(headerBytes + bytes);
            if (at == FrameArena.FULL) {
                output.full();
                at = arena.take(headerBytes + bytes);
            }
            if (at == FrameArena.FULL) {
                return false;
            }
            segment.set(arena.pages(), at, headerBytes + bytes, FrameArena.HEADROOM);
            frame.memory().copyTo(frame.at(), segment.memory(), at, headerBytes);
            frame.memory().copyTo(frame.at() + headerBytes + done, segment.memory(), at + headerBytes, bytes);
            adapt(headers, number, done, bytes, done + bytes == payload);
            segmentHeaders.parse(segment);
            InternetChecksum.blank(segment, segmentHeaders);
            if (fill) {
                InternetChecksum.fill(segment, segmentHeaders);
            }
            output.segment(segment);
            done += bytes;
            number++;
        } while (done < payload);
        return true;
    }

    private void adapt(FrameHeaders headers, int number, int done, int bytes, boolean last) {
        int network = headers.network();
        int ipBytes = headers.payload() - network + bytes;
        if (headers.version() == 4) {
            segment.putU16(network + 2, ipBytes);
            segment.putU16(network + 4, segment.u16(network + 4) + number);
            segment.putU16(network + 10, 0);
            int ipHeaderBytes = headers.transport() - network;
            int sum = InternetChecksum.sum(segment.memory(), segment.at() + network, ipHeaderBytes);
            segment.putU16(network + 10, ~sum);
        } else {
            segment.putU16(network + 4, ipBytes - 40);
        }
        int tcp = headers.transport();
        segment.putU32(tcp + 4, segment.u32(tcp + 4) + done);
        int flags = segment.u8(tcp + 13);
        if (!last) {
            flags &= ~FIN_PSH;
        }
        if (number > 0) {
            flags &= ~CWR;
        }
        segment.putU8(tcp + 13, flags);
    }
}
