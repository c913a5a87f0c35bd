package org.xenpv.netfront;

import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantTable;
import org.xenpv.grant.GrantedPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifCtrlRequest;
import org.xenpv.io.netif.NetifCtrlResponse;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;

/**
 * The control ring (xen/io/netif.h, Control ring), on which hashing is set up: one request at a time, each with a deadline. Key and mapping table
 * go through a page granted read-only for the life of the connection. If a step fails, hashing is switched off.
 *
 * <p>Owned by the event loop's thread.
 */
final class NetControl implements EventLoop.Handler {

    /** Told how setting up went. */
    interface Done {
        /** Once, unless it gave way to another. @param error null if all is as asked */
        void done(XenException error);

        /** After an error: the backend has said that it does not hash any more. */
        void undone();
    }

    /** The steps of setting up a hash, in the order they are taken. */
    private enum Step {
        ALGORITHM(Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM),
        SUPPORTED_TYPES(Netif.XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS),
        TYPES(Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS),
        KEY(Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_KEY),
        MAPPING_SIZE_MAX(Netif.XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE),
        MAPPING_SIZE(Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE),
        MAPPING(Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING),

        /** After any of them failed: a backend must not go on with half of what it was told. */
        NO_ALGORITHM(Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM);

        private final int type;

        Step(int type) {
            this.type = type;
        }
    }

    private final EventLoop loop;
    private final EventChannels events;
    private final NetCounters counters;
    private final NetBroken broken;
    private final long deadlineNs;
    private final GrantedPages ringPage;
    private final GrantedPages dataPage;
    private final FrontRing ring;
    private final int port;
    private EventLoop.Timer timer;
    private boolean live;
    private boolean released;
    private int id;
    private boolean pending;

    /** What is being set up; null between two. */
    private NetHash hash;

    private Step step;
    private Done done;
    private boolean givesWay;

    /** It begins once the request that is pending, of one that gave way or failed, has been answered. */
    private boolean begins;

    /** Nobody waits any more for the answer to the request that is pending. */
    private boolean givenUp;

    /** What failed and is to be undone; null if nothing is. */
    private Done undo;

    /** @throws XenException if there is no page or no port */
    NetControl(
            GrantTable grants,
            EventLoop loop,
            int otherendId,
            NetCounters counters,
            long deadlineNs,
            NetBroken broken) {
        this.loop = loop;
        this.events = loop.events();
        this.counters = counters;
        this.deadlineNs = deadlineNs;
        this.broken = broken;
        ringPage = grants.grant(otherendId, 1, GrantAccess.READ_WRITE, "vif ctrl ring");
        GrantedPages data = null;
        try {
            data = grants.grant(otherendId, 1, GrantAccess.READ_ONLY, "vif ctrl data");
            ring = FrontRing.init(new SharedRing(ringPage.memory(), Netif.CTRL_SLOT_BYTES));
            port = events.allocUnbound(otherendId);
        } catch (RuntimeException e) {
            if (data != null) {
                data.release();
            }
            ringPage.release();
            throw e;
        }
        dataPage = data;
    }

    int ringRef() {
        return ringPage.gref(0);
    }

    int port() {
        return port;
    }

    void connect() {
        live = true;
    }

    /**
     * Sets up a hash, step by step.
     *
     * @param yields whether it gives way to the next that is set up, and is told nothing then
     * @param whenDone told once
     * @throws IllegalStateException if another is being set up that does not give way
     */
    void setUp(NetHash wanted, boolean yields, Done whenDone) {
        if (hash != null && !givesWay) {
            throw new IllegalStateException("a hash is being set up");
        }
        hash = wanted;
        done = whenDone;
        givesWay = yields;
        if (!live) {
            finish(new XenPeerGoneException("the control ring is not connected"));
        } else if (!pending) {
            begin(Step.ALGORITHM);
        } else if (givenUp) {
            finish(new XenTimeoutException("control request id=" + id + " was given up and is not answered yet"));
        } else {
            begins = true;
        }
    }

    private void begin(Step next) {
        step = next;
        SharedMemory data = dataPage.memory();
        switch (next) {
            case ALGORITHM -> request(Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ, 0, 0);
            case NO_ALGORITHM -> request(Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE, 0, 0);
            case TYPES -> request(hash.types(), 0, 0);
            case KEY -> {
                data.copyIn(0, hash.key(), 0, hash.key().length);
                request(dataPage.gref(0), hash.key().length, 0);
            }
            case MAPPING_SIZE -> request(hash.entries(), 0, 0);
            case MAPPING -> {
                for (int i = 0; i < hash.entries(); i++) {
                    data.putInt(i * 4, hash.queue(i));
                }
                request(dataPage.gref(0), hash.entries(), 0);
            }
            case SUPPORTED_TYPES, MAPPING_SIZE_MAX -> request(0, 0, 0);
        }
    }

    private void request(int data0, int data1, int data2) {
        id = id + 1 & 0xffff;
        pending = true;
        givenUp = false;
        NetifCtrlRequest.put(ring.memory(), ring.nextRequest(), id, step.type, data0, data1, data2);
        if (ring.pushRequestsAndCheckNotify()) {
            counters.notificationsSent++;
            events.send(port);
        } else {
            counters.notificationsSuppressed++;
        }
        timer = loop.at(loop.clock().nanoTime() + deadlineNs, () -> {
            givenUp = true;
            failed(new XenTimeoutException(
                    "control request " + step + ": no answer for " + deadlineNs / 1_000_000 + " ms"));
        });
    }

    @Override
    public int poll(int budget) {
        int count = 0;
        while (count < budget && live) {
            int ready = ring.unconsumedResponses();
            if (ready == 0) {
                if (!ring.finalCheckForResponses()) {
                    break;
                }
                ready = ring.unconsumedResponses();
            }
            if (ready == FrontRing.BROKEN) {
                broken(ring.fault(), "ctrl rsp_prod, with " + ring.outstanding() + " requests outstanding");
                break;
            }
            count++;
            consume();
        }
        return count;
    }

    @Override
    public boolean awaiting() {
        return pending;
    }

    private void consume() {
        int at = ring.nextResponse();
        SharedMemory memory = ring.memory();
        memory.check(at, NetifCtrlResponse.SIZEOF, 4);
        int answeredId = NetifCtrlResponse.id(memory, at);
        int type = NetifCtrlResponse.type(memory, at);
        int status = NetifCtrlResponse.status(memory, at);
        int data = NetifCtrlResponse.data(memory, at);
        if (!pending || answeredId != id) {
            broken(PeerFault.ID_NOT_IN_FLIGHT, "ctrl id=" + answeredId);
        } else if (type != step.type) {
            broken(PeerFault.OPERATION_MISMATCH, "ctrl type=" + type + ", asked was " + step.type);
        } else {
            pending = false;
            timer.cancel();
            if (begins) {
                begins = false;
                undo = null;
                begin(Step.ALGORITHM);
            } else if (hash != null) {
                answered(status, data);
            } else {
                undo(status);
            }
        }
    }

    private void answered(int status, int data) {
        if (status != Netif.XEN_NETIF_CTRL_STATUS_SUCCESS) {
            failed(new XenException("control request " + step + ": refused with status " + status));
        } else if (step == Step.SUPPORTED_TYPES && (hash.types() & ~data) != 0) {
            failed(new XenException("hash types=0x" + Integer.toHexString(hash.types()) + ", the backend has 0x"
                    + Integer.toHexString(data)));
        } else if (step == Step.MAPPING_SIZE_MAX && Integer.compareUnsigned(hash.entries(), data) > 0) {
            failed(new XenException(
                    "mapping of " + hash.entries() + " entries, the backend takes " + Integer.toUnsignedString(data)));
        } else if (step == Step.MAPPING) {
            finish(null);
        } else {
            begin(Step.values()[step.ordinal() + 1]);
        }
    }

    /** While nobody waits: the late answer to a step that was given up, or that hashing is off. */
    private void undo(int status) {
        Done undone = undo;
        if (step != Step.NO_ALGORITHM && undone != null) {
            begin(Step.NO_ALGORITHM);
            return;
        }
        undo = null;
        if (undone != null && status == Netif.XEN_NETIF_CTRL_STATUS_SUCCESS) {
            undone.undone();
        }
    }

    /** The backend has done a part of it, perhaps: asks for that to be undone, as soon as it answers. */
    private void failed(XenException error) {
        if (hash == null) {
            return; // that it is undone was not answered in time
        }
        begins = false;
        undo = done;
        if (!pending) {
            begin(Step.NO_ALGORITHM);
        }
        finish(error);
    }

    private void finish(XenException error) {
        if (hash == null) {
            return;
        }
        hash = null;
        Done told = done;
        done = null;
        told.done(error);
    }

    private void broken(PeerFault fault, String detail) {
        counters.faults++;
        live = false;
        broken.broken(new XenProtocolException(fault, detail));
    }

    /** Touches the ring no more. @param reason what whoever waits for an answer is told; null if the connection was just lost */
    void stop(XenException reason) {
        live = false;
        pending = false;
        begins = false;
        undo = null;
        if (timer != null) {
            timer.cancel();
        }
        finish(reason != null ? reason : new XenPeerGoneException("the connection to the backend was lost"));
    }

    /** Gives port and pages back. Idempotent. @param portGone the port went with an earlier life of the domain */
    void release(boolean portGone) {
        if (released) {
            return;
        }
        released = true;
        live = false;
        if (!portGone) {
            events.close(port);
        }
        dataPage.release();
        ringPage.release();
    }
}
