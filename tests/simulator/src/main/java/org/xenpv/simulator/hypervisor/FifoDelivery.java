package org.xenpv.simulator.hypervisor;

import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * The FIFO ABI: an event word per port in pages the guest gave, linked into one queue per priority, whose heads stand in
 * the control block.
 *
 * <pre>
 *   event_word_t    31 PENDING | 30 MASKED | 29 LINKED | 28 BUSY | .. | 16..0 LINK (next port in the queue)
 *   control block   0 ready (bit per queue) | 4 reserved | 8 head[16]
 * </pre>
 *
 * <p>Events are linked under this object's monitor (Xen has a lock per queue); the guest takes them off without any, so
 * words change only by compare-and-set.
 */
final class FifoDelivery implements EventDelivery {

    static final int PENDING = 1 << 31;
    static final int MASKED = 1 << 30;
    static final int LINKED = 1 << 29;
    static final int BUSY = 1 << 28;
    static final int LINK_BITS = 17;
    static final int LINK_MASK = (1 << LINK_BITS) - 1;
    static final int PRIORITY_LOWEST = 15;

    /** sizeof(evtchn_fifo_control_block_t). */
    static final int CONTROL_BLOCK_BYTES = 72;

    private static final int READY_OFFSET = 0;
    private static final int HEAD_OFFSET = 8;
    private static final int WORDS_PER_PAGE = SharedMemory.PAGE_BYTES / 4;
    private static final int ARRAY_PAGES_MAX = (1 << LINK_BITS) / WORDS_PER_PAGE;
    private static final int LINK_TRIES = 4;

    private final Domain domain;
    private final ChronicleMemory[] array = new ChronicleMemory[ARRAY_PAGES_MAX];
    private volatile int arrayPages;
    private final SharedMemory controlBlock;
    /** The last port linked into each queue; whether it is linked still, its word says. */
    private final int[] tails = new int[PRIORITY_LOWEST + 1];

    FifoDelivery(Domain domain, SharedMemory controlBlock) {
        this.domain = domain;
        this.controlBlock = controlBlock;
    }

    @Override
    public int portsMax() {
        return 1 << LINK_BITS;
    }

    /** EVTCHNOP_expand_array. */
    synchronized int expand(ChronicleMemory page) {
        int pages = arrayPages;
        if (pages == ARRAY_PAGES_MAX) {
            return -Errno.ENOSPC;
        }
        array[pages] = page;
        arrayPages = pages + 1;
        return 0;
    }

    int words() {
        return arrayPages * WORDS_PER_PAGE;
    }

    /** The page with a port's word, or null if the guest has not given it yet. */
    private ChronicleMemory page(int port) {
        int page = port / WORDS_PER_PAGE;
        return page < arrayPages ? array[page] : null;
    }

    private static int at(int port) {
        return port % WORDS_PER_PAGE * 4;
    }

    @Override
    public void setPending(Port port) {
        ChronicleMemory page = page(port.number);
        if (page == null) {
            port.pendingUnseen = true;
            return;
        }
        boolean raise = false;
        synchronized (this) {
            setBits(page, at(port.number), PENDING);
            int word = page.getIntAcquire(at(port.number));
            if ((word & (MASKED | LINKED)) == 0 && (setBits(page, at(port.number), LINKED) & LINKED) == 0) {
                raise = link(port);
            }
        }
        if (raise) {
            domain.raiseUpcall();
        }
    }

    /** @return whether the queue was empty and the guest must be told */
    private boolean link(Port port) {
        int priority = port.priority;
        // It may have been the last of a queue that is empty since: what is linked there next must not go behind it,
        // now that it is on a queue again, perhaps on another one.
        if (tails[port.lastQueue] == port.number) {
            tails[port.lastQueue] = 0;
        }
        port.lastQueue = priority;
        int tail = tails[priority];
        tails[priority] = port.number;
        ChronicleMemory tailPage = tail == 0 ? null : page(tail);
        if (tailPage != null && setLink(tailPage, at(tail), port.number)) {
            return false;
        }
        controlBlock.putIntRelease(HEAD_OFFSET + priority * 4, port.number);
        return !Bits.testAndSet(controlBlock, READY_OFFSET, priority);
    }

    /**
     * Links a port behind the tail if the tail is linked still. The guest may clear LINKED, and while we try also
     * PENDING and MASKED; BUSY keeps it from unmasking, so a few tries are enough for a guest that keeps the rules.
     */
    private static boolean setLink(ChronicleMemory page, int at, int link) {
        int word = page.getIntAcquire(at);
        for (int attempt = 0; attempt <= LINK_TRIES; attempt++) {
            if ((word & LINKED) == 0) {
                clearBits(page, at, BUSY);
                return false;
            }
            if (page.compareAndSetInt(at, word, (word & ~(BUSY | LINK_MASK)) | link)) {
                return true;
            }
            if (attempt == 0) {
                setBits(page, at, BUSY);
            }
            word = page.getIntAcquire(at);
        }
        clearBits(page, at, BUSY);
        return true;
    }

    /** @return the word before */
    private static int setBits(ChronicleMemory page, int at, int bits) {
        page.fullFence();
        for (; ; ) {
            int word = page.getIntAcquire(at);
            if ((word & bits) == bits || page.compareAndSetInt(at, word, word | bits)) {
                return word;
            }
        }
    }

    private static int clearBits(ChronicleMemory page, int at, int bits) {
        for (; ; ) {
            int word = page.getIntAcquire(at);
            if ((word & bits) == 0 || page.compareAndSetInt(at, word, word & ~bits)) {
                return word;
            }
        }
    }

    @Override
    public void clearPending(Port port) {
        port.pendingUnseen = false;
        ChronicleMemory page = page(port.number);
        if (page != null) {
            clearBits(page, at(port.number), PENDING);
        }
    }

    @Override
    public void unmask(Port port) {
        ChronicleMemory page = page(port.number);
        if (page != null && (clearBits(page, at(port.number), MASKED) & PENDING) != 0) {
            setPending(port);
        }
    }

    @Override
    public boolean pending(Port port) {
        ChronicleMemory page = page(port.number);
        return page != null && (page.getIntAcquire(at(port.number)) & PENDING) != 0;
    }

    @Override
    public boolean masked(Port port) {
        ChronicleMemory page = page(port.number);
        return page == null || (page.getIntAcquire(at(port.number)) & MASKED) != 0;
    }

    @Override
    public boolean busy(Port port) {
        ChronicleMemory page = page(port.number);
        return page != null && (page.getIntAcquire(at(port.number)) & LINKED) != 0;
    }

    @Override
    public int setPriority(Port port, int priority) {
        if (Integer.compareUnsigned(priority, PRIORITY_LOWEST) > 0) {
            return -Errno.EINVAL;
        }
        port.priority = priority;
        return 0;
    }
}
