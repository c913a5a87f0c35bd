package org.xenpv.backends.net;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.PeerFault;
import org.xenpv.grant.CopyBatch;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.BackRing;
import org.xenpv.ring.SharedRing;
import org.xenpv.xenbus.XenGuest;

/** The rings of one connection, from the moment they are mapped until they are unmapped. */
final class NetbackConnection {

    /** How long frames wait for a frontend that sends no event when it posts buffers (as Linux). */
    private static final long BLIND_DRAIN_NS = TimeUnit.MILLISECONDS.toNanos(30);

    /** What happens on the rings that is not their own affair. */
    interface Events {

        /** A frame came from the guest. */
        void received(NetFrame frame);

        /** The burst it came in is over. */
        void receivedAll();

        /** A queue has stalled or recovered. */
        void stallChanged();

        /** The frontend broke the protocol; closes the connection. */
        void broken(String ring, PeerFault fault);
    }

    private final XenGuest guest;
    private final String name;
    private final int domid;
    private final NetbackConfig config;
    private final NetbackTransport transport;
    private final NetbackCounters counters;
    private final Events events;
    private final GroupFilter filter = new GroupFilter();
    private final NetbackHash hash = new NetbackHash();
    private final List<Channel> channels = new ArrayList<>();
    private Channel[] queues = {};
    private Control control;
    private FrameArena arena;
    private CopyBatch txCopies;
    private int stalled;

    private NetbackConnection(
            XenGuest guest,
            String name,
            int domid,
            NetbackConfig config,
            NetbackTransport transport,
            NetbackCounters counters,
            Events events) {
        this.guest = guest;
        this.name = name;
        this.domid = domid;
        this.config = config;
        this.transport = transport;
        this.counters = counters;
        this.events = events;
    }

    /**
     * Maps the rings, binds the ports and begins to serve.
     *
     * @throws org.xenpv.fault.XenException if a ring cannot be mapped, a port not bound, or memory is short; nothing is left behind
     */
    static NetbackConnection open(
            XenGuest guest,
            String name,
            int domid,
            NetbackConfig config,
            NetbackTransport transport,
            NetbackCounters counters,
            Events events) {
        NetbackConnection connection = new NetbackConnection(guest, name, domid, config, transport, counters, events);
        try {
            connection.open();
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
        return connection;
    }

    private void open() {
        filter.turn(transport.groupFilter());
        arena = new FrameArena(guest.mapper().copyPages(NetbackTxQueue.ARENA_PAGES));
        txCopies = guest.mapper().copyBatch(NetbackTxQueue.COPIES_MAX);
        for (NetbackTransport.Queue queue : transport.queues()) {
            Channel channel = new Channel(channels.size());
            channels.add(channel); // from here on close() cleans up
            channel.open(queue);
        }
        if (transport.control() != null) {
            control = new Control();
            control.open(transport.control());
        }
        queues = channels.toArray(new Channel[0]);
    }

    int queues() {
        return queues.length;
    }

    GroupFilter filter() {
        return filter;
    }

    NetbackHash hash() {
        return hash;
    }

    /** Queues whose guest posts no buffers. */
    int stalledQueues() {
        return stalled;
    }

    /** Frames that wait for buffers. */
    int backlogged() {
        int all = 0;
        for (Channel channel : channels) {
            all += channel.rx.backlogged();
        }
        return all;
    }

    /** Chooses a queue for the frame and sends it there; {@link #flush} publishes. */
    boolean send(NetFrame frame) {
        Channel[] all = queues;
        Channel queue = all[hash.select(frame, all.length)];
        queue.dirty = true;
        return queue.rx.send(frame);
    }

    void flush() {
        for (Channel queue : queues) {
            if (queue.dirty) {
                queue.dirty = false;
                queue.rx.flush();
            }
        }
    }

    void xdpHeadroom(int headroomBytes) {
        for (Channel channel : channels) {
            channel.rx.xdpHeadroom(headroomBytes);
        }
    }

    /** Stops serving and unmaps everything. Requests in flight are not answered. Idempotent. */
    void close() {
        queues = new Channel[0];
        for (Channel channel : channels) {
            channel.close();
        }
        channels.clear();
        if (control != null) {
            control.close();
            control = null;
        }
        if (txCopies != null) {
            txCopies.close();
            txCopies = null;
        }
        if (arena != null) {
            arena.close();
            arena = null;
        }
    }

    private MappedPages map(int gref) {
        return guest.mapper().map(domid, new int[] {gref}, 1, GrantAccess.READ_WRITE);
    }

    /** Attaches where the responses stand, as Linux does: 0 in a fresh ring. */
    private static BackRing attach(SharedMemory memory, int slotBytes) {
        return BackRing.attach(new SharedRing(memory, slotBytes), memory.getIntAcquire(SharedRing.RSP_PROD_OFFSET));
    }

    /** An event channel and its place on the loop. */
    private final class Line {
        private final int port;
        private EventLoop.Registration registration;

        Line(int remotePort) {
            port = guest.events().bindInterdomain(domid, remotePort);
        }

        void serve(EventLoop.Handler handler) {
            registration = guest.loop().register(port, name, handler);
        }

        void send() {
            guest.events().send(port);
        }

        void close() {
            if (registration != null) {
                registration.cancel();
            }
            guest.events().close(port);
        }
    }

    /** One queue's rings, ports and timer. */
    private final class Channel implements NetbackTxQueue.Host {
        private final int index;
        private final RxHost rxHost = new RxHost();
        private MappedPages txPages;
        private MappedPages rxPages;
        private NetbackTxQueue tx;
        private NetbackRxQueue rx;
        private Line txLine;
        private Line rxLine;
        private EventLoop.Timer timer;
        private long timerNs;
        private boolean dirty;

        Channel(int index) {
            this.index = index;
        }

        void open(NetbackTransport.Queue queue) {
            txPages = map(queue.txGref());
            rxPages = map(queue.rxGref());
            NetbackRxQueue.Terms terms = new NetbackRxQueue.Terms(
                    domid,
                    transport.rxNotify() ? config.rxDrainNs() : Math.min(BLIND_DRAIN_NS, config.rxDrainNs()),
                    transport.rxNotify() ? config.rxStallNs() : 0);
            BackRing rxRing = attach(rxPages.memory(), Netif.RX_SLOT_BYTES);
            FrameBacklog backlog = new FrameBacklog(guest.mapper().copyPages(config.rxQueuePages()));
            CopyBatch copies;
            try {
                copies = guest.mapper().copyBatch(rxRing.nrEnts());
            } catch (RuntimeException e) {
                backlog.close();
                throw e;
            }
            rx = new NetbackRxQueue(rxRing, terms, copies, backlog, guest.clock(), counters, rxHost);
            rx.xdpHeadroom(transport.xdpHeadroom());
            tx = new NetbackTxQueue(
                    attach(txPages.memory(), Netif.TX_SLOT_BYTES), domid, arena, txCopies, rules(), counters, this);
            txLine = new Line(queue.txPort());
            if (queue.rxPort() == queue.txPort()) {
                rxLine = txLine;
                txLine.serve(budget -> Math.min(budget, tx.poll(budget) + rx.poll(budget)));
            } else {
                rxLine = new Line(queue.rxPort());
                txLine.serve(tx::poll);
                rxLine.serve(rx::poll);
            }
        }

        private TxPacket.Rules rules() {
            return new TxPacket.Rules(
                    config.sg(),
                    config.csumV4(),
                    config.csumV6(),
                    config.gsoV4(),
                    config.gsoV6(),
                    config.multicastControl() || config.dynamicMulticastControl());
        }

        @Override
        public void sendEvent() {
            txLine.send();
        }

        @Override
        public void received(NetFrame frame) {
            events.received(frame);
        }

        @Override
        public void receivedAll() {
            events.receivedAll();
        }

        @Override
        public boolean addGroup(long mac) {
            return filter.add(mac);
        }

        @Override
        public void removeGroup(long mac) {
            filter.remove(mac);
        }

        @Override
        public void broken(PeerFault fault) {
            events.broken("queue " + index + ", transmit ring", fault);
        }

        void close() {
            if (timer != null) {
                timer.cancel();
                timer = null;
            }
            if (tx != null) {
                tx.stop();
            }
            if (rx != null) {
                stalled -= rx.isStalled() ? 1 : 0;
                rx.close();
            }
            if (txLine != null) {
                txLine.close();
            }
            if (rxLine != null && rxLine != txLine) {
                rxLine.close();
            }
            if (txPages != null) {
                txPages.close();
            }
            if (rxPages != null) {
                rxPages.close();
            }
        }

        /** The same channel as the receive ring sees it. */
        private final class RxHost implements NetbackRxQueue.Host {

            @Override
            public void sendEvent() {
                rxLine.send();
            }

            @Override
            public void wakeAt(long dueNs) {
                if (timer != null) {
                    if (timerNs - dueNs <= 0) {
                        return;
                    }
                    timer.cancel();
                }
                timerNs = dueNs;
                timer = guest.loop().at(dueNs, this::due);
            }

            private void due() {
                timer = null;
                rx.wake();
            }

            @Override
            public void stalled(boolean now) {
                stalled += now ? 1 : -1;
                events.stallChanged();
            }

            @Override
            public void broken(PeerFault fault) {
                events.broken("queue " + index + ", receive ring", fault);
            }
        }
    }

    /** The control ring's page and port. */
    private final class Control implements NetbackControl.Host {
        private MappedPages page;
        private NetbackControl ring;
        private Line line;

        void open(NetbackTransport.Control where) {
            page = map(where.gref());
            ring = new NetbackControl(
                    attach(page.memory(), Netif.CTRL_SLOT_BYTES),
                    domid,
                    guest.mapper(),
                    hash,
                    transport.queues().size(),
                    config,
                    counters,
                    this);
            line = new Line(where.port());
            line.serve(ring::poll);
        }

        @Override
        public void sendEvent() {
            line.send();
        }

        @Override
        public void broken(PeerFault fault) {
            events.broken("control ring", fault);
        }

        void close() {
            if (ring != null) {
                ring.stop();
            }
            if (line != null) {
                line.close();
            }
            if (page != null) {
                page.close();
            }
        }
    }
}
