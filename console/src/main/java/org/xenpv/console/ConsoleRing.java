package org.xenpv.console;

import org.xenpv.event.EventChannels;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.io.console.XenconsInterface;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.ByteQueue;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;

/**
 * The console page in service: moves bytes between the two byte rings and the two bounded buffers. The buffers outlive
 * the page, so that a backend can come and go.
 *
 * <p>Owned by the event loop's thread. Never blocks; a call moves at most one ring's worth each way, and a write as much
 * again as the backend makes room for meanwhile.
 */
final class ConsoleRing {

    /** How long bytes lie on the ring without a sign of the backend until its event is sent again. */
    static final long NUDGE_NS = 100_000_000L;

    private final ByteQueue output;
    private final int outputBytes;
    private final ByteQueue input;
    private final FullPolicy whenFull;
    private final byte[] chunk = new byte[XenconsInterface.OUT_BYTES];
    /** What stands in {@code out}, byte for byte; the page itself is the backend's to scribble on. */
    private final byte[] onRing = new byte[XenconsInterface.OUT_BYTES];

    private SharedMemory page;
    private ByteRingProducer out;
    private ByteRingConsumer in;
    private EventChannels events;
    private int port;
    /** out_prod when the page was attached: what lay there before is not ours to send again. */
    private int outProdAttached;
    /** What the other end had done when {@link #serve} was last called. */
    private int outConsServed;

    private long bytesInServed;
    private long heardNs;
    /** The domain is being suspended: the page may have become another when it goes on. */
    private boolean resting;

    private long bytesOut;
    private long bytesIn;
    private long bytesDropped;
    private long notifications;
    private long nudges;
    private long tampered;

    ConsoleRing(ConsoleConfig config) {
        outputBytes = config.outputBytes();
        output = new ByteQueue(outputBytes + XenconsInterface.OUT_BYTES); // room for what comes back off a ring
        input = new ByteQueue(config.inputBytes());
        whenFull = config.whenFull();
    }

    /**
     * Takes a page into service, its indices wherever they stand.
     *
     * @throws XenProtocolException if they are nonsense; the page is not attached then
     */
    void attach(SharedMemory newPage, EventChannels newEvents, int newPort, long nowNs) {
        ByteRingProducer newOut = ByteRingProducer.attach(newPage, ByteRingLayout.CONSOLE_OUT);
        ByteRingConsumer newIn = ByteRingConsumer.attach(newPage, ByteRingLayout.CONSOLE_IN);
        XenProtocolException fault = fault(newOut, newIn);
        if (fault != null) {
            throw fault;
        }
        page = newPage;
        events = newEvents;
        port = newPort;
        out = newOut;
        in = newIn;
        outProdAttached = out.prodPvt();
        outConsServed = outCons();
        bytesInServed = bytesIn;
        heardNs = nowNs;
    }

    /** Leaves the page alone until {@link #goOn} or {@link #detach}. */
    void rest() {
        resting = page != null;
    }

    /** The page is as it was. */
    void goOn() {
        resting = false;
    }

    private boolean inService() {
        return page != null && !resting;
    }

    /** Touches the page no more. */
    void detach() {
        resting = false;
        page = null;
        out = null;
        in = null;
    }

    /** Takes back what the backend has not taken as far as is known, for the next one, then {@link #detach}. */
    void reclaim() {
        if (page != null) {
            out.free(); // a last look; what was seen before counts if it is nonsense
            int count = Math.min(out.outstanding(), out.prodPvt() - outProdAttached);
            int from = (out.prodPvt() - count) & (onRing.length - 1);
            int head = Math.min(count, onRing.length - from);
            output.addFirst(onRing, 0, count - head);
            output.addFirst(onRing, from, head);
        }
        detach();
    }

    /** Nothing more will be sent: what is left is dropped, and counted. */
    void abandon() {
        bytesDropped += output.size();
        output.remove(output.size());
        detach();
    }

    /** Whether somebody serves the ring, as far as the backend says. */
    boolean isServed() {
        return inService() && XenconsInterface.connection(page) != XenconsInterface.XENCONSOLE_DISCONNECTED;
    }

    /** What the backend did that the protocol forbids, or null. */
    XenProtocolException fault() {
        return page == null ? null : fault(out, in);
    }

    private static XenProtocolException fault(ByteRingProducer out, ByteRingConsumer in) {
        if (out.fault() != null) {
            return new XenProtocolException(
                    PeerFault.BYTE_RING_INDEX,
                    "out_cons went back, or is not within the " + XenconsInterface.OUT_BYTES + " before out_prod="
                            + Integer.toUnsignedString(out.prodPvt()));
        }
        if (in.fault() != null) {
            return new XenProtocolException(
                    PeerFault.BYTE_RING_INDEX,
                    "in_prod went back, or is not within the " + XenconsInterface.IN_BYTES + " after in_cons="
                            + Integer.toUnsignedString(in.consPvt()));
        }
        return null;
    }

    /** Output that waits for room in the ring. */
    int buffered() {
        return output.size();
    }

    /** Output on the ring that the backend had not taken when last looked at. */
    int outstanding() {
        return page == null ? 0 : out.outstanding();
    }

    int readable() {
        return input.size();
    }

    /** Takes output. @return how much was accepted; less than all only under {@link FullPolicy#KEEP} */
    int write(byte[] source, int at, int lengthBytes) {
        int accepted = 0;
        int moved = push(); // the backend may have made room
        int step;
        do {
            step = output.add(source, at + accepted, Math.min(lengthBytes - accepted, room()));
            accepted += step;
            moved += push();
        } while (step > 0 && accepted < lengthBytes);
        sendIf(moved > 0);
        if (accepted == lengthBytes || whenFull == FullPolicy.KEEP) {
            return accepted;
        }
        int left = lengthBytes - accepted;
        int kept = whenFull == FullPolicy.DROP_OLDEST ? Math.min(left, outputBytes) : 0;
        int removed = Math.max(0, kept - (outputBytes - output.size()));
        output.remove(removed);
        output.add(source, at + lengthBytes - kept, kept);
        bytesDropped += removed + left - kept;
        return lengthBytes;
    }

    private int room() {
        return Math.max(0, outputBytes - output.size());
    }

    int read(byte[] target, int at, int lengthBytes) {
        int taken = input.peek(target, at, lengthBytes);
        input.remove(taken);
        sendIf(taken > 0 && pull() > 0);
        return taken;
    }

    /**
     * Moves what can be moved, after an event or without one.
     *
     * @return whether the backend has done anything since the last call; if not, an event was for nothing
     * @throws XenProtocolException if its indices are nonsense; nothing is moved from then on
     */
    boolean serve(long nowNs) {
        if (!inService()) {
            return false;
        }
        int moved = push() + pull();
        sendIf(moved > 0);
        out.free(); // looks what has been taken, even if there is nothing to write
        XenProtocolException fault = fault();
        if (fault != null) {
            throw fault;
        }
        // Work seen while writing or reading counts here: its event must not look like one for nothing.
        boolean heard = outCons() != outConsServed || bytesIn != bytesInServed;
        outConsServed = outCons();
        bytesInServed = bytesIn;
        if (heard || out.outstanding() == 0) {
            heardNs = nowNs;
        } else if (nowNs - heardNs >= NUDGE_NS) {
            heardNs = nowNs;
            nudges++;
            sendIf(true);
        }
        return heard;
    }

    private int outCons() {
        return out.prodPvt() - out.outstanding();
    }

    private int push() {
        if (!inService() || output.size() == 0) {
            return 0;
        }
        checkOwn(XenconsInterface.OUT_PROD_OFFSET, out.prodPvt());
        int slot = out.prodPvt() & (onRing.length - 1);
        int accepted = out.write(chunk, 0, output.peek(chunk, 0, chunk.length));
        if (accepted <= 0) {
            return 0;
        }
        int head = Math.min(accepted, onRing.length - slot);
        System.arraycopy(chunk, 0, onRing, slot, head);
        System.arraycopy(chunk, head, onRing, 0, accepted - head);
        output.remove(accepted);
        bytesOut += accepted;
        return accepted;
    }

    private int pull() {
        if (!inService()) {
            return 0;
        }
        checkOwn(XenconsInterface.IN_CONS_OFFSET, in.consPvt());
        int got = in.read(chunk, 0, Math.min(XenconsInterface.IN_BYTES, input.free()));
        if (got <= 0) {
            return 0;
        }
        input.add(chunk, 0, got);
        bytesIn += got;
        return got;
    }

    /** Our index in the page is write-only to us: if it is not what we wrote, the other end did that. */
    private void checkOwn(int offset, int expected) {
        if (page.getIntAcquire(offset) != expected) {
            tampered++;
        }
    }

    private void sendIf(boolean needed) {
        if (needed) {
            notifications++;
            events.send(port);
        }
    }

    ConsoleStats stats() {
        return new ConsoleStats(bytesOut, bytesIn, bytesDropped, notifications, nudges, tampered);
    }
}
