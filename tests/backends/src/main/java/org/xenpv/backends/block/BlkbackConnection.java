package org.xenpv.backends.block;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.PeerFault;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
import org.xenpv.xenbus.XenGuest;

/** The rings of one connection, from the moment they are mapped until they are unmapped. */
final class BlkbackConnection {

    /** Told that the frontend broke the protocol; closes the connection. */
    interface Faults {
        void broken(int queue, PeerFault fault);
    }

    private final XenGuest guest;
    private final Faults faults;
    private final List<Channel> channels = new ArrayList<>();

    private BlkbackConnection(XenGuest guest, Faults faults) {
        this.guest = guest;
        this.faults = faults;
    }

    /**
     * Maps the rings, binds the ports and begins to serve.
     *
     * @param persistentMax pages kept mapped per queue, 0 for none
     * @throws org.xenpv.fault.XenException if a ring cannot be mapped or a port not bound; nothing is left behind
     */
    static BlkbackConnection open(
            XenGuest guest,
            String name,
            int domid,
            BlkbackTransport transport,
            int persistentMax,
            BlkbackQueue.Traits traits,
            Faults faults) {
        BlkbackConnection connection = new BlkbackConnection(guest, faults);
        try {
            for (BlkbackTransport.Queue queue : transport.queues()) {
                connection.addChannel(name, domid, transport, queue, persistentMax, traits);
            }
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
        return connection;
    }

    private void addChannel(
            String name,
            int domid,
            BlkbackTransport transport,
            BlkbackTransport.Queue queue,
            int persistentMax,
            BlkbackQueue.Traits traits) {
        MappedPages ringPages = guest.mapper().map(domid, queue.grefs(), queue.grefs().length, GrantAccess.READ_WRITE);
        Channel channel = new Channel(channels.size(), ringPages);
        channels.add(channel); // from here on close() cleans up
        channel.queue = new BlkbackQueue(
                new BlkbackRing(ringPages.memory(), transport.abi()),
                new GuestPages(guest.mapper(), domid, persistentMax, traits.counters()),
                traits,
                channel);
        channel.port = guest.events().bindInterdomain(domid, queue.port());
        channel.registration = guest.loop().register(channel.port, name, channel.queue);
    }

    int queues() {
        return channels.size();
    }

    /** Requests taken and not answered. */
    int outstanding() {
        int all = 0;
        for (Channel channel : channels) {
            all += channel.queue.outstanding();
        }
        return all;
    }

    /** Pages kept mapped. */
    int persistentCount() {
        int all = 0;
        for (Channel channel : channels) {
            all += channel.queue.persistentCount();
        }
        return all;
    }

    void serviceAll() {
        for (Channel channel : List.copyOf(channels)) {
            channel.queue.serviceAll();
        }
    }

    /** Stops serving and unmaps everything. Requests in flight are not answered. Idempotent. */
    void close() {
        for (Channel channel : channels) {
            channel.close();
        }
        channels.clear();
    }

    /** One queue's place on the loop. */
    private final class Channel implements BlkbackQueue.Host {
        private final int index;
        private final MappedPages ringPages;
        private BlkbackQueue queue;
        private int port;
        private EventLoop.Registration registration;
        private EventLoop.Timer timer;
        private long timerNs;

        Channel(int index, MappedPages ringPages) {
            this.index = index;
            this.ringPages = ringPages;
        }

        @Override
        public void sendEvent() {
            guest.events().send(port);
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
            queue.serviceDue();
            long next = queue.nextDueNs();
            if (next != ServiceModel.NEVER) {
                wakeAt(next);
            }
        }

        @Override
        public void pollAgain() {
            guest.loop().ready(registration);
        }

        @Override
        public void broken(PeerFault fault) {
            faults.broken(index, fault);
        }

        void close() {
            if (timer != null) {
                timer.cancel();
            }
            if (queue != null) {
                queue.stop();
            }
            if (registration != null) {
                registration.cancel();
            }
            if (port != 0) {
                guest.events().close(port);
                port = 0;
            }
            ringPages.close();
        }
    }
}
