package org.xenpv.event.abi;

import org.xenpv.event.EventChannels;
import org.xenpv.memory.SharedMemory;

/**
 * The 2-level ABI: a pending and a mask bit per port in shared_info, and a selector with a bit per 64 ports.
 *
 * <p>All bits are changed by compare-and-set on 32-bit halves of the 64-bit words, since the hypervisor sets bits in the
 * same words at any moment. The scan starts after the port that was taken last, so a busy low port starves no high one.
 */
public final class TwoLevelEventChannels implements EventChannels {

    private static final int PORTS = SharedInfoLayout.EVTCHN_2L_NR_CHANNELS;

    private final EventChannelCalls calls;
    private final VcpuUpcall upcall;
    private final SharedMemory sharedInfo;
    /** Words of evtchn_pending to look at: selector bits taken from the hypervisor and not yet worked off. */
    private long selected;
    /** Where the next scan starts. */
    private int nextPort;

    /**
     * Masks every port.
     *
     * @param sharedInfo the shared_info page
     * @param args memory for argument structs the hypervisor can read: 32 bytes for each thread that may call at once
     */
    public TwoLevelEventChannels(EventChannelOp op, SchedOp sched, SharedMemory sharedInfo, SharedMemory args) {
        this.calls = new EventChannelCalls(op, args);
        this.upcall = new VcpuUpcall(sharedInfo, sched);
        this.sharedInfo = sharedInfo;
        resumed();
    }

    @Override
    public void resumed() {
        selected = 0;
        nextPort = 0;
        for (int at = 0; at < PORTS / 8; at += 4) {
            setBits(SharedInfoLayout.EVTCHN_MASK + at, -1);
        }
    }

    @Override
    public int allocUnbound(int remoteDomid) {
        Ports.checkDomid(remoteDomid);
        return Ports.checked("EVTCHNOP_alloc_unbound", calls.allocUnbound(remoteDomid), PORTS);
    }

    @Override
    public int bindInterdomain(int remoteDomid, int remotePort) {
        Ports.checkDomid(remoteDomid);
        return Ports.checked("EVTCHNOP_bind_interdomain", calls.bindInterdomain(remoteDomid, remotePort), PORTS);
    }

    @Override
    public int bindVirq(int virq) {
        return Ports.checked("EVTCHNOP_bind_virq", calls.bindVirq(virq), PORTS);
    }

    @Override
    public boolean send(int port) {
        return calls.onPort(Evtchnop.SEND, port) >= 0;
    }

    @Override
    public void mask(int port) {
        Ports.check(port, PORTS);
        setBits(maskAt(port), bit(port));
    }

    /**
     * Clears the mask bit, then looks for an event the hypervisor did not announce because it saw the mask, and
     * announces it in its place. On our only virtual CPU this needs no hypercall.
     */
    @Override
    public void unmask(int port) {
        Ports.check(port, PORTS);
        clearBits(maskAt(port), bit(port));
        sharedInfo.fullFence();
        if ((sharedInfo.getIntAcquire(pendingAt(port)) & bit(port)) != 0) {
            setBits(SharedInfoLayout.EVTCHN_PENDING_SEL + (port >>> 11) * 4, bit(port >>> 6));
            upcall.set();
        }
    }

    @Override
    public void setPriority(int port, int priority) {
        Ports.check(port, PORTS);
        Ports.checkPriority(priority);
    }

    @Override
    public void close(int port) {
        Ports.check(port, PORTS);
        mask(port);
        calls.onPort(Evtchnop.CLOSE, port);
    }

    @Override
    public int poll(PortSink sink, int limit) {
        takeSelector();
        if (selected == 0) {
            return 0;
        }
        int taken = 0;
        int first = nextPort >>> 6;
        long below = (1L << nextPort) - 1;
        // The first word is looked at twice: from nextPort on, and at the end below it.
        for (int step = 0; selected != 0 && step <= 64 && taken < limit; step++) {
            step += Long.numberOfTrailingZeros(Long.rotateRight(selected, first + step));
            if (step > 64) {
                break;
            }
            int word = (first + step) & 63;
            long ports = step == 0 ? ~below : step == 64 ? below : -1L;
            taken = pollWord(word, ports, taken, limit, sink);
            if (taken < limit && (step != 0 || below == 0)) {
                selected &= ~(1L << word);
            }
        }
        return taken;
    }

    private int pollWord(int word, long ports, int takenBefore, int limit, PortSink sink) {
        int taken = takenBefore;
        for (int half = 0; half < 2 && taken < limit; half++) {
            int firstPort = word * 64 + half * 32;
            int active = sharedInfo.getIntAcquire(pendingAt(firstPort))
                    & ~sharedInfo.getIntAcquire(maskAt(firstPort))
                    & (int) (ports >>> (half * 32));
            while (active != 0 && taken < limit) {
                int bit = Integer.lowestOneBit(active);
                active &= ~bit;
                int port = firstPort + Integer.numberOfTrailingZeros(bit);
                // Masked first: an event from here on stays pending until the port is unmasked.
                setBits(maskAt(port), bit);
                clearBits(pendingAt(port), bit);
                nextPort = port + 1 == PORTS ? 0 : port + 1;
                taken++;
                sink.port(port);
            }
        }
        return taken;
    }

    /** Clears evtchn_upcall_pending before it takes the selector, so that no announcement falls in between. */
    private void takeSelector() {
        upcall.clear();
        long low = take(SharedInfoLayout.EVTCHN_PENDING_SEL) & 0xffffffffL;
        long high = take(SharedInfoLayout.EVTCHN_PENDING_SEL + 4) & 0xffffffffL;
        selected |= low | high << 32;
    }

    @Override
    public void await(long deadlineNs) {
        if (selected == 0) {
            upcall.await(deadlineNs);
        }
    }

    @Override
    public void wake() {
        upcall.wake();
    }

    /** Exchanges a word for 0. */
    private int take(int at) {
        int bits;
        do {
            bits = sharedInfo.getIntAcquire(at);
        } while (bits != 0 && !sharedInfo.compareAndSetInt(at, bits, 0));
        return bits;
    }

    private void setBits(int at, int bits) {
        int old;
        do {
            old = sharedInfo.getIntAcquire(at);
        } while ((old | bits) != old && !sharedInfo.compareAndSetInt(at, old, old | bits));
    }

    private void clearBits(int at, int bits) {
        int old;
        do {
            old = sharedInfo.getIntAcquire(at);
        } while ((old & bits) != 0 && !sharedInfo.compareAndSetInt(at, old, old & ~bits));
    }

    private static int bit(int port) {
        return 1 << port;
    }

    private static int pendingAt(int port) {
        return SharedInfoLayout.EVTCHN_PENDING + (port >>> 5) * 4;
    }

    private static int maskAt(int port) {
        return SharedInfoLayout.EVTCHN_MASK + (port >>> 5) * 4;
    }
}
