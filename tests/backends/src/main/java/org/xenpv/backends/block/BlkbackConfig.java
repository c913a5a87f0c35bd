package org.xenpv.backends.block;

import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifRequestSegment;

/**
 * What a backend offers; every feature of xen/io/blkif.h can be switched. {@link #DEFAULT} is what Linux's blkback
 * offers for a file, and discard.
 *
 * @param persistent feature-persistent: keep the frontend's pages mapped, if it wants that too
 * @param persistentGrantsMax pages kept mapped per queue; beyond that the least recently used is unmapped
 * @param indirectSegmentsMax feature-max-indirect-segments, 0 (no such key) or 1 to 4096
 * @param ringPageOrderMax max-ring-page-order, 0 to 4
 * @param queuesMax multi-queue-max-queues, 1 to 16; 1 offers none
 * @param flush feature-flush-cache
 * @param barrier feature-barrier
 * @param discard feature-discard; never offered for a read-only store
 * @param discardGranularityBytes a multiple of 512
 * @param discardAlignmentBytes a multiple of 512
 * @param discardSecure discard-secure
 * @param info VDISK_CDROM, VDISK_REMOVABLE: added to what the toolstack and the store say
 * @param responseBatch responses published at once, 1 to 512: larger saves events, smaller lets the frontend start
 * @param lateFeatures write persistent grants, flush, barriers and discard with the size, on connecting, as Linux's backend
 *     does, and not while waiting for the frontend, as xen/io/blkif.h has it
 */
public record BlkbackConfig(
        boolean persistent,
        int persistentGrantsMax,
        int indirectSegmentsMax,
        int ringPageOrderMax,
        int queuesMax,
        boolean flush,
        boolean barrier,
        boolean discard,
        int discardGranularityBytes,
        int discardAlignmentBytes,
        boolean discardSecure,
        int info,
        int responseBatch,
        boolean lateFeatures) {

    public static final BlkbackConfig DEFAULT =
            new BlkbackConfig(true, 4096, 256, 4, 4, true, true, true, 512, 0, false, 0, 8, true);

    /** The oldest protocol there is: one queue of one page, direct requests, no optional operation. */
    public static final BlkbackConfig PLAIN =
            new BlkbackConfig(false, 1, 0, 0, 1, false, false, false, 512, 0, false, 0, 1, false);

    public BlkbackConfig {
        within("persistentGrantsMax", persistentGrantsMax, 1, 1 << 20);
        within(
                "indirectSegmentsMax",
                indirectSegmentsMax,
                0,
                Blkif.BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST * BlkifRequestSegment.PER_PAGE);
        within("ringPageOrderMax", ringPageOrderMax, 0, 4);
        within("queuesMax", queuesMax, 1, 16);
        sectors("discardGranularityBytes", discardGranularityBytes, 512);
        sectors("discardAlignmentBytes", discardAlignmentBytes, 0);
        within("info", info, 0, Blkif.VDISK_CDROM | Blkif.VDISK_REMOVABLE | Blkif.VDISK_READONLY);
        within("responseBatch", responseBatch, 1, 512);
    }

    private static void within(String name, int value, int min, int max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + "=" + value + ", must be " + min + " to " + max);
        }
    }

    private static void sectors(String name, int value, int min) {
        if (value < min || value % 512 != 0) {
            throw new IllegalArgumentException(name + "=" + value + ", must be a multiple of 512, at least " + min);
        }
    }

    /** To change some of it: {@code BlkbackConfig.DEFAULT.with().barrier(false).build()}. */
    public Builder with() {
        return new Builder(this);
    }

    /** A configuration being put together; limits are checked in {@link #build()}. */
    public static final class Builder {
        private boolean persistent;
        private int persistentGrantsMax;
        private int indirectSegmentsMax;
        private int ringPageOrderMax;
        private int queuesMax;
        private boolean flush;
        private boolean barrier;
        private boolean discard;
        private int discardGranularityBytes;
        private int discardAlignmentBytes;
        private boolean discardSecure;
        private int info;
        private int responseBatch;
        private boolean lateFeatures;

        private Builder(BlkbackConfig from) {
            persistent = from.persistent;
            persistentGrantsMax = from.persistentGrantsMax;
            indirectSegmentsMax = from.indirectSegmentsMax;
            ringPageOrderMax = from.ringPageOrderMax;
            queuesMax = from.queuesMax;
            flush = from.flush;
            barrier = from.barrier;
            discard = from.discard;
            discardGranularityBytes = from.discardGranularityBytes;
            discardAlignmentBytes = from.discardAlignmentBytes;
            discardSecure = from.discardSecure;
            info = from.info;
            responseBatch = from.responseBatch;
            lateFeatures = from.lateFeatures;
        }

        public Builder persistent(boolean value) {
            persistent = value;
            return this;
        }

        public Builder persistentGrantsMax(int value) {
            persistentGrantsMax = value;
            return this;
        }

        public Builder indirectSegmentsMax(int value) {
            indirectSegmentsMax = value;
            return this;
        }

        public Builder ringPageOrderMax(int value) {
            ringPageOrderMax = value;
            return this;
        }

        public Builder queuesMax(int value) {
            queuesMax = value;
            return this;
        }

        public Builder flush(boolean value) {
            flush = value;
            return this;
        }

        public Builder barrier(boolean value) {
            barrier = value;
            return this;
        }

        public Builder discard(boolean value) {
            discard = value;
            return this;
        }

        public Builder discardGranularityBytes(int value) {
            discardGranularityBytes = value;
            return this;
        }

        public Builder discardAlignmentBytes(int value) {
            discardAlignmentBytes = value;
            return this;
        }

        public Builder discardSecure(boolean value) {
            discardSecure = value;
            return this;
        }

        public Builder info(int value) {
            info = value;
            return this;
        }

        public Builder responseBatch(int value) {
            responseBatch = value;
            return this;
        }

        public Builder lateFeatures(boolean value) {
            lateFeatures = value;
            return this;
        }

        /** @throws IllegalArgumentException naming the value and the limit */
        public BlkbackConfig build() {
            return new BlkbackConfig(
                    persistent,
                    persistentGrantsMax,
                    indirectSegmentsMax,
                    ringPageOrderMax,
                    queuesMax,
                    flush,
                    barrier,
                    discard,
                    discardGranularityBytes,
                    discardAlignmentBytes,
                    discardSecure,
                    info,
                    responseBatch,
                    lateFeatures);
        }
    }
}
