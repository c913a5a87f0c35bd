package org.xenpv.blkfront;

import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LoopFuture;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.xenbus.XenGuest;

/**
 * A disk for programs on the JVM, with futures and channels, for any number of threads: whether the guest's loop has a
 * thread of its own or whoever waits for a future runs it.
 *
 * <pre>{@code
 * try (Blkfront disk = Blkfront.connect(xen, "device/vbd/51712")) {
 *     ByteBuffer buffer = ByteBuffer.allocate(4096);
 *     disk.read(0, buffer).get();
 * }
 * }</pre>
 *
 * <p>Futures complete on the event loop's thread with the exception types of {@code org.xenpv.fault}. What a call
 * must get right itself (range, alignment, a writable disk) is refused at the call with IllegalArgumentException or
 * IllegalStateException. {@link BlkfrontConfig#operationsMax} operations can be under way; the future of one more
 * fails at once.
 *
 * <p>A buffer belongs to the disk from the call until its future is complete. To cancel the future that a call
 * returned (to complete it in any other way is the same) takes the buffer back: once {@code cancel} has returned the
 * disk neither reads nor writes it. What has not been issued to the backend by then will not be; what has been may
 * still be done, a write in whole or in part, and a {@link #flush} called afterwards waits for it. Stages made of the
 * future, by {@code thenApply} and the like, do not pass on that they were cancelled.
 *
 * <p>In a flight recording {@code org.xenpv.BlkState} says when a disk was connected, resized or ended, and {@code
 * org.xenpv.BlkOperation}, off unless enabled, what each operation took.
 */
public final class Blkfront implements AutoCloseable {

    private final EventLoop loop;
    private final BlkfrontDevice device;
    private final BlkSubmissions submissions;
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
                XenException why = reason != null ? reason : new XenPeerGoneException(nodename + " is closed");
                loop.removeSource(submissions);
                submissions.end(why);
                connected.completeExceptionally(why);
                ended.complete(null);
            }
        });
        this.submissions = new BlkSubmissions(loop, device, config);
    }

    /**
     * With {@link BlkfrontConfig#DEFAULT}; where pages are limited, with as many requests at a time as half of those that are left allow.
     */
    public static Blkfront connect(XenGuest guest, String nodename) {
        int pagesLeft = LoopFuture.ask(guest.loop(), () -> guest.grants().pagesLeft());
        return connect(guest, nodename, BlkfrontConfig.DEFAULT.fitting(pagesLeft / 2));
    }

    /**
     * Connects and waits until the disk can be used.
     *
     * @param nodename the device's directory, e.g. {@code device/vbd/51712}
     * @throws XenException the reason why it cannot: XenConfigException, XenTimeoutException, XenPeerGoneException...
     */
    public static Blkfront connect(XenGuest guest, String nodename, BlkfrontConfig config) {
        Blkfront disk = new Blkfront(guest, nodename, config);
        disk.onLoop(() -> {
            disk.loop.addSource(disk.submissions); // before the device's own: what it takes is issued in the same turn
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
        return onLoop(device::features);
    }

    public BlkStats stats() {
        return onLoop(device::stats);
    }

    /** After everything that was called for before. */
    private <T> T onLoop(Supplier<T> call) {
        return LoopFuture.ask(loop, () -> {
            submissions.takeAll();
            return call.get();
        });
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
        return transfer(BlkOp.Kind.READ, sector, into);
    }

    /** Writes the buffer's remaining bytes. */
    public CompletableFuture<Integer> write(long sector, ByteBuffer from) {
        return transfer(BlkOp.Kind.WRITE, sector, from);
    }

    /** The same with barrier semantics; what it carries must fit into one request. */
    public CompletableFuture<Integer> writeBarrier(long sector, ByteBuffer from) {
        return transfer(BlkOp.Kind.WRITE_BARRIER, sector, from);
    }

    private CompletableFuture<Integer> transfer(BlkOp.Kind kind, long sector, ByteBuffer buffer) {
        int bytes = buffer.remaining();
        CompletableFuture<Integer> future = submit(kind, sector, bytes, new ByteBufferData(buffer), bytes);
        buffer.position(buffer.limit());
        return future;
    }

    /**
     * Puts everything that was submitted before on the medium. Fails if the backend cannot, and never reports done what
     * was not.
     */
    public CompletableFuture<Void> flush() {
        return submit(BlkOp.Kind.FLUSH, 0, 0, null, null);
    }

    /** Tells the backend that these sectors are not needed any more. */
    public CompletableFuture<Void> discard(long sector, long sectorCount) {
        return submit(BlkOp.Kind.DISCARD, sector, discardBytes(sectorCount), null, null);
    }

    /** The same, and what stood there must not be recoverable. */
    public CompletableFuture<Void> discardSecurely(long sector, long sectorCount) {
        return submit(BlkOp.Kind.SECURE_DISCARD, sector, discardBytes(sectorCount), null, null);
    }

    private static long discardBytes(long sectorCount) {
        if (sectorCount < 1 || sectorCount > Long.MAX_VALUE / BlkfrontFeatures.SECTOR_BYTES) {
            throw new IllegalArgumentException(
                    "sectorCount=" + sectorCount + ", must be 1 to " + Long.MAX_VALUE / BlkfrontFeatures.SECTOR_BYTES);
        }
        return sectorCount * BlkfrontFeatures.SECTOR_BYTES;
    }

    /**
     * A channel of its own position over the whole disk, for bytes of any alignment. Blocking, and not from inside a
     * call of the loop; several threads may share it, a call of one then waits for those of others.
     *
     * <p>The disk's size is fixed: a write past it writes what fits, or throws if nothing does; {@code truncate} to
     * less throws. If only part of a call can be done, the call returns how much was, and the next one throws what
     * stopped it; the positions of channel and buffer stand behind what was done. A thread that is interrupted gets
     * an {@link java.io.InterruptedIOException}, stays interrupted and has its buffer back; the channel stays open.
     * Closing it leaves the disk open, and does not end a call that another thread is in.
     *
     * <p>Where a write begins or ends within a sector, the sector is read, changed and written back. No other call of
     * the same channel comes in between. What another channel, {@link #write} or anybody else writes to the same
     * sector meanwhile can be lost.
     */
    public SeekableByteChannel channel() {
        return new BlkfrontChannel(this);
    }

    /** @throws IllegalStateException inside a call of the loop, which must not wait for the loop */
    void checkMayWait() {
        if (loop.dispatching()) {
            throw new IllegalStateException(device.nodename()
                    + ": waiting for the disk inside a call of the loop: use read and write, and their futures");
        }
    }

    private <T> CompletableFuture<T> submit(BlkOp.Kind kind, long sector, long bytes, ByteBufferData data, T success) {
        BlkFuture<T> future = new BlkFuture<>(loop, submissions, kind, sector, bytes, data, success);
        geometry.check(device.nodename(), future.op());
        submissions.submit(future);
        return future;
    }

    /** Waits for what was submitted, closes the device, and gives everything back; bounded by the handshake's deadlines. */
    @Override
    public void close() {
        onLoop(() -> {
            device.close();
            return null;
        });
        ended.await();
    }
}
