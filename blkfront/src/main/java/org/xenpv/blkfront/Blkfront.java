package org.xenpv.blkfront;

import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.concurrent.CompletableFuture;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LoopFuture;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.xenbus.XenGuest;

/**
 * A disk for programs on the JVM, with futures and channels: may be used from any thread if the guest's loop has a
 * thread of its own, otherwise from the one that runs the loop.
 *
 * <pre>{@code
 * try (Blkfront disk = Blkfront.connect(xen, "device/vbd/51712")) {
 *     ByteBuffer buffer = ByteBuffer.allocate(4096);
 *     disk.read(0, buffer).get();
 * }
 * }</pre>
 *
 * <p>Futures complete on the event loop's thread with the exception types of {@code org.xenpv.fault}. A buffer belongs to
 * the disk from the call until its future is complete. What a call must get right itself (range, alignment, a writable
 * disk) is refused at the call with IllegalArgumentException or IllegalStateException.
 *
 * <p>In a flight recording {@code org.xenpv.BlkState} says when a disk was connected, resized or ended, and {@code
 * org.xenpv.BlkOperation}, off unless enabled, what each operation took.
 */
public final class Blkfront implements AutoCloseable {

    private final EventLoop loop;
    private final BlkfrontDevice device;
    private final LoopFuture<Void> connected;
    private final LoopFuture<Void> ended;
    private volatile BlkGeometry geometry;

    private Blkfront(XenGuest guest, String nodename, BlkfrontConfig config) {
        this.loop = guest.loop();
        this.connected = new LoopFuture<>(loop);
        this.ended = new LoopFuture<>(loop);
        this.device = new BlkfrontDevice(guest, nodename, config, new BlkfrontDevice.Listener() {
            @Override
            public void connected(BlkGeometry now) {
                geometry = now;
                BlkStateEvent.record(nodename, "connected", now.sectors(), null);
                connected.complete(null);
            }

            @Override
            public void resized(BlkGeometry now) {
                geometry = now;
                BlkStateEvent.record(nodename, "resized", now.sectors(), null);
            }

            @Override
            public void ended(XenException reason) {
                BlkStateEvent.record(nodename, "ended", 0, reason);
                connected.completeExceptionally(
                        reason != null ? reason : new XenPeerGoneException(nodename + " is closed"));
                ended.complete(null);
            }
        });
    }

    public static Blkfront connect(XenGuest guest, String nodename) {
        return connect(guest, nodename, BlkfrontConfig.DEFAULT);
    }

    /**
     * Connects and waits until the disk can be used.
     *
     * @param nodename the device's directory, e.g. {@code device/vbd/51712}
     * @throws XenException the reason why it cannot: XenConfigException, XenTimeoutException, XenPeerGoneException...
     */
    public static Blkfront connect(XenGuest guest, String nodename, BlkfrontConfig config) {
        Blkfront disk = new Blkfront(guest, nodename, config);
        LoopFuture.ask(disk.loop, () -> {
            disk.device.start();
            return null;
        });
        disk.connected.await();
        return disk;
    }

    /** The size and nature of the disk. */
    public BlkGeometry geometry() {
        return geometry;
    }

    /** What was negotiated. */
    public BlkfrontFeatures features() {
        return LoopFuture.ask(loop, device::features);
    }

    public BlkStats stats() {
        return LoopFuture.ask(loop, device::stats);
    }

    /** The core, for use on the event loop's thread only. */
    public BlkfrontDevice device() {
        return device;
    }

    /** A queue of the present connection, for use on the event loop's thread only. */
    public BlkQueue queue(int index) {
        return device.queue(index);
    }

    /**
     * Reads the buffer's remaining bytes.
     *
     * @param sector in units of 512 bytes
     * @return completed with the number of bytes; the buffer's position is moved at the call
     */
    public CompletableFuture<Integer> read(long sector, ByteBuffer into) {
        if (into.isReadOnly()) {
            throw new IllegalArgumentException("the buffer is read-only, a read must write to it");
        }
        int bytes = into.remaining();
        CompletableFuture<Integer> future =
                submit(BlkOp.Kind.READ, sector, bytes, new ByteBufferData(into)).thenApply(none -> bytes);
        into.position(into.limit());
        return future;
    }

    /** Writes the buffer's remaining bytes. */
    public CompletableFuture<Integer> write(long sector, ByteBuffer from) {
        int bytes = from.remaining();
        CompletableFuture<Integer> future = submit(BlkOp.Kind.WRITE, sector, bytes, new ByteBufferData(from))
                .thenApply(none -> bytes);
        from.position(from.limit());
        return future;
    }

    /** The same with barrier semantics; what it carries must fit into one request. */
    public CompletableFuture<Integer> writeBarrier(long sector, ByteBuffer from) {
        int bytes = from.remaining();
        CompletableFuture<Integer> future = submit(BlkOp.Kind.WRITE_BARRIER, sector, bytes, new ByteBufferData(from))
                .thenApply(none -> bytes);
        from.position(from.limit());
        return future;
    }

    /**
     * Puts everything that was submitted before on the medium. Fails if the backend cannot, and never reports done what
     * was not.
     */
    public CompletableFuture<Void> flush() {
        return submit(BlkOp.Kind.FLUSH, 0, 0, null);
    }

    /** Tells the backend that these sectors are not needed any more. */
    public CompletableFuture<Void> discard(long sector, long sectorCount) {
        return submit(BlkOp.Kind.DISCARD, sector, discardBytes(sectorCount), null);
    }

    /** The same, and what stood there must not be recoverable. */
    public CompletableFuture<Void> discardSecurely(long sector, long sectorCount) {
        return submit(BlkOp.Kind.SECURE_DISCARD, sector, discardBytes(sectorCount), null);
    }

    private static long discardBytes(long sectorCount) {
        if (sectorCount < 1 || sectorCount > Long.MAX_VALUE / BlkfrontFeatures.SECTOR_BYTES) {
            throw new IllegalArgumentException(
                    "sectorCount=" + sectorCount + ", must be 1 to " + Long.MAX_VALUE / BlkfrontFeatures.SECTOR_BYTES);
        }
        return sectorCount * BlkfrontFeatures.SECTOR_BYTES;
    }

    /** A channel of its own position over the whole disk, for bytes of any alignment. Blocking; one thread at a time. */
    public SeekableByteChannel channel() {
        return new BlkfrontChannel(this);
    }

    private CompletableFuture<Void> submit(BlkOp.Kind kind, long sector, long bytes, BlkData data) {
        BlkOp op = new BlkOp();
        LoopFuture<Void> future = new LoopFuture<>(loop);
        BlkOperationEvent event = new BlkOperationEvent();
        event.begin();
        op.set(kind, sector, bytes, data, (done, error) -> {
            record(event, done, error);
            if (error == null) {
                future.complete(null);
            } else {
                future.completeExceptionally(error);
            }
        });
        geometry.check(device.nodename(), op);
        Runnable submission = () -> {
            try {
                device.submit(op);
            } catch (RuntimeException e) {
                future.completeExceptionally(e);
            }
        };
        if (loop.inLoop()) {
            submission.run();
        } else {
            try {
                loop.execute(submission);
            } catch (XenException tooMany) {
                future.completeExceptionally(tooMany);
            }
        }
        return future;
    }

    private void record(BlkOperationEvent event, BlkOp op, XenException error) {
        event.end();
        if (event.shouldCommit()) {
            event.device = device.nodename();
            event.kind = op.kind().name();
            event.sector = op.sector();
            event.bytes = op.bytes();
            event.error = error == null ? null : error.toString();
            event.commit();
        }
    }

    /** Waits for what was submitted, closes the device, and gives everything back; bounded by the handshake's deadlines. */
    @Override
    public void close() {
        LoopFuture.ask(loop, () -> {
            device.close();
            return null;
        });
        ended.await();
    }
}
