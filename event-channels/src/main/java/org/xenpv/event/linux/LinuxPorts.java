package org.xenpv.event.linux;

import java.util.Arrays;
import org.xenpv.event.EventChannels;

/**
 * The account of our ports, by number: what is masked, what has an event that was not delivered, and what the kernel holds
 * back until the number is written to it.
 *
 * <pre>
 * event     the kernel had it: HELD by the kernel now, PENDING; goes to the queue unless masked
 * deliver   the queue's first that is PENDING and not MASKED: not PENDING any more, MASKED
 * unmask    PENDING: to the queue; else if HELD: to be written back, HELD no more
 * </pre>
 */
final class LinuxPorts {

    private static final byte OPEN = 1;
    private static final byte MASKED = 1 << 1;
    private static final byte PENDING = 1 << 2;
    private static final byte HELD = 1 << 3;
    private static final byte QUEUED = 1 << 4;

    private byte[] state = new byte[64];

    /** A ring of ports with an event to deliver, each once: never longer than there are ports. */
    private int[] queue = new int[64];

    private int first;
    private int count;

    void open(int port) {
        if (port >= state.length) {
            int length = Math.max(port + 1, state.length * 2);
            state = Arrays.copyOf(state, length);
            int[] longer = new int[length];
            for (int i = 0; i < count; i++) {
                longer[i] = queue[(first + i) % queue.length];
            }
            queue = longer;
            first = 0;
        }
        state[port] = (byte) (OPEN | MASKED | state[port] & QUEUED);
    }

    boolean isOpen(int port) {
        return has(port, OPEN);
    }

    private boolean has(int port, int bits) {
        return port < state.length && (state[port] & bits) == bits;
    }

    /** What is in the queue of it is skipped. */
    void close(int port) {
        state[port] &= QUEUED;
    }

    void clear() {
        Arrays.fill(state, (byte) 0);
        first = 0;
        count = 0;
    }

    void mask(int port) {
        if (has(port, OPEN)) {
            state[port] |= MASKED;
        }
    }

    /** @return whether the port is to be written back to the kernel */
    boolean unmask(int port) {
        if (!has(port, OPEN)) {
            return false;
        }
        state[port] &= ~MASKED;
        if ((state[port] & PENDING) != 0) {
            enqueue(port);
            return false;
        }
        boolean held = (state[port] & HELD) != 0;
        state[port] &= ~HELD;
        return held;
    }

    /** The kernel had an event; one of a port that is not ours any more is dropped. */
    void event(int port) {
        if (port > 0 && port < EventChannels.PORTS_MAX && has(port, OPEN)) {
            state[port] |= PENDING | HELD;
            if ((state[port] & MASKED) == 0) {
                enqueue(port);
            }
        }
    }

    void eventOnAll() {
        for (int port = 1; port < state.length; port++) {
            event(port);
        }
    }

    private void enqueue(int port) {
        if ((state[port] & QUEUED) == 0) {
            state[port] |= QUEUED;
            queue[(first + count++) % queue.length] = port;
        }
    }

    /** Whether {@link #deliver} may have something. */
    boolean hasReady() {
        return count > 0;
    }

    /** Takes the longest waiting event and masks its port. @return the port, 0 if there is none */
    int deliver() {
        while (count > 0) {
            int port = queue[first];
            first = (first + 1) % queue.length;
            count--;
            state[port] &= ~QUEUED;
            if (has(port, OPEN | PENDING) && (state[port] & MASKED) == 0) {
                state[port] &= ~PENDING;
                state[port] |= MASKED;
                return port;
            }
        }
        return 0;
    }
}
