package org.xenpv.io.blkif;

/** The keys of a block device in xenstore (xen/io/blkif.h), as the header spells them. */
public final class BlkifKeys {

    // Backend, private to its side.

    public static final String MODE = "mode";
    public static final String PARAMS = "params";
    public static final String PHYSICAL_DEVICE = "physical-device";
    public static final String PHYSICAL_DEVICE_PATH = "physical-device-path";
    public static final String TYPE = "type";
    public static final String DIRECT_IO_SAFE = "direct-io-safe";

    // Backend, features: 0 or 1 unless said otherwise, 0 if missing.

    public static final String FEATURE_BARRIER = "feature-barrier";
    public static final String FEATURE_FLUSH_CACHE = "feature-flush-cache";
    public static final String FEATURE_DISCARD = "feature-discard";
    /** Both sides have this key. */
    public static final String FEATURE_PERSISTENT = "feature-persistent";
    /** Most segments of an indirect request; missing if there are none. */
    public static final String FEATURE_MAX_INDIRECT_SEGMENTS = "feature-max-indirect-segments";

    public static final String DISCARD_SECURE = "discard-secure";

    // Backend, transport.

    /** uint32, 0 if missing: log2 of the most ring pages. */
    public static final String MAX_RING_PAGE_ORDER = "max-ring-page-order";
    /** Deprecated form of the same, in pages. */
    public static final String MAX_RING_PAGES = "max-ring-pages";

    public static final String MULTI_QUEUE_MAX_QUEUES = "multi-queue-max-queues";

    // Backend, the device.

    public static final String DISCARD_ENABLE = "discard-enable";
    /** uint32 bytes, 0 if missing. */
    public static final String DISCARD_ALIGNMENT = "discard-alignment";
    /** uint32 bytes, {@link #SECTOR_SIZE} if missing. */
    public static final String DISCARD_GRANULARITY = "discard-granularity";
    /** uint32, VDISK_* bits. */
    public static final String INFO = "info";
    /** uint32 bytes, a power of two, at least 512. */
    public static final String SECTOR_SIZE = "sector-size";
    /** uint32 bytes, {@link #SECTOR_SIZE} if missing. */
    public static final String PHYSICAL_SECTOR_SIZE = "physical-sector-size";
    /**
     * uint64. In units of 512 bytes, says Xen's header since commit 221f2748e8; that of libxen-dev 4.17 still says units of
     * {@link #SECTOR_SIZE}. The two differ only if that is not 512.
     */
    public static final String SECTORS = "sectors";

    // Frontend.

    /** uint32 port. */
    public static final String EVENT_CHANNEL = "event-channel";
    /** uint32 gref, of a ring of one page. */
    public static final String RING_REF = "ring-ref";
    /** {@link BlkifAbi#protocol()}. */
    public static final String PROTOCOL = "protocol";
    /** uint32, 0 if missing: log2 of the ring's pages. */
    public static final String RING_PAGE_ORDER = "ring-page-order";
    /** Deprecated form of the same, in pages. */
    public static final String NUM_RING_PAGES = "num-ring-pages";

    public static final String FEATURE_LARGE_SECTOR_SIZE = "feature-large-sector-size";
    /** 0 or 1, 1 if missing. Written by the toolstack in the frontend's directory. */
    public static final String TRUSTED = "trusted";

    public static final String DEVICE_TYPE = "device-type";
    public static final String VIRTUAL_DEVICE = "virtual-device";
    public static final String MULTI_QUEUE_NUM_QUEUES = "multi-queue-num-queues";

    private BlkifKeys() {}

    /** The gref of page {@code page} of a ring of several pages: {@code ring-ref%u}. */
    public static String ringRef(int page) {
        return RING_REF + page;
    }

    /** The directory that holds the ring and port of a queue, if there are several: {@code queue-N}. */
    public static String queue(int queue) {
        return "queue-" + queue;
    }
}
