package org.xenpv.simulator.xenstored;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Semaphore;

/**
 * One connection of the unix socket, privileged as dom0.
 *
 * <p>The reading thread has at most one piece of input on the loop at a time, the writing thread at most one piece of
 * output in its hands: a slow peer fills the connection's own queue, which is bounded, and not memory.
 */
final class SocketEndpoint implements Endpoint {

    private static final int CHUNK_BYTES = 64 * 1024;

    /** Nothing more is read from a peer that leaves so much unread. */
    private static final int OUTPUT_MAX = 1024 * 1024;

    private final XenstoredDaemon daemon;
    private final XenstoredSocket socket;
    private final SocketChannel channel;
    private final StoreConnection connection;
    private final Semaphore inputTaken = new Semaphore(0);
    private final ArrayBlockingQueue<ByteBuffer> output = new ArrayBlockingQueue<>(1);
    private final byte[] chunk = new byte[CHUNK_BYTES];
    private final Thread reader;
    private final Thread writer;
    /** The writing thread waits for output, or is about to. Loop only. */
    private boolean writerIdle;
    /** The reading thread waits until the peer has read some of its output. Loop only. */
    private boolean inputHeld;

    private boolean closed;

    SocketEndpoint(XenstoredDaemon daemon, XenstoredSocket socket, SocketChannel channel) {
        this.daemon = daemon;
        this.socket = socket;
        this.channel = channel;
        this.connection = daemon.newConnection(Store.DOM0, this);
        this.reader = XenstoredSocket.thread("read", this::read);
        this.writer = XenstoredSocket.thread("write", this::write);
    }

    void start() {
        reader.start();
        writer.start();
    }

    @Override
    public StoreConnection connection() {
        return connection;
    }

    private void read() {
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK_BYTES);
        try {
            while (channel.read(buffer.clear()) >= 0) {
                int count = buffer.position();
                if (!socket.execute(() -> input(buffer.array(), count))) {
                    closeQuietly(channel);
                    return;
                }
                inputTaken.acquire();
            }
        } catch (IOException e) {
            // The peer broke the connection off: it is over, as after an orderly end.
            closeQuietly(channel);
        } catch (InterruptedException e) {
            return;
        }
        socket.execute(() -> socket.gone(this));
    }

    private void input(byte[] bytes, int count) {
        if (closed) {
            return;
        }
        connection.feed(bytes, 0, count);
        daemon.flush();
        if (connection.dead()) {
            socket.gone(this);
            return;
        }
        inputHeld = connection.outputBytes() >= OUTPUT_MAX;
        if (!inputHeld) {
            inputTaken.release();
        }
    }

    @Override
    public void pump() {
        if (closed || !writerIdle || !connection.hasOutput()) {
            return;
        }
        int count = connection.take(chunk, 0, CHUNK_BYTES);
        writerIdle = false;
        output.add(ByteBuffer.allocate(count).put(chunk, 0, count).flip());
        if (inputHeld && connection.outputBytes() < OUTPUT_MAX) {
            inputHeld = false;
            inputTaken.release();
        }
    }

    private void write() {
        try {
            while (socket.execute(this::idle)) {
                ByteBuffer bytes = output.take();
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
        } catch (IOException e) {
            // The peer is gone. The reading thread may not see it: it may be waiting until output has been taken.
            socket.execute(() -> socket.gone(this));
        } catch (InterruptedException e) {
            closeQuietly(channel);
        }
    }

    private void idle() {
        writerIdle = true;
        pump();
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        closeQuietly(channel);
        reader.interrupt();
        writer.interrupt();
    }

    static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // Closed is what it is to be.
        }
    }
}
