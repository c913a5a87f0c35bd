package org.xenpv.backends.net;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.xenpv.event.Clock;
import org.xenpv.grant.GrantMapper;

/**
 * An Ethernet switch between any number of ports: learns where addresses are, sends to the one port where the destination is, and
 * to all others if it is unknown or a group.
 *
 * <p>Ports without carrier are passed over. What a port cannot take is done for it: frames are segmented, checksums filled in. Which
 * groups a guest wants to hear is the port's affair. There is no spanning tree: do not make loops.
 *
 * <p>Frames are passed on without copying. Owned by one thread, the loop's; nothing is allocated per frame.
 */
public final class LearningSwitch implements NetworkFabric, AutoCloseable {

    /** Addresses remembered. */
    public static final int ADDRESSES_DEFAULT = 4096;

    /** How long Linux's bridge remembers an address. */
    public static final long AGE_NS_DEFAULT = TimeUnit.SECONDS.toNanos(300);

    private final Clock clock;
    private final MacTable addresses;
    private final OffloadFallback fallback;
    private Socket[] sockets = {};
    private int nextNumber;
    private long nowNs;
    private boolean nowKnown;
    private boolean closed;

    /** @param mapper gives out the memory for segments, such that netbacks need not copy them */
    public LearningSwitch(Clock clock, GrantMapper mapper) {
        this(clock, mapper, ADDRESSES_DEFAULT, AGE_NS_DEFAULT);
    }

    /**
     * @param addressesMax how many addresses are remembered at most: a power of two, at least 8
     * @param ageNs for how long after an address was last seen
     */
    public LearningSwitch(Clock clock, GrantMapper mapper, int addressesMax, long ageNs) {
        this.clock = clock;
        this.addresses = new MacTable(addressesMax, ageNs);
        this.fallback = new OffloadFallback(mapper.copyPages(OffloadFallback.PAGES), this::flushAll);
    }

    @Override
    public void attach(NetworkPort port) {
        if (closed) {
            throw new IllegalStateException("the switch is closed");
        }
        if (find(port) != null) {
            throw new IllegalArgumentException("port=" + port + ", is attached already");
        }
        Socket socket = new Socket(port, nextNumber++);
        Socket[] more = Arrays.copyOf(sockets, sockets.length + 1);
        more[sockets.length] = socket;
        sockets = more;
        port.plug(socket);
    }

    @Override
    public void detach(NetworkPort port) {
        Socket socket = find(port);
        if (socket == null) {
            return;
        }
        port.plug(null);
        addresses.forget(socket.number);
        socket.attached = false;
        Socket[] fewer = new Socket[sockets.length - 1];
        int count = 0;
        for (Socket other : sockets) {
            if (other != socket) {
                fewer[count++] = other;
            }
        }
        sockets = fewer;
    }

    private Socket find(NetworkPort port) {
        for (Socket socket : sockets) {
            if (socket.port == port) {
                return socket;
            }
        }
        return null;
    }

    /** Ports attached. */
    public int ports() {
        return sockets.length;
    }

    /** Addresses known now. */
    public int addresses() {
        return addresses.size(clock.nanoTime());
    }

    /** The port where an address was last seen, or null. */
    public NetworkPort portOf(long mac) {
        Socket socket = byNumber(addresses.find(mac, clock.nanoTime()));
        return socket == null ? null : socket.port;
    }

    /** @throws IllegalArgumentException if the port is not attached */
    public SwitchPortStats stats(NetworkPort port) {
        Socket socket = find(port);
        if (socket == null) {
            throw new IllegalArgumentException("port=" + port + ", is not attached");
        }
        return socket.stats();
    }

    /** Frames cut into segments for a port that could not take them whole. */
    public long segmented() {
        return fallback.segmented();
    }

    /** Checksums filled in for ports that could not. */
    public long checksumsFilled() {
        return fallback.filled();
    }

    private Socket byNumber(int number) {
        if (number == MacTable.NONE) {
            return null;
        }
        for (Socket socket : sockets) {
            if (socket.number == number) {
                return socket;
            }
        }
        return null;
    }

    /** One look at the clock per burst. */
    private long now() {
        if (!nowKnown) {
            nowNs = clock.nanoTime();
            nowKnown = true;
        }
        return nowNs;
    }

    private void flushAll() {
        for (Socket socket : sockets) {
            if (socket.dirty) {
                socket.dirty = false;
                socket.port.flush();
            }
        }
    }

    private void flood(Socket from, NetFrame frame) {
        Socket[] all = sockets;
        if (frame.csumBlank()) {
            for (Socket to : all) { // the ports share the bytes, so it is done for all or for none
                if (to != from && to.port.carrier() && fallback.mustFill(to.port, frame)) {
                    fallback.fill(frame);
                    break;
                }
            }
        }
        for (Socket to : all) {
            if (to != from && to.port.carrier()) {
                send(to, frame);
            }
        }
    }

    private void send(Socket to, NetFrame frame) {
        to.dirty = true;
        boolean taken = fallback.send(to.port, frame);
        to.dirty = true; // it may have flushed for want of memory, and gone on
        if (taken) {
            to.framesOut++;
            to.bytesOut += frame.length();
        } else {
            to.refused++;
        }
    }

    /** Unplugs every port. Idempotent. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            for (Socket socket : sockets) {
                detach(socket.port);
            }
            fallback.close();
        }
    }

    /** Our end of a port. */
    private final class Socket implements NetworkPort.Sink {
        private final NetworkPort port;
        private final int number;
        private boolean attached = true;
        private boolean dirty;
        private long framesIn;
        private long bytesIn;
        private long framesOut;
        private long bytesOut;
        private long flooded;
        private long notForwarded;
        private long refused;

        Socket(NetworkPort port, int number) {
            this.port = port;
            this.number = number;
        }

        @Override
        public void received(NetFrame frame) {
            if (!attached) {
                return;
            }
            framesIn++;
            bytesIn += frame.length();
            if (frame.length() < FrameHeaders.ETHERNET_BYTES || (frame.u8(6) & 1) != 0) {
                notForwarded++;
                return;
            }
            addresses.learn(frame.source(), number, now());
            Socket to = frame.toGroup() ? null : byNumber(addresses.find(frame.destination(), now()));
            if (to == null) {
                flooded++;
                flood(this, frame);
            } else if (to == this) {
                notForwarded++;
            } else {
                LearningSwitch.this.send(to, frame);
            }
        }

        @Override
        public void receivedAll() {
            flushAll();
            fallback.flushed();
            nowKnown = false;
        }

        @Override
        public boolean ready() {
            boolean somebody = false;
            for (Socket other : sockets) {
                if (other != this && other.port.carrier()) {
                    if (!other.port.ready()) {
                        return false;
                    }
                    somebody = true;
                }
            }
            return somebody;
        }

        SwitchPortStats stats() {
            return new SwitchPortStats(framesIn, bytesIn, framesOut, bytesOut, flooded, notForwarded, refused);
        }
    }
}
