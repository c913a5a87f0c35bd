package org.xenpv.blkfront;

import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.io.blkif.BlkifAbi;
import org.xenpv.io.blkif.BlkifKeys;
import org.xenpv.xenbus.FrontendDriver;
import org.xenpv.xenbus.FrontendStateMachine;
import org.xenpv.xenbus.KeySnapshot;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenbusFrontend;

/**
 * A disk: connects to its backend, takes operations, survives the backend's restart and our own suspend.
 *
 * <p>The core of the driver: asynchronous, owned by the event loop's thread, without threads, locks or futures of its
 * own. A program on the JVM uses {@link Blkfront} on top of it.
 */
public final class BlkfrontDevice {

    /** What a program is told about its disk. */
    public interface Listener {
        /** It can be used; also after every reconnection. */
        void connected(BlkGeometry geometry);

        /** Its size changed while in use. */
        void resized(BlkGeometry geometry);

        /**
         * It is gone for good; all operations have been failed.
         *
         * @param reason null if it was closed by {@link #close()}
         */
        void ended(XenException reason);
    }

    private final XenGuest guest;
    private final BlkfrontConfig config;
    private final Listener listener;
    private final XenbusFrontend xenbus;
    private final BlkCounters counters = new BlkCounters();
    private final BlkScheduler scheduler;
    private final EventLoop.Source pump;

    private final BlkQueue.Broken queueBroken = new BlkQueue.Broken() {
        @Override
        public void broken(XenProtocolException cause) {
            xenbus.fail(cause);
        }

        @Override
        public void threw(Throwable error) {
            BlkfrontDevice.this.threw(error);
        }
    };

    private BlkfrontFeatures features;
    private BlkGeometry geometry;
    private BlkQueue[] queues = {};
    private EventLoop.Registration[] registrations = {};
    private EventLoop.Timer deadline;
    private Runnable drained;
    private boolean closing;

    /** The connection is being closed by us: what has been submitted is finished first. */
    private boolean finishing;

    private boolean ended;
    private boolean connectedBefore;
    /** Why nothing is taken any more; null if we closed it, or it is in service. */
    private XenException broken;

    /** @param nodename e.g. {@code device/vbd/51712} */
    public BlkfrontDevice(XenGuest guest, String nodename, BlkfrontConfig config, Listener listener) {
        this.guest = guest;
        this.config = config;
        this.listener = listener;
        this.scheduler = new BlkScheduler(config, counters, this::threw);
        this.pump = this::pump;
        this.xenbus = new XenbusFrontend(guest, nodename, new Handshake(), config.handshakeNs());
    }

    /** Begins to connect; {@link Listener#connected} or {@link Listener#ended} tells how it went. */
    public void start() {
        guest.loop().addSource(pump);
        xenbus.start();
    }

    public String nodename() {
        return xenbus.nodename();
    }

    /** Null before the first connection. */
    public BlkGeometry geometry() {
        return geometry;
    }

    /** Null before the first negotiation. */
    public BlkfrontFeatures features() {
        return features;
    }

    public BlkStats stats() {
        return counters.snapshot();
    }

    /** Whether requests can be put on rings now. */
    public boolean isConnected() {
        return registrations.length > 0;
    }

    /** How many queues the connection has; 0 while there is none. */
    public int queues() {
        return queues.length;
    }

    /**
     * A ring of the present connection, for programs that fill requests themselves. It ends with the connection: every
     * request in flight is then completed as {@link BlkRequest#LOST}.
     */
    public BlkQueue queue(int index) {
        if (index < 0 || index >= queues.length) {
            throw new IllegalArgumentException("queue=" + index + ", must be below " + queues.length);
        }
        return queues[index];
    }

    /**
     * Takes an operation; it is issued, with others, before the loop waits again. One that cannot be done for the time
     * being (the backend restarts) waits.
     *
     * @throws IllegalArgumentException if it does not lie within the disk or is not made of whole sectors
     * @throws IllegalStateException if the operation is in flight, the disk is read-only, or was never connected
     * @throws XenException if the device is closed, gone or broken, or has too many operations waiting
     */
    public void submit(BlkOp op) {
        if (ended || closing || broken != null) {
            throw broken != null ? broken : new XenPeerGoneException(nodename() + " is closed");
        }
        if (geometry == null) {
            throw new IllegalStateException(nodename() + " is not connected yet");
        }
        geometry.check(nodename(), op);
        if (scheduler.size() >= config.operationsMax()) {
            throw new XenException(
                    nodename() + ": operations=" + scheduler.size() + " waiting, limit " + config.operationsMax());
        }
        scheduler.add(op, guest.loop().nowNs());
        armDeadline();
    }

    /**
     * Ends an operation as far as possible: what has not been issued of it will not be. If any of it is in flight its
     * data may still be asked for when the connection is lost, and is to refuse. Idempotent.
     */
    void withdraw(BlkOp op) {
        scheduler.withdraw(op);
    }

    /** Finishes what has been submitted, closes the device; {@link Listener#ended} tells when. Idempotent. */
    public void close() {
        if (!closing && !ended) {
            closing = true;
            xenbus.close();
        }
    }

    private boolean pump() {
        boolean any = scheduler.pump();
        if (drained != null && inFlight() == 0 && (!finishing || scheduler.isEmpty())) {
            Runnable then = drained;
            drained = null;
            then.run();
            return true;
        }
        return any;
    }

    private int inFlight() {
        int inFlight = 0;
        for (BlkQueue queue : queues) {
            inFlight += queue.inFlight();
        }
        return inFlight;
    }

    private void armDeadline() {
        if (deadline == null && !scheduler.isEmpty()) {
            deadline = guest.loop().at(scheduler.deadlineNs(), () -> {
                deadline = null;
                expire(guest.loop().nowNs());
                armDeadline();
            });
        }
    }

    /** If this domain stood still nobody is late: what could not be issued meanwhile least of all. */
    private void expire(long nowNs) {
        if (!scheduler.isEmpty() && nowNs - scheduler.deadlineNs() > EventLoop.STOOD_STILL_NS) {
            scheduler.renewDeadlines(nowNs);
        }
        scheduler.expire(nowNs);
    }

    private int poll(BlkQueue queue, int budget) {
        int done = queue.poll(budget);
        if (done > 0) {
            pump();
        } else {
            queue.nudge(guest.loop().nowNs());
        }
        return done;
    }

    private void tell(Runnable listenerCall) {
        try {
            listenerCall.run();
        } catch (Throwable error) {
            threw(error);
        }
    }

    /** A program's own code threw when it was told something. */
    private void threw(Throwable error) {
        guest.loop().report(nodename(), error);
    }

    /** What happens on xenbus. */
    private final class Handshake implements FrontendDriver {

        @Override
        public String[] backendKeys() {
            String[] keys = new String[BlkfrontFeatures.KEYS.length + BlkGeometry.KEYS.length];
            System.arraycopy(BlkfrontFeatures.KEYS, 0, keys, 0, BlkfrontFeatures.KEYS.length);
            System.arraycopy(BlkGeometry.KEYS, 0, keys, BlkfrontFeatures.KEYS.length, BlkGeometry.KEYS.length);
            return keys;
        }

        @Override
        public String[] frontendKeys() {
            return new String[] {BlkifKeys.VIRTUAL_DEVICE};
        }

        @Override
        public void publish(int otherendId, KeySnapshot backend, KeySnapshot frontend, KeySnapshot.Writer keys) {
            features = BlkfrontFeatures.parse(backend, config);
            int handle = (int) frontend.number(BlkifKeys.VIRTUAL_DEVICE, 0, 0xffff_ffffL) & 0xffff;
            queues = open(otherendId, handle);
            keys.put(BlkifKeys.PROTOCOL, BlkifAbi.X86_64.protocol());
            // What we want, not what was agreed: Linux's backend offers it only once it is connected.
            keys.put(BlkifKeys.FEATURE_PERSISTENT, config.persistentGrants());
            if (features.ringPageOrder() > 0) {
                keys.put(BlkifKeys.RING_PAGE_ORDER, features.ringPageOrder());
            } else {
                keys.remove(BlkifKeys.RING_PAGE_ORDER);
            }
            if (queues.length > 1) {
                keys.put(BlkifKeys.MULTI_QUEUE_NUM_QUEUES, queues.length);
            } else {
                keys.remove(BlkifKeys.MULTI_QUEUE_NUM_QUEUES);
            }
            for (int i = 0; i < queues.length; i++) {
                publishQueue(queues[i], queues.length > 1 ? BlkifKeys.queue(i) + "/" : "", keys);
            }
        }

        /** All of them or none. */
        private BlkQueue[] open(int otherendId, int handle) {
            BlkQueue[] fresh = new BlkQueue[features.queues()];
            int opened = 0;
            try {
                for (; opened < fresh.length; opened++) {
                    fresh[opened] = new BlkQueue(
                            guest.grants(),
                            guest.events(),
                            otherendId,
                            handle,
                            features.ringPageOrder(),
                            config,
                            counters,
                            queueBroken);
                }
            } catch (RuntimeException | Error e) {
                for (int i = 0; i < opened; i++) {
                    fresh[i].release(false);
                }
                throw e;
            }
            return fresh;
        }

        private void publishQueue(BlkQueue queue, String directory, KeySnapshot.Writer keys) {
            if (queue.ringPages() == 1) {
                keys.put(directory + BlkifKeys.RING_REF, Integer.toUnsignedLong(queue.ringRef(0)));
            } else {
                for (int page = 0; page < queue.ringPages(); page++) {
                    keys.put(directory + BlkifKeys.ringRef(page), Integer.toUnsignedLong(queue.ringRef(page)));
                }
            }
            keys.put(directory + BlkifKeys.EVENT_CHANNEL, queue.port());
        }

        @Override
        public void connected(KeySnapshot backend) {
            geometry = BlkGeometry.parse(backend, config.units());
            features = features.connected(BlkfrontFeatures.parse(backend, config));
            for (BlkQueue queue : queues) {
                queue.connect(geometry, features);
            }
            registrations = register();
            if (connectedBefore) {
                counters.reconnects++;
            }
            connectedBefore = true;
            scheduler.queues(queues);
            scheduler.shrink(geometry.sectors());
            tell(() -> listener.connected(geometry));
        }

        /** All queues' ports or none. */
        private EventLoop.Registration[] register() {
            EventLoop.Registration[] fresh = new EventLoop.Registration[queues.length];
            int registered = 0;
            try {
                for (; registered < fresh.length; registered++) {
                    fresh[registered] = register(queues[registered]);
                }
            } catch (RuntimeException | Error e) {
                for (int i = 0; i < registered; i++) {
                    fresh[i].cancel();
                }
                throw e;
            }
            return fresh;
        }

        private EventLoop.Registration register(BlkQueue queue) {
            return guest.loop().register(queue.port(), nodename(), new EventLoop.Handler() {
                @Override
                public int poll(int budget) {
                    return BlkfrontDevice.this.poll(queue, budget);
                }

                @Override
                public boolean awaiting() {
                    return queue.inFlight() > 0;
                }
            });
        }

        @Override
        public void refresh(KeySnapshot backend) {
            BlkGeometry now = BlkGeometry.parse(backend, config.units());
            if (now.sectorBytes() != geometry.sectorBytes()) {
                throw new XenConfigException(
                        BlkifKeys.SECTOR_SIZE,
                        Integer.toString(now.sectorBytes()),
                        geometry.sectorBytes() + " as before while connected");
            }
            if (now.sectors() == geometry.sectors()) {
                return;
            }
            geometry = now;
            for (BlkQueue queue : queues) {
                queue.resize(now);
            }
            scheduler.shrink(now.sectors());
            tell(() -> listener.resized(now));
        }

        @Override
        public void failed(XenException reason) {
            broken = reason;
            scheduler.failAll(reason);
        }

        @Override
        public void drain(Runnable whenDrained) {
            drained = whenDrained;
            finishing = closing;
            if (!closing) {
                scheduler.queues(new BlkQueue[0]); // what is not on the ring yet waits for the next connection
            }
        }

        @Override
        public void stop() {
            for (EventLoop.Registration registration : registrations) {
                registration.cancel();
            }
            boolean wasConnected = registrations.length > 0;
            drained = null;
            registrations = new EventLoop.Registration[0];
            scheduler.queues(new BlkQueue[0]);
            for (BlkQueue queue : queues) {
                queue.stop();
                queue.lose();
            }
            if (broken != null) {
                scheduler.failAll(broken);
            } else if (wasConnected && !config.reissue()) {
                scheduler.failAll(new XenPeerGoneException(nodename() + ": the connection to the backend was lost"));
            } else {
                scheduler.restart(
                        wasConnected && xenbus.phase() == FrontendStateMachine.Phase.INIT && !xenbus.isResuming());
            }
        }

        @Override
        public void release(boolean resumed) {
            for (BlkQueue queue : queues) {
                queue.release(resumed);
            }
            queues = new BlkQueue[0];
        }

        @Override
        public void ended(XenException reason) {
            ended = true;
            if (broken == null) {
                broken = reason;
            }
            guest.loop().removeSource(pump);
            if (deadline != null) {
                deadline.cancel();
            }
            scheduler.failAll(reason != null ? reason : new XenPeerGoneException(nodename() + " is closed"));
            tell(() -> listener.ended(reason));
        }
    }
}
