package org.xenpv.event.abi;

import org.xenpv.event.EventChannels;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenOpException;
import org.xenpv.memory.SharedMemory;

/**
 * The FIFO ABI: an event word per port, and per priority a queue of ports linked through these words. The hypervisor
 * appends; we take from the head. Priority 0 is served first.
 *
 * <p>What we may do to a word: set MASKED; clear PENDING; clear LINKED together with the link; clear MASKED while BUSY is
 * clear. Each is one compare-and-set.
 */
public final class FifoEventChannels implements EventChannels {

    private static final int ENOSPC = 28;
    private static final int ENOMEM = 12;
    /** The hypervisor holds BUSY for a few instructions; after this many looks it does the unmask for us. */
    private static final int BUSY_LOOKS = 1000;

    private final EventChannelCalls calls;
    private final VcpuUpcall upcall;
    private final EventArrayFrames frames;
    private final EventArrayFrames.Frame control;
    private final SharedMemory[] array = new SharedMemory[FifoLayout.PAGES_MAX];
    private final long[] arrayGfns = new long[FifoLayout.PAGES_MAX];
    /** Pages of the array the hypervisor knows. */
    private int arrayPages;
    /** Queues with something in them, as far as we know. */
    private int ready;
    /** The port to take next from each queue; 0 to begin at the control block's head. */
    private final int[] heads = new int[FifoLayout.MAX_QUEUES];

    /**
     * Switches the domain to the FIFO ABI, before any port is bound.
     *
     * @param sharedInfo the shared_info page
     * @param frames gives two pages now and one for each further 1024 ports later
     * @param args memory for argument structs the hypervisor can read: 32 bytes for each thread that may call at once
     * @throws XenOpException if the hypervisor has no FIFO ABI (ENOSYS)
     */
    public FifoEventChannels(
            EventChannelOp op, SchedOp sched, SharedMemory sharedInfo, EventArrayFrames frames, SharedMemory args) {
        this.calls = new EventChannelCalls(op, args);
        this.upcall = new VcpuUpcall(sharedInfo, sched);
        this.frames = frames;
        this.control = allocate("control block");
        initControl();
    }

    private EventArrayFrames.Frame allocate(String use) {
        EventArrayFrames.Frame frame = frames.allocate();
        if (frame == null) {
            throw new XenException("no frame for the " + use + " of the event channels");
        }
        frame.memory().check(0, SharedMemory.PAGE_BYTES, 8);
        return frame;
    }

    private void initControl() {
        arrayPages = 0;
        ready = 0;
        for (int queue = 0; queue < heads.length; queue++) {
            heads[queue] = 0;
        }
        control.memory().zero(0, SharedMemory.PAGE_BYTES);
        int linkBits = calls.initControl(control.gfn(), 0);
        if (linkBits != FifoLayout.LINK_BITS) {
            throw new XenConfigException("link_bits", "" + linkBits, "" + FifoLayout.LINK_BITS);
        }
        // The toolstack opened ports before us, for store and console: their words must be there.
        int rc = expandArray();
        if (rc < 0) {
            throw new XenOpException("EVTCHNOP_expand_array", -rc, "pages=0");
        }
    }

    /** Initialises the control block again; the pages of the array are given to the hypervisor again as they are needed. */
    @Override
    public void resumed() {
        initControl();
    }

    @Override
    public int allocUnbound(int remoteDomid) {
        Ports.checkDomid(remoteDomid);
        return opened("EVTCHNOP_alloc_unbound", calls.allocUnbound(remoteDomid));
    }

    @Override
    public int bindInterdomain(int remoteDomid, int remotePort) {
        Ports.checkDomid(remoteDomid);
        return opened("EVTCHNOP_bind_interdomain", calls.bindInterdomain(remoteDomid, remotePort));
    }

    @Override
    public int bindVirq(int virq) {
        return opened("EVTCHNOP_bind_virq", calls.bindVirq(virq));
    }

    /** Makes sure a new port has its word; events that came before are replayed by the hypervisor. */
    private int opened(String operation, int port) {
        Ports.checked(operation, port, FifoLayout.NR_CHANNELS);
        int rc = 0;
        while (rc >= 0 && port >= arrayPages * FifoLayout.WORDS_PER_PAGE) {
            rc = expandArray();
        }
        if (rc < 0) {
            calls.onPort(Evtchnop.CLOSE, port);
            throw new XenOpException("EVTCHNOP_expand_array", -rc, "port=" + port + ", pages=" + arrayPages);
        }
        return port;
    }

    private int expandArray() {
        int page = arrayPages;
        if (page >= FifoLayout.PAGES_MAX) {
            return -ENOSPC;
        }
        if (array[page] == null) {
            EventArrayFrames.Frame frame = frames.allocate();
            if (frame == null) {
                return -ENOMEM;
            }
            frame.memory().check(0, SharedMemory.PAGE_BYTES, 8);
            array[page] = frame.memory();
            arrayGfns[page] = frame.gfn();
        }
        for (int word = 0; word < FifoLayout.WORDS_PER_PAGE; word++) {
            array[page].putIntRelease(word * 4, FifoLayout.MASKED);
        }
        int rc = calls.expandArray(arrayGfns[page]);
        if (rc >= 0) {
            arrayPages++;
        }
        return rc;
    }

    @Override
    public boolean send(int port) {
        return calls.onPort(Evtchnop.SEND, port) >= 0;
    }

    @Override
    public void mask(int port) {
        Ports.check(port, FifoLayout.NR_CHANNELS);
        SharedMemory page = page(port);
        if (page != null) {
            change(page, wordAt(port), 0, FifoLayout.MASKED);
        }
    }

    /**
     * Clears MASKED once the hypervisor has let go of BUSY. An event that came while masked is on no queue: the
     * hypervisor is asked to put it there.
     */
    @Override
    public void unmask(int port) {
        Ports.check(port, FifoLayout.NR_CHANNELS);
        SharedMemory page = page(port);
        if (page == null) {
            return;
        }
        int at = wordAt(port);
        for (int looks = 0; looks < BUSY_LOOKS; looks++) {
            int word = page.getIntAcquire(at);
            if ((word & FifoLayout.BUSY) == 0
                    && ((word & FifoLayout.MASKED) == 0
                            || page.compareAndSetInt(at, word, word & ~FifoLayout.MASKED))) {
                page.fullFence();
                if ((page.getIntAcquire(at) & FifoLayout.PENDING) != 0) {
                    calls.onPort(Evtchnop.UNMASK, port);
                }
                return;
            }
        }
        calls.onPort(Evtchnop.UNMASK, port);
    }

    @Override
    public void setPriority(int port, int priority) {
        Ports.check(port, FifoLayout.NR_CHANNELS);
        Ports.checkPriority(priority);
        calls.setPriority(port, priority);
    }

    /** The word may stay on its queue: it is taken off, and dropped, when its turn comes. */
    @Override
    public void close(int port) {
        Ports.check(port, FifoLayout.NR_CHANNELS);
        mask(port);
        calls.onPort(Evtchnop.CLOSE, port);
    }

    @Override
    public int poll(PortSink sink, int limit) {
        upcall.clear();
        int taken = 0;
        // Words that turn out to need no delivery count too: the work of a call is bounded by its limit.
        for (int words = 0; words < limit; words++) {
            takeReady();
            if (ready == 0) {
                break;
            }
            int port = consume(Integer.numberOfTrailingZeros(ready));
            if (port != 0) {
                taken++;
                sink.port(port);
            }
        }
        return taken;
    }

    /**
     * Takes the word at the head of a queue off it.
     *
     * @return its port if it was pending and not masked, otherwise 0
     */
    private int consume(int queue) {
        int port = heads[queue];
        if (port == 0) {
            port = control.memory().getIntAcquire(FifoLayout.CONTROL_HEAD + queue * 4);
        }
        SharedMemory page = port > 0 && port < FifoLayout.NR_CHANNELS ? page(port) : null;
        if (page == null) {
            heads[queue] = 0;
            ready &= ~(1 << queue);
            return 0;
        }
        int at = wordAt(port);
        int word;
        boolean deliver;
        int next;
        do {
            word = page.getIntAcquire(at);
            deliver = (word & (FifoLayout.PENDING | FifoLayout.MASKED)) == FifoLayout.PENDING;
            next = word & ~(FifoLayout.LINKED | FifoLayout.LINK_MASK);
            if (deliver) {
                next = next & ~FifoLayout.PENDING | FifoLayout.MASKED;
            }
        } while (next != word && !page.compareAndSetInt(at, word, next));
        int link = word & FifoLayout.LINK_MASK;
        heads[queue] = link;
        if (link == 0) {
            ready &= ~(1 << queue);
        }
        return deliver ? port : 0;
    }

    private void takeReady() {
        SharedMemory memory = control.memory();
        int bits;
        do {
            bits = memory.getIntAcquire(FifoLayout.CONTROL_READY);
        } while (bits != 0 && !memory.compareAndSetInt(FifoLayout.CONTROL_READY, bits, 0));
        ready |= bits & ((1 << FifoLayout.MAX_QUEUES) - 1);
    }

    @Override
    public void await(long deadlineNs) {
        if (ready == 0) {
            upcall.await(deadlineNs);
        }
    }

    @Override
    public void wake() {
        upcall.wake();
    }

    /** The page that holds a port's word, or null if the hypervisor has not been given one. */
    private SharedMemory page(int port) {
        int page = port / FifoLayout.WORDS_PER_PAGE;
        return page < arrayPages ? array[page] : null;
    }

    private static int wordAt(int port) {
        return (port % FifoLayout.WORDS_PER_PAGE) * 4;
    }

    private static void change(SharedMemory page, int at, int clear, int set) {
        int word;
        int next;
        do {
            word = page.getIntAcquire(at);
            next = word & ~clear | set;
        } while (next != word && !page.compareAndSetInt(at, word, next));
    }
}
