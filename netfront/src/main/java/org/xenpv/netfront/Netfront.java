package org.xenpv.netfront;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LoopFuture;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.xenbus.XenGuest;

/**
 * A network interface for programs on the JVM: may be used from any thread, whether or not the guest's loop has a thread of
 * its own.
 *
 * <pre>{@code
 * try (Netfront net = Netfront.connect(xen, "device/vif/0")) {
 *     net.send(ByteBuffer.wrap(frame)).get();
 *     byte[] answer = net.receive(1, TimeUnit.SECONDS);
 * }
 * }</pre>
 *
 * <p>This is the convenient way, a copy and an allocation per frame. The fast one is {@link #device()}, on the loop's thread.
 */
public final class Netfront implements AutoCloseable {

    /** Frames received and not asked for yet; what comes then is dropped, the newest first. */
    private static final int RECEIVED_MAX = 1024;

    private final EventLoop loop;
    private final NetfrontDevice device;
    private final LoopFuture<Void> connected;
    private final LoopFuture<Void> ended;
    /** Frames nobody has asked for yet, or those who wait for one; on the loop's thread. */
    private final ArrayDeque<byte[]> received = new ArrayDeque<>();

    /** In the order of their calls; who gives up waiting is taken out. */
    private final Set<CompletableFuture<byte[]>> waiting = new LinkedHashSet<>();

    /** Why there is nothing more to send or receive; null while there is. */
    private XenException over;

    private volatile long overflowed;

    private Netfront(XenGuest guest, String nodename, NetfrontConfig config) {
        this.loop = guest.loop();
        this.connected = new LoopFuture<>(loop);
        this.ended = new LoopFuture<>(loop);
        this.device = new NetfrontDevice(guest, nodename, config, new NetfrontDevice.Listener() {
            @Override
            public void connected() {
                NetStateEvent.record(nodename, "connected", null);
                connected.complete(null);
            }

            @Override
            public void failed(XenException reason) {
                over(reason);
            }

            @Override
            public void ended(XenException reason) {
                NetStateEvent.record(nodename, "ended", reason);
                connected.completeExceptionally(gone(reason));
                over(gone(reason));
                ended.complete(null);
            }
        });
        device.receiver(this::keep);
    }

    public static Netfront connect(XenGuest guest, String nodename) {
        return connect(guest, nodename, NetfrontConfig.DEFAULT);
    }

    /**
     * Connects and waits until frames can be sent.
     *
     * @param nodename the device's directory, e.g. {@code device/vif/0}
     * @throws XenException the reason why it cannot
     */
    public static Netfront connect(XenGuest guest, String nodename, NetfrontConfig config) {
        Netfront net = new Netfront(guest, nodename, config);
        LoopFuture.ask(net.loop, () -> {
            net.device.start();
            return null;
        });
        net.connected.await();
        return net;
    }

    private XenException gone(XenException reason) {
        return reason != null ? reason : new XenPeerGoneException(device.nodename() + " is closed");
    }

    /** The first reason is the one that counts. */
    private void over(XenException reason) {
        if (over == null) {
            over = reason;
        }
        List<CompletableFuture<byte[]>> left = new ArrayList<>(waiting);
        waiting.clear();
        left.forEach(waiter -> waiter.completeExceptionally(over));
    }

    private void keep(NetPacket packet) {
        byte[] frame = packet.toBytes();
        while (!waiting.isEmpty()) {
            CompletableFuture<byte[]> first = waiting.iterator().next();
            waiting.remove(first);
            if (first.complete(frame)) {
                return;
            }
        }
        if (received.size() < RECEIVED_MAX) {
            received.add(frame);
        } else {
            overflowed++; // only ever written by the loop's thread
        }
    }

    /** Frames dropped because nobody asked for those before them. */
    public long overflowed() {
        return overflowed;
    }

    /** Receives that wait for a frame. */
    public int waiting() {
        return LoopFuture.ask(loop, waiting::size);
    }

    public MacAddress mac() {
        return LoopFuture.ask(loop, device::mac);
    }

    public int mtu() {
        return LoopFuture.ask(loop, device::mtu);
    }

    public boolean carrier() {
        return LoopFuture.ask(loop, device::carrier);
    }

    public NetfrontFeatures features() {
        return LoopFuture.ask(loop, device::features);
    }

    public NetStats stats() {
        return LoopFuture.ask(loop, device::stats);
    }

    /** The core, for use on the event loop's thread only. Whoever sets a receiver of his own there takes {@link #receive}'s frames. */
    public NetfrontDevice device() {
        return device;
    }

    /**
     * Sends the buffer's remaining bytes as one frame, header included, checksums filled in.
     *
     * @return completed with whether the frame was put on the ring; with IllegalArgumentException if it is too short or too long; with the
     *     reason once the device is broken or has ended
     */
    public CompletableFuture<Boolean> send(ByteBuffer frame) {
        byte[] bytes = new byte[frame.remaining()];
        frame.get(bytes);
        LoopFuture<Boolean> sent = new LoopFuture<>(loop);
        onLoop(sent, () -> sent.complete(sendNow(bytes)));
        return sent;
    }

    /** Runs an action on the loop; whatever comes out of it, or keeps it from being run, is the future's. */
    private void onLoop(CompletableFuture<?> future, Runnable action) {
        Runnable guarded = () -> {
            try {
                action.run();
            } catch (RuntimeException e) {
                future.completeExceptionally(e);
            }
        };
        if (loop.tryRun(guarded)) {
            return;
        }
        try {
            loop.execute(guarded);
        } catch (XenException tooMany) {
            future.completeExceptionally(tooMany);
        }
    }

    private boolean sendNow(byte[] bytes) {
        if (over != null) {
            throw over;
        }
        NetPacket packet = device.acquire(bytes.length);
        if (packet == null) {
            return false;
        }
        packet.copyIn(0, bytes, 0, bytes.length);
        boolean sent;
        try {
            sent = device.send(packet);
        } catch (IllegalArgumentException refused) {
            device.release(packet);
            throw refused;
        }
        device.flush();
        return sent;
    }

    /** The next frame, in the order of the calls. Fails, with the reason, once the device is broken or has ended. */
    public CompletableFuture<byte[]> receive() {
        LoopFuture<byte[]> frame = new LoopFuture<>(loop);
        onLoop(frame, () -> {
            if (!received.isEmpty()) {
                frame.complete(received.remove());
            } else if (over != null) {
                frame.completeExceptionally(over);
            } else {
                waiting.add(frame);
                frame.whenComplete((bytes, error) -> onLoop(frame, () -> waiting.remove(frame)));
            }
        });
        return frame;
    }

    /**
     * Waits for the next frame.
     *
     * @return null if none came in time, by the guest's clock
     * @throws XenException if the device has ended
     */
    public byte[] receive(long timeout, TimeUnit unit) throws InterruptedException {
        CompletableFuture<byte[]> frame = receive();
        try {
            return frame.get(timeout, unit);
        } catch (TimeoutException late) {
            return frame.cancel(false) ? null : frame.join();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof XenException cause ? cause : new XenException(e.getMessage(), e);
        }
    }

    /** Closes the device and gives everything back; bounded by the handshake's deadlines. */
    @Override
    public void close() {
        LoopFuture.ask(loop, () -> {
            device.close();
            return null;
        });
        ended.await();
    }
}
