package org.xenpv.netfront;

import java.util.function.Consumer;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.xenbus.KeySnapshot;
import org.xenpv.xenbus.XenGuest;

/**
 * One connection to a backend, from its first granted page to its last: queues, their event channels, the pages packets are sent from, the control
 * ring. A reconnect makes a new one. Every step can fail, and {@link #release} gives back whatever there is by then.
 */
final class NetConnection {

    private static final int NO_PORT = -1;

    private final XenGuest guest;
    private final int otherendId;
    private final NetfrontFeatures features;
    private final NetfrontConfig config;
    private final NetTxQueue[] tx;
    private final NetRxQueue[] rx;

    /** Of the queue's transmit ring, or of both its rings. */
    private final int[] txPort;

    private final int[] rxPort;
    private NetControl control;
    private RxTerms terms;
    private TxPages pages;
    private EventLoop.Registration[] registrations = {};
    private Consumer<NetPacket> sink;
    private Runnable batchEnd;
    private boolean live;
    private boolean hashing;
    private boolean released;

    private NetConnection(XenGuest guest, int otherendId, NetfrontFeatures features, NetfrontConfig config) {
        this.guest = guest;
        this.otherendId = otherendId;
        this.features = features;
        this.config = config;
        int queues = features.queues();
        tx = new NetTxQueue[queues];
        rx = new NetRxQueue[queues];
        txPort = new int[queues];
        rxPort = new int[queues];
        for (int i = 0; i < queues; i++) {
            txPort[i] = NO_PORT;
            rxPort[i] = NO_PORT;
        }
    }

    /**
     * Makes the rings and ports that are to be published, or nothing.
     *
     * @throws org.xenpv.fault.XenException if the grant table or the hypervisor refuses
     */
    static NetConnection open(
            XenGuest guest,
            int otherendId,
            NetfrontFeatures features,
            NetfrontConfig config,
            NetCounters counters,
            NetBroken broken) {
        NetConnection made = new NetConnection(guest, otherendId, features, config);
        try {
            for (int i = 0; i < features.queues(); i++) {
                made.tx[i] = new NetTxQueue(guest.grants(), guest.events(), otherendId, counters, broken);
                made.rx[i] = new NetRxQueue(guest.grants(), guest.events(), otherendId, counters, broken);
                made.txPort[i] = guest.events().allocUnbound(otherendId);
                made.rxPort[i] =
                        features.splitEventChannels() ? guest.events().allocUnbound(otherendId) : made.txPort[i];
            }
            if (features.ctrlRing()) {
                made.control = new NetControl(
                        guest.grants(), guest.loop(), otherendId, counters, config.handshakeNs(), broken);
            }
        } catch (RuntimeException e) {
            made.release(false);
            throw e;
        }
        return made;
    }

    /** Says what the backend has to know, and takes away what an earlier connection had said. */
    void publish(KeySnapshot.Writer keys) {
        boolean sg = config.wants(NetFeature.SCATTER_GATHER);
        boolean v4 = config.wants(NetFeature.CSUM_V4);
        boolean v6 = config.wants(NetFeature.CSUM_V6);
        keys.put(NetifKeys.REQUEST_RX_COPY, true);
        keys.put(NetifKeys.FEATURE_RX_NOTIFY, true);
        keys.put(NetifKeys.FEATURE_SG, sg);
        keys.put(NetifKeys.FEATURE_NO_CSUM_OFFLOAD, !v4);
        keys.put(NetifKeys.FEATURE_IPV6_CSUM_OFFLOAD, v6);
        keys.put(NetifKeys.FEATURE_GSO_TCPV4, sg && v4 && config.wants(NetFeature.GSO_V4));
        keys.put(NetifKeys.FEATURE_GSO_TCPV6, sg && v6 && config.wants(NetFeature.GSO_V6));
        keys.put(NetifKeys.XDP_HEADROOM, features.xdpHeadroomBytes());
        if (control != null) {
            keys.put(NetifKeys.CTRL_RING_REF, Integer.toUnsignedLong(control.ringRef()));
            keys.put(NetifKeys.EVENT_CHANNEL_CTRL, control.port());
        } else {
            keys.remove(NetifKeys.CTRL_RING_REF);
            keys.remove(NetifKeys.EVENT_CHANNEL_CTRL);
        }
        boolean several = tx.length > 1;
        if (several) {
            keys.put(NetifKeys.MULTI_QUEUE_NUM_QUEUES, tx.length);
            for (String key : QUEUE_KEYS) {
                keys.remove(key);
            }
        } else {
            keys.remove(NetifKeys.MULTI_QUEUE_NUM_QUEUES);
        }
        for (int i = 0; i < tx.length; i++) {
            publishQueue(i, several ? NetifKeys.queue(i) + "/" : "", keys);
        }
    }

    private static final String[] QUEUE_KEYS = {
        NetifKeys.TX_RING_REF,
        NetifKeys.RX_RING_REF,
        NetifKeys.EVENT_CHANNEL,
        NetifKeys.EVENT_CHANNEL_TX,
        NetifKeys.EVENT_CHANNEL_RX
    };

    private void publishQueue(int queue, String directory, KeySnapshot.Writer keys) {
        keys.put(directory + NetifKeys.TX_RING_REF, Integer.toUnsignedLong(tx[queue].ringRef()));
        keys.put(directory + NetifKeys.RX_RING_REF, Integer.toUnsignedLong(rx[queue].ringRef()));
        if (features.splitEventChannels()) {
            keys.put(directory + NetifKeys.EVENT_CHANNEL_TX, txPort[queue]);
            keys.put(directory + NetifKeys.EVENT_CHANNEL_RX, rxPort[queue]);
            keys.remove(directory + NetifKeys.EVENT_CHANNEL);
        } else {
            keys.put(directory + NetifKeys.EVENT_CHANNEL, txPort[queue]);
            keys.remove(directory + NetifKeys.EVENT_CHANNEL_TX);
            keys.remove(directory + NetifKeys.EVENT_CHANNEL_RX);
        }
    }

    /**
     * The backend is connected: allocates pages and goes live. What fails half-way is given back by {@link #release}.
     *
     * @param mtu see {@link #mtu}
     * @param copy where received packets are copied to; null if their pages are taken back instead
     * @param receiver is handed every packet
     * @param whenAllReceived is told after a run of them
     */
    void connect(String name, int mtu, RxCopy copy, Consumer<NetPacket> receiver, Runnable whenAllReceived) {
        sink = receiver;
        batchEnd = whenAllReceived;
        terms = new RxTerms(features, config, mtu);
        pages = new TxPages(guest.grants(), otherendId, config.txPages());
        for (int i = 0; i < tx.length; i++) {
            tx[i].connect(txPort[i], pages);
            rx[i].connect(guest.grants(), otherendId, rxPort[i], terms, copy);
        }
        live = true;
        boolean split = features.splitEventChannels();
        registrations = new EventLoop.Registration[tx.length * (split ? 2 : 1) + (control == null ? 0 : 1)];
        int count = 0;
        for (int i = 0; i < tx.length; i++) {
            int queue = i;
            if (split) {
                registrations[count++] = register(txPort[i], name, budget -> pollTx(queue, budget));
                registrations[count++] = register(rxPort[i], name, budget -> pollRx(queue, budget));
            } else {
                // Whichever did the whole of its budget may have more.
                registrations[count++] =
                        register(txPort[i], name, budget -> Math.max(pollTx(queue, budget), pollRx(queue, budget)));
            }
        }
        if (control != null) {
            control.connect();
            registrations[count] = guest.loop().register(control.port(), name, control);
        }
    }

    private interface Poll {
        int poll(int budget);
    }

    private EventLoop.Registration register(int port, String name, Poll poll) {
        return guest.loop().register(port, name, new EventLoop.Handler() {
            @Override
            public int poll(int budget) {
                return poll.poll(budget);
            }

            @Override
            public boolean awaiting() {
                return live; // a lost event must not stop what comes in
            }
        });
    }

    private int pollTx(int queue, int budget) {
        int done = tx[queue].poll(budget);
        if (done == 0) {
            tx[queue].nudge(guest.loop().nowNs());
        }
        return done;
    }

    private int pollRx(int queue, int budget) {
        int done = rx[queue].poll(budget, sink);
        if (done > 0) {
            batchEnd.run();
        }
        return done;
    }

    /** What received frames are measured by. */
    void mtu(int mtu) {
        terms.mtu(mtu);
    }

    boolean isLive() {
        return live;
    }

    /**
     * A packet to fill, or null if there are not enough pages, or not enough slots in any of the rings, as nobody knows which it will
     * take: what has been answered is looked for first.
     */
    NetPacket take(int lengthBytes) {
        if (!live) {
            return null;
        }
        int pagesNeeded = TxPages.count(lengthBytes);
        if (!fits(pagesNeeded)) {
            for (NetTxQueue queue : tx) {
                queue.reap();
            }
            if (!fits(pagesNeeded)) {
                return null;
            }
        }
        return pages.take(lengthBytes);
    }

    private boolean fits(int pagesNeeded) {
        return live && pages.free() >= pagesNeeded && allFit(slots(pagesNeeded));
    }

    /** The most slots that a packet of so many pages takes: two may carry extra information. */
    private static int slots(int fragments) {
        return fragments + 2;
    }

    private boolean allFit(int slots) {
        for (NetTxQueue queue : tx) {
            if (!queue.fits(slots)) {
                return false;
            }
        }
        return true;
    }

    boolean owns(TxPages pool) {
        return live && pool == pages;
    }

    /**
     * Whether it is worth telling who waits: what is needed is free, and as many pages as the backend has, and half of every ring, in
     * which the longest packet fits. Pages of packets that are being filled do not count: they come back when they are sent or given back.
     */
    boolean hasRoom(int pagesNeeded) {
        if (!live || pages.free() < Math.max(pagesNeeded, pages.inFlight())) {
            return false;
        }
        for (NetTxQueue queue : tx) {
            if (!queue.isHalfFree()) {
                return false;
            }
        }
        return true;
    }

    boolean send(NetPacket packet, PacketHeaders headers, FlowHash flowHash) {
        int queue = tx.length == 1 ? 0 : Integer.remainderUnsigned(flowHash.of(packet, headers), tx.length);
        NetTxQueue to = tx[queue];
        int slots = slots(packet.fragments());
        if (!to.fits(slots)) {
            to.reap();
            if (!to.fits(slots)) {
                return false;
            }
        }
        to.send(packet, hashing);
        return true;
    }

    void flush() {
        for (NetTxQueue queue : tx) {
            queue.push();
        }
    }

    /** @return false if there is no room: to be tried again */
    boolean filter(MacAddress group, boolean add) {
        if (!tx[0].fits(2)) {
            return false;
        }
        tx[0].filter(group, add);
        tx[0].push();
        return true;
    }

    /** @param givesWay as with {@link NetControl#setUp} */
    void hash(NetHash wanted, boolean givesWay, NetfrontDevice.HashDone whenDone) {
        hashes(true); // the backend may begin before it has answered the last step
        control.setUp(wanted, givesWay, new NetControl.Done() {
            @Override
            public void done(XenException error) {
                hashing = error == null;
                whenDone.done(error);
            }

            @Override
            public void undone() {
                hashes(false);
            }
        });
    }

    private void hashes(boolean on) {
        for (NetRxQueue queue : rx) {
            queue.hashes(on);
        }
    }

    /** Touches the rings no more. @param reason as with {@link NetControl#stop} */
    void stop(XenException reason) {
        live = false;
        for (EventLoop.Registration registration : registrations) {
            if (registration != null) { // the first that failed, and those after it
                registration.cancel();
            }
        }
        registrations = new EventLoop.Registration[0];
        for (int i = 0; i < tx.length; i++) {
            tx[i].stop();
            rx[i].stop();
        }
        if (control != null) {
            control.stop(reason);
        }
    }

    /** Closes ports and gives pages back, or to quarantine. Idempotent. @param portsGone as with {@link NetControl#release} */
    void release(boolean portsGone) {
        if (released) {
            return;
        }
        released = true;
        live = false;
        for (int i = 0; i < tx.length; i++) {
            if (!portsGone && txPort[i] != NO_PORT) {
                guest.events().close(txPort[i]);
            }
            if (!portsGone && rxPort[i] != NO_PORT && rxPort[i] != txPort[i]) {
                guest.events().close(rxPort[i]);
            }
            if (tx[i] != null) {
                tx[i].release();
            }
            if (rx[i] != null) {
                rx[i].release();
            }
        }
        if (control != null) {
            control.release(portsGone);
        }
        if (pages != null) {
            pages.release();
        }
    }
}
