package org.xenpv.cli;

import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.xenpv.event.EventLoop;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.MacAddress;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;

/**
 * Packets from one guest to another, numbered, each compared with what was sent. Runs on the guests' loops and fills packets in
 * place, as a driver's user on a bare guest would.
 */
final class PacketStream {

    private static final long PATIENCE_SECONDS = 60;
    private static final int ETHERNET_BYTES = 14;
    private static final int NUMBER_AT = 38;
    private static final int BATCH = 32;
    private static final int SEGMENT_BYTES = 1460;

    /** What is sent. */
    enum Kind {
        SHORT("64 B", 64, 128),
        FULL("1514 B", 1514, 128),
        /** TCP that the sender leaves whole and that is cut by whoever cannot take it so. */
        LARGE("64 KiB", Netif.XEN_NETIF_MAX_TX_SIZE, 8);

        final String title;
        final int bytes;
        /** How many are in flight at most where none may be lost: fewer than the receiver has buffers for. */
        final int window;

        Kind(String title, int bytes, int window) {
            this.title = title;
            this.bytes = bytes;
            this.window = window;
        }
    }

    private final EventLoop senderLoop;
    private final NetworkDevice from;
    private final EventLoop receiverLoop;
    private final NetworkDevice to;
    private final Kind kind;
    private final int window;
    private final byte[] frame;
    private final byte[] seen;
    private final long count;
    private final Runnable fill = this::fill;
    private final AtomicBoolean waiting = new AtomicBoolean();
    private final CountDownLatch sentAll = new CountDownLatch(1);
    private final CountDownLatch arrivedAll = new CountDownLatch(1);

    /** The sender's. */
    private long sent;

    /** The receiver's. */
    private long arrived;

    private volatile long published;
    private volatile String wrong;

    /** @param paced whether the sender waits for the receiver; otherwise packets may be lost on the way */
    PacketStream(
            EventLoop senderLoop,
            NetworkDevice from,
            EventLoop receiverLoop,
            NetworkDevice to,
            Kind kind,
            long count,
            boolean paced) {
        this.senderLoop = senderLoop;
        this.from = from;
        this.receiverLoop = receiverLoop;
        this.to = to;
        this.kind = kind;
        this.count = count;
        this.window = paced ? kind.window : Integer.MAX_VALUE;
        this.frame = frame(kind, to.mac(), from.mac());
        this.seen = new byte[frame.length];
    }

    private static byte[] frame(Kind kind, MacAddress to, MacAddress from) {
        byte[] frame = new byte[kind.bytes];
        new Random(kind.bytes).nextBytes(frame);
        put(frame, 0, to.bits(), 6);
        put(frame, 6, from.bits(), 6);
        put(frame, 12, kind == Kind.LARGE ? 0x0800 : 0x88b5, 2); // IPv4, or IEEE's number for local experiments
        if (kind == Kind.LARGE) {
            put(frame, 14, 0x4500, 2);
            put(frame, 16, kind.bytes - ETHERNET_BYTES, 2);
            put(frame, 20, 0, 2);
            put(frame, 22, 64 << 8 | 6, 2);
            frame[46] = 5 << 4;
        }
        put(frame, NUMBER_AT, 0, 4);
        return frame;
    }

    private static void put(byte[] target, int at, long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            target[at + i] = (byte) (value >>> 8 * (bytes - 1 - i));
        }
    }

    /** Sends all of it and waits until it has arrived. @return how long it took, in ns */
    long run() {
        receiverLoop.execute(() -> to.receiver(new Receiving()));
        long startNs = System.nanoTime();
        senderLoop.execute(() -> {
            from.receiver(new Sending());
            fill();
        });
        await(window == Integer.MAX_VALUE ? sentAll : arrivedAll);
        return System.nanoTime() - startNs;
    }

    /** So far. */
    long arrived() {
        return published;
    }

    /** @throws CommandFailure if something arrived that is not what was sent */
    void check() {
        if (wrong != null) {
            throw CommandFailure.failed(wrong);
        }
    }

    private void await(CountDownLatch latch) {
        try {
            long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (!latch.await(10, TimeUnit.MILLISECONDS) && wrong == null) {
                if (System.nanoTime() - endNs > 0) {
                    throw CommandFailure.failed("of " + count + " packets of " + kind.title + " " + published
                            + " have arrived after " + PATIENCE_SECONDS + " s");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw CommandFailure.failed("interrupted while packets were under way", e);
        }
        check();
    }

    private void fill() {
        do {
            waiting.set(false);
            long end = Math.min(count, published + window);
            if (!send(end)) {
                return; // writable() goes on
            }
            waiting.set(sent < count);
        } while (waiting.get() && published + window / 2 >= sent);
    }

    /** @return false if there was no room for all of them */
    private boolean send(long end) {
        int unflushed = 0;
        boolean room = true;
        while (sent < end) {
            NetPacket packet = from.acquire(kind.bytes);
            room = packet != null;
            if (!room) {
                break;
            }
            packet.copyIn(0, frame, 0, frame.length);
            packet.putInt(NUMBER_AT, (int) sent);
            if (kind == Kind.LARGE) {
                packet.csumBlank(true);
                packet.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, SEGMENT_BYTES);
            }
            from.send(packet);
            sent++;
            if (++unflushed == BATCH) {
                from.flush();
                unflushed = 0;
            }
        }
        from.flush();
        if (sent == count) {
            sentAll.countDown();
        }
        return room;
    }

    private final class Sending implements NetworkDevice.Receiver {

        @Override
        public void received(NetPacket packet) {
            // Nobody sends here; what a network floods is not ours.
        }

        @Override
        public void writable() {
            fill();
        }
    }

    private final class Receiving implements NetworkDevice.Receiver {
        private long next;

        @Override
        public void received(NetPacket packet) {
            if (packet.length() != frame.length) {
                wrong = "a packet of " + packet.length() + " bytes arrived, all that were sent have " + frame.length;
                return;
            }
            long number = Integer.toUnsignedLong(packet.getInt(NUMBER_AT));
            packet.copyOut(0, seen, 0, seen.length);
            Arrays.fill(seen, NUMBER_AT, NUMBER_AT + 4, (byte) 0);
            if (!Arrays.equals(seen, frame)) {
                wrong = "packet " + number + " of " + kind.title + " arrived with other bytes, the first at "
                        + Arrays.mismatch(seen, frame);
            } else if (window == Integer.MAX_VALUE ? number < next : number != next) {
                wrong = "packet " + number + " of " + kind.title + " arrived, due was " + next;
            }
            next = number + 1;
            arrived++;
        }

        @Override
        public void receivedAll() {
            published = arrived;
            if (arrived == count) {
                arrivedAll.countDown();
            }
            if (waiting.get() && waiting.compareAndSet(true, false)) {
                senderLoop.execute(fill);
            }
        }
    }
}
