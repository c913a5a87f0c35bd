package org.xenpv.console;

import org.xenpv.event.EventChannels;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.io.console.XenconsInterface;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;

/**
 * The console page in service: moves bytes between the two byte rings and the two bounded buffers. The buffers outlive
 * the page, so that nothing is lost over a reconnection.
 *
 * <p>Owned by the event loop's thread. Never blocks; work per call is bounded by the sizes of rings and buffers.
 */
final class ConsoleRing {

    private final ByteQueue output;
    private final ByteQueue input;
    private final FullPolicy whenFull;
    private final byte[] chunk = new byte[XenconsInterface.OUT_BYTES];

    private SharedMemory page;
    private ByteRingProducer out;
    private ByteRingConsumer in;
    private EventChannels events;
    private int port;

    private long bytesOut;
    private long bytesIn;
    private long bytesDropped;
    private long notifications;
    private long spurious;
    private long tampered;

    ConsoleRing(ConsoleConfig config) {
        output = new ByteQueue(config.outputBytes());
        input = new ByteQueue(config.inputBytes());
        whenFull = config.whenFull();
    }

    void attach(SharedMemory newPage, EventChannels newEvents, int newPort) {
        page = newPage;
        events = newEvents;
        port = newPort;
        out = ByteRingProducer.attach(page, ByteRingLayout.CONSOLE_OUT);
        in = ByteRingConsumer.attach(page, ByteRingLayout.CONSOLE_IN);
    }

    void detach() {
        page = null;
        out = null;
        in = null;
    }

    boolean isAttached() {
        return page != null;
    }

    /** Whether somebody serves the ring, as far as the backend says. */
    boolean isServed() {
        return page != null && XenconsInterface.connection(page) != XenconsInterface.XENCONSOLE_DISCONNECTED;
    }

    int buffered() {
        return output.size();
    }

    int readable() {
        return input.size();
    }

    /** Takes output. @return how much was accepted; less than all only under {@link FullPolicy#KEEP} */
    int write(byte[] source, int at, int lengthBytes) {
        int accepted = output.add(source, at, lengthBytes);
        drain();
        while (accepted < lengthBytes && output.free() > 0) { // the ring took some: there is room again
            accepted += output.add(source, at + accepted, lengthBytes - accepted);
            if (drain() == 0) {
                break;
            }
        }
        int left = lengthBytes - accepted;
        if (left == 0 || whenFull == FullPolicy.KEEP) {
            return accepted;
        }
        if (whenFull == FullPolicy.DROP_OLDEST) {
            int kept = Math.min(left, output.capacity());
            output.remove(Math.max(0, kept - output.free()));
            output.add(source, at + lengthBytes - kept, kept);
        }
        bytesDropped += left;
        return lengthBytes;
    }

    int read(byte[] target, int at, int lengthBytes) {
        int taken = input.peek(target, at, lengthBytes);
        input.remove(taken);
        if (taken > 0) {
            fill();
        }
        return taken;
    }

    /**
     * An event came: moves what can be moved.
     *
     * @return whether anything was
     * @throws XenProtocolException if the backend's indices are nonsense; nothing is moved from then on
     */
    boolean serve() {
        if (page == null) {
            return false;
        }
        int moved = drain() + fill();
        if (out.fault() != null || in.fault() != null) {
            boolean outFaulty = out.fault() != null;
            PeerFault fault = outFaulty ? out.fault() : in.fault();
            throw new XenProtocolException(
                    fault,
                    outFaulty
                            ? "out_cons, further than " + XenconsInterface.OUT_BYTES + " from out_prod"
                            : "in_prod, further than " + XenconsInterface.IN_BYTES + " from in_cons");
        }
        if (moved == 0) {
            spurious++;
        }
        return moved > 0;
    }

    private int drain() {
        if (page == null) {
            return 0;
        }
        checkOwn(XenconsInterface.OUT_PROD_OFFSET, out.prodPvt());
        int moved = 0;
        while (output.size() > 0) {
            int count = output.peek(chunk, 0, chunk.length);
            int accepted = out.write(chunk, 0, count);
            if (accepted <= 0) {
                break;
            }
            output.remove(accepted);
            moved += accepted;
        }
        bytesOut += moved;
        notifyOf(moved);
        return moved;
    }

    private int fill() {
        if (page == null) {
            return 0;
        }
        checkOwn(XenconsInterface.IN_CONS_OFFSET, in.consPvt());
        int got = in.read(chunk, 0, Math.min(XenconsInterface.IN_BYTES, input.free()));
        if (got <= 0) {
            return 0;
        }
        input.add(chunk, 0, got);
        bytesIn += got;
        notifyOf(got);
        return got;
    }

    /** Our index in the page is write-only to us: if it is not what we wrote, the other end did that. */
    private void checkOwn(int offset, int expected) {
        if (page.getIntAcquire(offset) != expected) {
            tampered++;
        }
    }

    private void notifyOf(int moved) {
        if (moved > 0) {
            notifications++;
            events.send(port);
        }
    }

    ConsoleStats stats() {
        return new ConsoleStats(bytesOut, bytesIn, bytesDropped, notifications, spurious, tampered);
    }
}
