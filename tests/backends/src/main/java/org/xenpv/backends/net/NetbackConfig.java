package org.xenpv.backends.net;

import java.util.concurrent.TimeUnit;

/**
 * What a netback offers; every feature of xen/io/netif.h can be switched. {@link #DEFAULT} is what Linux's offers, and
 * more queues.
 *
 * @param rxCopy feature-rx-copy; without it there is no way to receive, and no modern frontend connects
 * @param sg feature-sg: packets in several pieces, both ways
 * @param csumV4 checksums over IPv4 may be left blank (no feature-no-csum-offload)
 * @param csumV6 feature-ipv6-csum-offload
 * @param gsoV4 feature-gso-tcpv4
 * @param gsoV6 feature-gso-tcpv6
 * @param splitEventChannels feature-split-event-channels
 * @param queuesMax multi-queue-max-queues, 1 to 16; 1 offers none
 * @param multicastControl feature-multicast-control
 * @param dynamicMulticastControl feature-dynamic-multicast-control
 * @param ctrlRing feature-ctrl-ring; its messages about pages that stay mapped are answered NOT_SUPPORTED, as by Linux
 * @param hashMappingMax entries of the table that maps hashes to queues, 0 to 1024
 * @param xdpHeadroom feature-xdp-headroom
 * @param rxQueuePages memory for frames that wait for buffers, per queue, 32 to 512 pages
 * @param rxDrainNs how long they wait; 30 ms if the frontend has not said feature-rx-notify
 * @param rxStallNs after how long without buffers a queue is stalled; never if the frontend has not said
 *     feature-rx-notify
 */
public record NetbackConfig(
        boolean rxCopy,
        boolean sg,
        boolean csumV4,
        boolean csumV6,
        boolean gsoV4,
        boolean gsoV6,
        boolean splitEventChannels,
        int queuesMax,
        boolean multicastControl,
        boolean dynamicMulticastControl,
        boolean ctrlRing,
        int hashMappingMax,
        boolean xdpHeadroom,
        int rxQueuePages,
        long rxDrainNs,
        long rxStallNs) {

    private static final long DRAIN_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long STALL_NS = TimeUnit.SECONDS.toNanos(60);

    public static final NetbackConfig DEFAULT = new NetbackConfig(
            true, true, true, true, true, true, true, 8, true, true, true, 128, true, 64, DRAIN_NS, STALL_NS);

    /** The oldest protocol there is: one queue, packets in one piece, everything filled in. */
    public static final NetbackConfig PLAIN = new NetbackConfig(
            true, false, false, false, false, false, false, 1, false, false, false, 0, false, 64, DRAIN_NS, STALL_NS);

    public NetbackConfig {
        within("queuesMax", queuesMax, 1, 16);
        within("hashMappingMax", hashMappingMax, 0, 1024);
        within("rxQueuePages", rxQueuePages, 32, 512);
        within("rxDrainNs", rxDrainNs, 1, Long.MAX_VALUE / 4);
        within("rxStallNs", rxStallNs, 1, Long.MAX_VALUE / 4);
    }

    private static void within(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + "=" + value + ", must be " + min + " to " + max);
        }
    }

    /** To change some of it: {@code NetbackConfig.DEFAULT.with().sg(false).build()}. */
    public Builder with() {
        return new Builder(this);
    }

    /** A configuration being put together; limits are checked in {@link #build()}. */
    public static final class Builder {
        private boolean rxCopy;
        private boolean sg;
        private boolean csumV4;
        private boolean csumV6;
        private boolean gsoV4;
        private boolean gsoV6;
        private boolean splitEventChannels;
        private int queuesMax;
        private boolean multicastControl;
        private boolean dynamicMulticastControl;
        private boolean ctrlRing;
        private int hashMappingMax;
        private boolean xdpHeadroom;
        private int rxQueuePages;
        private long rxDrainNs;
        private long rxStallNs;

        private Builder(NetbackConfig from) {
            rxCopy = from.rxCopy;
            sg = from.sg;
            csumV4 = from.csumV4;
            csumV6 = from.csumV6;
            gsoV4 = from.gsoV4;
            gsoV6 = from.gsoV6;
            splitEventChannels = from.splitEventChannels;
            queuesMax = from.queuesMax;
            multicastControl = from.multicastControl;
            dynamicMulticastControl = from.dynamicMulticastControl;
            ctrlRing = from.ctrlRing;
            hashMappingMax = from.hashMappingMax;
            xdpHeadroom = from.xdpHeadroom;
            rxQueuePages = from.rxQueuePages;
            rxDrainNs = from.rxDrainNs;
            rxStallNs = from.rxStallNs;
        }

        public Builder rxCopy(boolean value) {
            rxCopy = value;
            return this;
        }

        public Builder sg(boolean value) {
            sg = value;
            return this;
        }

        public Builder csumV4(boolean value) {
            csumV4 = value;
            return this;
        }

        public Builder csumV6(boolean value) {
            csumV6 = value;
            return this;
        }

        public Builder gsoV4(boolean value) {
            gsoV4 = value;
            return this;
        }

        public Builder gsoV6(boolean value) {
            gsoV6 = value;
            return this;
        }

        public Builder splitEventChannels(boolean value) {
            splitEventChannels = value;
            return this;
        }

        public Builder queuesMax(int value) {
            queuesMax = value;
            return this;
        }

        public Builder multicastControl(boolean value) {
            multicastControl = value;
            return this;
        }

        public Builder dynamicMulticastControl(boolean value) {
            dynamicMulticastControl = value;
            return this;
        }

        public Builder ctrlRing(boolean value) {
            ctrlRing = value;
            return this;
        }

        public Builder hashMappingMax(int value) {
            hashMappingMax = value;
            return this;
        }

        public Builder xdpHeadroom(boolean value) {
            xdpHeadroom = value;
            return this;
        }

        public Builder rxQueuePages(int value) {
            rxQueuePages = value;
            return this;
        }

        public Builder rxDrainNs(long value) {
            rxDrainNs = value;
            return this;
        }

        public Builder rxStallNs(long value) {
            rxStallNs = value;
            return this;
        }

        /** @throws IllegalArgumentException naming the value and the limit */
        public NetbackConfig build() {
            return new NetbackConfig(
                    rxCopy,
                    sg,
                    csumV4,
                    csumV6,
                    gsoV4,
                    gsoV6,
                    splitEventChannels,
                    queuesMax,
                    multicastControl,
                    dynamicMulticastControl,
                    ctrlRing,
                    hashMappingMax,
                    xdpHeadroom,
                    rxQueuePages,
                    rxDrainNs,
                    rxStallNs);
        }
    }
}
