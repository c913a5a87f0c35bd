package org.xenpv.event.abi;

import java.util.concurrent.atomic.AtomicInteger;
import org.xenpv.fault.XenOpException;
import org.xenpv.memory.SharedMemory;

/**
 * EVTCHNOP_* as methods. Any thread may call any of them: each call takes one of up to 32 argument areas for its
 * duration, so no two threads write the same struct.
 */
final class EventChannelCalls {

    private static final int AREAS_MAX = 32;

    private final EventChannelOp op;
    private final SharedMemory args;
    /** One bit per argument area that is free. */
    private final AtomicInteger free;

    /** @param args memory the hypervisor can read: 32 bytes per call under way at once */
    EventChannelCalls(EventChannelOp op, SharedMemory args) {
        int areas = Math.min(args.sizeBytes() / Evtchnop.ARGS_BYTES, AREAS_MAX);
        if (areas < 1) {
            throw new IllegalArgumentException(
                    "args.sizeBytes=" + args.sizeBytes() + ", must be at least " + Evtchnop.ARGS_BYTES);
        }
        args.check(0, areas * Evtchnop.ARGS_BYTES, 8);
        this.op = op;
        this.args = args;
        this.free = new AtomicInteger(areas == AREAS_MAX ? -1 : (1 << areas) - 1);
    }

    /** @return offset of an area of our own until {@link #giveBack}; waits for one if more threads call than there are */
    private int take() {
        for (; ; ) {
            int areas = free.get();
            int lowest = Integer.lowestOneBit(areas);
            if (lowest != 0 && free.compareAndSet(areas, areas & ~lowest)) {
                int at = Integer.numberOfTrailingZeros(lowest) * Evtchnop.ARGS_BYTES;
                args.check(at, Evtchnop.ARGS_BYTES, 8);
                return at;
            }
        }
    }

    private void giveBack(int at) {
        int area = 1 << (at / Evtchnop.ARGS_BYTES);
        int areas;
        do {
            areas = free.get();
        } while (!free.compareAndSet(areas, areas | area));
    }

    int allocUnbound(int remoteDomid) {
        int at = take();
        args.putShort(at + Evtchnop.ALLOC_UNBOUND_DOM, (short) Evtchnop.DOMID_SELF);
        args.putShort(at + Evtchnop.ALLOC_UNBOUND_REMOTE_DOM, (short) remoteDomid);
        args.putInt(at + Evtchnop.ALLOC_UNBOUND_PORT, 0);
        int rc = call(Evtchnop.ALLOC_UNBOUND, at);
        int port = args.getInt(at + Evtchnop.ALLOC_UNBOUND_PORT);
        giveBack(at);
        if (rc < 0) {
            throw new XenOpException("EVTCHNOP_alloc_unbound", -rc, "remoteDomid=" + remoteDomid);
        }
        return port;
    }

    int bindInterdomain(int remoteDomid, int remotePort) {
        int at = take();
        args.putInt(at + Evtchnop.BIND_INTERDOMAIN_REMOTE_DOM, remoteDomid & 0xffff);
        args.putInt(at + Evtchnop.BIND_INTERDOMAIN_REMOTE_PORT, remotePort);
        args.putInt(at + Evtchnop.BIND_INTERDOMAIN_LOCAL_PORT, 0);
        int rc = call(Evtchnop.BIND_INTERDOMAIN, at);
        int port = args.getInt(at + Evtchnop.BIND_INTERDOMAIN_LOCAL_PORT);
        giveBack(at);
        if (rc < 0) {
            throw new XenOpException(
                    "EVTCHNOP_bind_interdomain", -rc, "remoteDomid=" + remoteDomid + ", remotePort=" + remotePort);
        }
        return port;
    }

    int bindVirq(int virq) {
        int at = take();
        args.putInt(at + Evtchnop.BIND_VIRQ_VIRQ, virq);
        args.putInt(at + Evtchnop.BIND_VIRQ_VCPU, 0);
        args.putInt(at + Evtchnop.BIND_VIRQ_PORT, 0);
        int rc = call(Evtchnop.BIND_VIRQ, at);
        int port = args.getInt(at + Evtchnop.BIND_VIRQ_PORT);
        giveBack(at);
        if (rc < 0) {
            throw new XenOpException("EVTCHNOP_bind_virq", -rc, "virq=" + virq);
        }
        return port;
    }

    /** EVTCHNOP_close, EVTCHNOP_send or EVTCHNOP_unmask: what takes a port and gives nothing back. */
    int onPort(int cmd, int port) {
        int at = take();
        args.putInt(at + Evtchnop.PORT, port);
        int rc = call(cmd, at);
        giveBack(at);
        return rc;
    }

    void setPriority(int port, int priority) {
        int at = take();
        args.putInt(at + Evtchnop.SET_PRIORITY_PORT, port);
        args.putInt(at + Evtchnop.SET_PRIORITY_PRIORITY, priority);
        int rc = call(Evtchnop.SET_PRIORITY, at);
        giveBack(at);
        if (rc < 0) {
            throw new XenOpException("EVTCHNOP_set_priority", -rc, "port=" + port + ", priority=" + priority);
        }
    }

    /** @return the link bits of the hypervisor's event words */
    int initControl(long controlGfn, int offset) {
        int at = take();
        args.putLong(at + Evtchnop.INIT_CONTROL_GFN, controlGfn);
        args.putInt(at + Evtchnop.INIT_CONTROL_OFFSET, offset);
        args.putInt(at + Evtchnop.INIT_CONTROL_VCPU, 0);
        args.putLong(at + Evtchnop.INIT_CONTROL_LINK_BITS, 0);
        int rc = call(Evtchnop.INIT_CONTROL, at);
        int linkBits = args.getByte(at + Evtchnop.INIT_CONTROL_LINK_BITS) & 0xff;
        giveBack(at);
        if (rc < 0) {
            throw new XenOpException("EVTCHNOP_init_control", -rc, "controlGfn=" + controlGfn);
        }
        return linkBits;
    }

    /** @return 0 or a negative errno */
    int expandArray(long arrayGfn) {
        int at = take();
        args.putLong(at + Evtchnop.EXPAND_ARRAY_GFN, arrayGfn);
        int rc = call(Evtchnop.EXPAND_ARRAY, at);
        giveBack(at);
        return rc;
    }

    private int call(int cmd, int at) {
        try {
            return op.eventChannelOp(cmd, args, at);
        } catch (RuntimeException | Error refused) {
            giveBack(at);
            throw refused;
        }
    }
}
