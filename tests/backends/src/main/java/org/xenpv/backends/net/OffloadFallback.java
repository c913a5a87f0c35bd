package org.xenpv.backends.net;

import org.xenpv.grant.CopyPages;
import org.xenpv.io.netif.Netif;

/**
 * Sends any frame into any port: what the port's {@link PortOffloads} do not allow is done here. A frame to be segmented is
 * segmented, a blank checksum filled in.
 *
 * <p>Segments are made in memory of its own. When that is full, whoever uses it is asked to flush the ports it sent to.
 */
public final class OffloadFallback implements AutoCloseable {

    /** Enough for the longest frame in segments of any ordinary size. */
    public static final int PAGES = 64;

    private final FrameArena arena;
    private final Runnable flushAll;
    private final FrameHeaders headers = new FrameHeaders();
    private final TcpSegmenter segmenter = new TcpSegmenter();
    private final Out out = new Out();

    private NetworkPort target;
    private boolean allTaken;
    private long segmented;
    private long filled;
    private long refused;

    /**
     * @param pages for segments; closed with this
     * @param flushAll flushes every port that a frame has been sent to since it was last called
     */
    public OffloadFallback(CopyPages pages, Runnable flushAll) {
        this.arena = new FrameArena(pages);
        this.flushAll = flushAll;
    }

    /** The ports have been flushed: the memory can be used again. */
    public void flushed() {
        arena.reset();
    }

    /** Frames cut into segments. */
    public long segmented() {
        return segmented;
    }

    /** Checksums filled in. */
    public long filled() {
        return filled;
    }

    /** Frames that no port could be sent: too long, or not what they say they are. */
    public long refused() {
        return refused;
    }

    /**
     * Whether a port takes a frame only after it has been changed. Who sends one frame to several ports, and to one of which this
     * applies, calls {@link #fill} first: the bytes are the same for all.
     */
    public boolean mustFill(NetworkPort port, NetFrame frame) {
        if (!frame.csumBlank() || frame.gsoType() != Netif.XEN_NETIF_GSO_TYPE_NONE) {
            return false;
        }
        headers.parse(frame);
        return !port.offloads().csum(headers.version());
    }

    /** Fills in a blank checksum in place. @return false if there is none where it should be */
    public boolean fill(NetFrame frame) {
        headers.parse(frame);
        if (!headers.hasTransport()) {
            return false;
        }
        InternetChecksum.fill(frame, headers);
        filled++;
        return true;
    }

    /** Sends a frame, changed if need be. @return false if some or all of it was dropped */
    public boolean send(NetworkPort port, NetFrame frame) {
        PortOffloads offloads = port.offloads();
        int gsoType = frame.gsoType();
        if (gsoType != Netif.XEN_NETIF_GSO_TYPE_NONE
                && !(offloads.gso(gsoType) && frame.length() <= offloads.gsoBytesMax())) {
            return segment(port, frame, offloads);
        }
        if (gsoType == Netif.XEN_NETIF_GSO_TYPE_NONE && mustFill(port, frame) && !fill(frame)) {
            refused++;
            return false;
        }
        return port.send(frame);
    }

    private boolean segment(NetworkPort port, NetFrame frame, PortOffloads offloads) {
        headers.parse(frame);
        if (!headers.isTcp()
                || frame.gsoSize() < 1
                || TcpSegmenter.segments(frame, headers) > TcpSegmenter.SEGMENTS_MAX
                || headers.payload() + frame.gsoSize() > offloads.frameBytesMax()) {
            refused++;
            return false;
        }
        target = port;
        allTaken = true;
        segmented++;
        boolean fits = segmenter.cut(frame, headers, !offloads.csum(headers.version()), arena, out);
        target = null;
        return fits && allTaken;
    }

    @Override
    public void close() {
        arena.close();
    }

    private final class Out implements TcpSegmenter.Output {

        @Override
        public void full() {
            flushAll.run();
            arena.reset();
        }

        @Override
        public void segment(NetFrame segment) {
            allTaken &= target.send(segment);
        }
    }
}
