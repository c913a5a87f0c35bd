package org.xenpv.backends.console;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.xenpv.ring.ByteQueue;

/**
 * A terminal in memory: collects what the guest prints, types what it is told. May be used from any thread.
 *
 * <p>It can be made slow: with {@link #room} only so many more bytes are taken.
 */
public final class MemoryTerminal implements Terminal {

    private static final int INPUT_BYTES = 1 << 16;

    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final ByteQueue input = new ByteQueue(INPUT_BYTES);
    private final int outputMax;
    private Runnable ready = () -> {};
    private long room = Long.MAX_VALUE;
    private boolean closed;

    /** Keeps up to 16 MiB of output, then takes no more. */
    public MemoryTerminal() {
        this(1 << 24);
    }

    public MemoryTerminal(int outputMax) {
        if (outputMax < 1) {
            throw new IllegalArgumentException("outputMax=" + outputMax + ", must be at least 1");
        }
        this.outputMax = outputMax;
    }

    @Override
    public synchronized void start(Runnable whenReady) {
        ready = whenReady;
    }

    @Override
    public synchronized int write(byte[] bytes, int at, int lengthBytes) {
        int accepted = (int) Math.min(lengthBytes, Math.min(room, outputMax - output.size()));
        output.write(bytes, at, accepted);
        if (room != Long.MAX_VALUE) {
            room -= accepted;
        }
        return accepted;
    }

    @Override
    public synchronized int read(byte[] target, int at, int lengthBytes) {
        int taken = input.peek(target, at, lengthBytes);
        input.remove(taken);
        return taken;
    }

    /** From now on takes so many more bytes of output; {@link Long#MAX_VALUE} for as many as come. */
    public void room(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes=" + bytes + ", must not be negative");
        }
        Runnable call;
        synchronized (this) {
            room = bytes;
            call = ready;
        }
        call.run();
    }

    /** Types for the guest. @return how many bytes were taken: at most 64 KiB wait */
    public int type(byte[] bytes) {
        int accepted;
        Runnable call;
        synchronized (this) {
            accepted = input.add(bytes, 0, bytes.length);
            call = ready;
        }
        call.run();
        return accepted;
    }

    public int type(String text) {
        return type(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Typed, and not given to the guest yet. */
    public synchronized int untaken() {
        return input.size();
    }

    /** All that the guest has printed. */
    public synchronized byte[] output() {
        return output.toByteArray();
    }

    public synchronized int outputBytes() {
        return output.size();
    }

    public synchronized String text() {
        return output.toString(StandardCharsets.UTF_8);
    }

    @Override
    public synchronized void close() {
        closed = true;
    }

    public synchronized boolean isClosed() {
        return closed;
    }
}
