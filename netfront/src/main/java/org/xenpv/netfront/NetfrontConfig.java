package org.xenpv.netfront;

import org.xenpv.io.netif.Netif;

/**
 * What we want of a network interface; what the backend advertises is clamped to it. Immutable: every setter returns another
 * one.
 *
 * <pre>{@code NetfrontConfig.DEFAULT.queuesMax(4).without(NetFeature.GSO_V6)}</pre>
 */
public final class NetfrontConfig {

    public static final NetfrontConfig DEFAULT = new NetfrontConfig();

    private static final int QUEUES_MAX = 8;
    private static final int TX_PAGES_MAX = 512;
    private static final int XDP_HEADROOM_MAX = 2048;

    private int off;
    private int queuesMax = 1;
    private int txPages = 256;
    private int xdpHeadroomBytes;
    private boolean multicastControl;
    private boolean rxCopied;
    private long handshakeNs = 10_000_000_000L;

    private NetfrontConfig() {}

    private NetfrontConfig copy() {
        NetfrontConfig copy = new NetfrontConfig();
        copy.off = off;
        copy.queuesMax = queuesMax;
        copy.txPages = txPages;
        copy.xdpHeadroomBytes = xdpHeadroomBytes;
        copy.multicastControl = multicastControl;
        copy.rxCopied = rxCopied;
        copy.handshakeNs = handshakeNs;
        return copy;
    }

    private static long range(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + "=" + value + ", must be " + min + " to " + max);
        }
        return value;
    }

    /** Whether a feature is wanted; all are unless switched off. */
    public boolean wants(NetFeature feature) {
        return (off & feature.bit()) == 0;
    }

    public NetfrontConfig without(NetFeature... features) {
        NetfrontConfig copy = copy();
        for (NetFeature feature : features) {
            copy.off |= feature.bit();
        }
        return copy;
    }

    /** Pairs of rings. 1 to 8. One loop serves them all: more than one helps the backend, which has a thread for each. */
    public int queuesMax() {
        return queuesMax;
    }

    public NetfrontConfig queuesMax(int value) {
        NetfrontConfig copy = copy();
        copy.queuesMax = (int) range("queuesMax", value, 1, QUEUES_MAX);
        return copy;
    }

    /** Pages for packets on their way out, of all queues together. 18 (a longest packet) to 512. */
    public int txPages() {
        return txPages;
    }

    public NetfrontConfig txPages(int value) {
        NetfrontConfig copy = copy();
        copy.txPages = (int) range("txPages", value, Netif.XEN_NETIF_NR_SLOTS_MIN, TX_PAGES_MAX);
        return copy;
    }

    /**
     * Bytes that the backend is asked to leave free in front of every received packet (xdp-headroom), so that a header can be
     * put there. 0 to 2048; 0 asks for nothing.
     */
    public int xdpHeadroomBytes() {
        return xdpHeadroomBytes;
    }

    public NetfrontConfig xdpHeadroomBytes(int value) {
        NetfrontConfig copy = copy();
        copy.xdpHeadroomBytes = (int) range("xdpHeadroomBytes", value, 0, XDP_HEADROOM_MAX);
        return copy;
    }

    /** Whether the backend shall pass on only multicast packets whose group was joined (request-multicast-control). */
    public boolean multicastControl() {
        return multicastControl;
    }

    public NetfrontConfig multicastControl(boolean value) {
        NetfrontConfig copy = copy();
        copy.multicastControl = value;
        return copy;
    }

    /**
     * Whether received packets are copied out of pages that stay granted, even where the platform could take a page back for
     * each packet instead. Where it cannot (a Linux guest) this is so in any case.
     */
    public boolean rxCopied() {
        return rxCopied;
    }

    public NetfrontConfig rxCopied(boolean value) {
        NetfrontConfig copy = copy();
        copy.rxCopied = value;
        return copy;
    }

    /** How long any step of connecting or closing may take. */
    public long handshakeNs() {
        return handshakeNs;
    }

    public NetfrontConfig handshakeNs(long value) {
        NetfrontConfig copy = copy();
        copy.handshakeNs = range("handshakeNs", value, 1, Long.MAX_VALUE / 4);
        return copy;
    }
}
