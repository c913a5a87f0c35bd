package org.xenpv.event.abi;

/** Control block and event words of the FIFO ABI (xen/event_channel.h). Offsets in bytes, bits as masks. */
public final class FifoLayout {

    /** evtchn_fifo_control_block.ready: one bit per priority. */
    public static final int CONTROL_READY = 0;

    /** evtchn_fifo_control_block.head: the first port of each priority's queue. */
    public static final int CONTROL_HEAD = 8;

    /** sizeof(struct evtchn_fifo_control_block). */
    public static final int CONTROL_BYTES = 72;

    /** EVTCHN_FIFO_PRIORITY_MAX: the most urgent. */
    public static final int PRIORITY_MAX = 0;

    public static final int PRIORITY_DEFAULT = 7;

    /** EVTCHN_FIFO_PRIORITY_MIN: the least urgent. */
    public static final int PRIORITY_MIN = 15;

    public static final int MAX_QUEUES = PRIORITY_MIN + 1;

    public static final int PENDING = 1 << 31;
    public static final int MASKED = 1 << 30;
    public static final int LINKED = 1 << 29;
    public static final int BUSY = 1 << 28;
    public static final int LINK_BITS = 17;
    public static final int LINK_MASK = (1 << LINK_BITS) - 1;

    /** EVTCHN_FIFO_NR_CHANNELS. */
    public static final int NR_CHANNELS = 1 << LINK_BITS;

    /** Event words on a page of the event array. */
    public static final int WORDS_PER_PAGE = 1024;

    /** Pages of a full event array. */
    public static final int PAGES_MAX = NR_CHANNELS / WORDS_PER_PAGE;

    private FifoLayout() {}
}
