package org.xenpv.simulator.hypervisor;

import java.util.List;
import org.xenpv.event.abi.EventChannelOp;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * HYPERVISOR_event_channel_op of one domain: its ports, and every command checked and answered as Xen does
 * (event_channel.h).
 */
final class EventPorts implements EventChannelOp {

    private static final int BIND_INTERDOMAIN = 0;
    private static final int BIND_VIRQ = 1;
    private static final int BIND_PIRQ = 2;
    private static final int CLOSE = 3;
    private static final int SEND = 4;
    private static final int STATUS = 5;
    private static final int ALLOC_UNBOUND = 6;
    private static final int BIND_IPI = 7;
    private static final int BIND_VCPU = 8;
    private static final int UNMASK = 9;
    private static final int RESET = 10;
    private static final int INIT_CONTROL = 11;
    private static final int EXPAND_ARRAY = 12;
    private static final int SET_PRIORITY = 13;

    /** sizeof the argument struct of each command. */
    private static final int[] ARGS_BYTES = {12, 12, 12, 4, 4, 24, 8, 8, 8, 4, 2, 24, 8, 8};

    private static final int NR_VIRQS = 24;

    private final Domain domain;
    private final Hypervisor hypervisor;
    private final PortTable ports;
    private volatile EventDelivery delivery;
    private final Port[] virqs = new Port[NR_VIRQS];

    /** @param portsMax max_event_channels of the domain's configuration: the highest port number it may have, plus 1 */
    EventPorts(Domain domain, int portsMax) {
        this.domain = domain;
        this.hypervisor = domain.hypervisor();
        this.ports = new PortTable(domain, portsMax);
        this.delivery = new TwoLevelDelivery(domain);
    }

    @Override
    public int eventChannelOp(int cmd, SharedMemory args, int at) {
        if (cmd < 0 || cmd >= ARGS_BYTES.length) {
            return -Errno.ENOSYS;
        }
        if (!Args.accessible(args, at, ARGS_BYTES[cmd])) {
            return -Errno.EFAULT;
        }
        if (cmd == SEND) {
            return send(args.getInt(at));
        }
        int result;
        synchronized (hypervisor.lock()) {
            result = domain.alive() ? perform(cmd, args, at) : -Errno.ESRCH;
        }
        hypervisor.trace().record(Trace.EVENT_HYPERCALL, domain.domid(), cmd, result);
        return result;
    }

    private int perform(int cmd, SharedMemory args, int at) {
        switch (cmd) {
            case BIND_INTERDOMAIN:
                return bindInterdomain(args, at);
            case BIND_VIRQ:
                return bindVirq(args, at);
            case BIND_PIRQ:
                return -Errno.EPERM;
            case CLOSE:
                return close(ports.valid(args.getInt(at)));
            case STATUS:
                return status(args, at);
            case ALLOC_UNBOUND:
                return allocUnbound(args, at);
            case BIND_IPI:
                return bindIpi(args, at);
            case BIND_VCPU:
                return bindVcpu(args, at);
            case UNMASK:
                return unmask(ports.valid(args.getInt(at)));
            case RESET:
                return reset(args, at);
            case INIT_CONTROL:
                return initControl(args, at);
            case EXPAND_ARRAY:
                return expandArray(args, at);
            case SET_PRIORITY:
                return setPriority(args, at);
            default:
                return -Errno.ENOSYS;
        }
    }

    /** The hot path: no lock but the port's own, which only a close of this channel contends. */
    private int send(int number) {
        Port local = ports.valid(number);
        if (local == null) {
            return -Errno.EINVAL;
        }
        synchronized (local) {
            switch (local.state) {
                case INTERDOMAIN:
                    hypervisor.deliver(local.remote);
                    return 0;
                case IPI:
                    hypervisor.deliver(local);
                    return 0;
                case UNBOUND:
                    return 0;
                default:
                    return -Errno.EINVAL;
            }
        }
    }

    EventDelivery delivery() {
        return delivery;
    }

    private int allocUnbound(SharedMemory args, int at) {
        int owner = Args.u16(args, at);
        int remoteDomid = Args.u16(args, at + 2);
        Domain target = owner == Args.DOMID_SELF ? domain : hypervisor.domain(owner);
        if (target == null) {
            return -Errno.ESRCH;
        }
        if (target != domain && !domain.privileged()) {
            return -Errno.EPERM;
        }
        int number = target.events().openUnbound(remoteDomid == Args.DOMID_SELF ? domain.domid() : remoteDomid);
        if (number < 0) {
            return number;
        }
        args.putInt(at + 4, number);
        return 0;
    }

    /** What the toolstack does for a new domain's store and console; the caller holds the lock. */
    int openUnbound(int remoteDomid) {
        int number = ports.free(delivery);
        if (number > 0) {
            Port port = ports.valid(number);
            synchronized (port) {
                port.state = Port.State.UNBOUND;
                port.remoteDomid = remoteDomid;
            }
        }
        return number;
    }

    private int bindInterdomain(SharedMemory args, int at) {
        int remoteDomid = Args.u16(args, at);
        Domain other = remoteDomid == Args.DOMID_SELF ? domain : hypervisor.domain(remoteDomid);
        if (other == null) {
            return -Errno.ESRCH;
        }
        int number = ports.free(delivery);
        if (number < 0) {
            return number;
        }
        Port remote = other.events().ports.valid(args.getInt(at + 4));
        if (remote == null || remote.state != Port.State.UNBOUND || remote.remoteDomid != domain.domid()) {
            return -Errno.EINVAL;
        }
        Port local = ports.valid(number);
        connect(local, remote);
        connect(remote, local);
        args.putInt(at + 8, number);
        // The other end may have sent before we were bound.
        delivery.setPending(local);
        return 0;
    }

    private static void connect(Port one, Port other) {
        synchronized (one) {
            one.remote = other;
            one.remoteDomid = other.domain.domid();
            one.state = Port.State.INTERDOMAIN;
        }
    }

    private int bindVirq(SharedMemory args, int at) {
        int virq = args.getInt(at);
        if (virq < 0 || virq >= NR_VIRQS) {
            return -Errno.EINVAL;
        }
        if (args.getInt(at + 4) != 0) {
            return -Errno.ENOENT;
        }
        if (virqs[virq] != null) {
            return -Errno.EEXIST;
        }
        int number = ports.free(delivery);
        if (number < 0) {
            return number;
        }
        Port port = ports.valid(number);
        synchronized (port) {
            port.state = Port.State.VIRQ;
            port.virq = virq;
        }
        virqs[virq] = port;
        args.putInt(at + 8, number);
        return 0;
    }

    /** Raises a virtual interrupt; nothing happens if the domain has not bound it. The caller holds the lock. */
    void raiseVirq(int virq) {
        Port port = virqs[virq];
        if (port != null) {
            hypervisor.deliver(port);
        }
    }

    private int bindIpi(SharedMemory args, int at) {
        if (args.getInt(at) != 0) {
            return -Errno.ENOENT;
        }
        int number = ports.free(delivery);
        if (number < 0) {
            return number;
        }
        synchronized (ports.valid(number)) {
            ports.valid(number).state = Port.State.IPI;
        }
        args.putInt(at + 4, number);
        return 0;
    }

    private int bindVcpu(SharedMemory args, int at) {
        Port port = ports.valid(args.getInt(at));
        if (args.getInt(at + 4) != 0) {
            return -Errno.ENOENT;
        }
        if (port == null || port.state == Port.State.CLOSED || port.state == Port.State.IPI) {
            return -Errno.EINVAL;
        }
        return 0;
    }

    private int close(Port port) {
        if (port == null || port.state == Port.State.CLOSED) {
            return -Errno.EINVAL;
        }
        Port remote = port.state == Port.State.INTERDOMAIN ? port.remote : null;
        if (port.state == Port.State.VIRQ) {
            virqs[port.virq] = null;
        }
        synchronized (port) {
            port.state = Port.State.CLOSED;
            port.remote = null;
        }
        if (remote != null && remote != port) {
            synchronized (remote) {
                remote.state = Port.State.UNBOUND;
                remote.remoteDomid = domain.domid();
                remote.remote = null;
            }
        }
        delivery.clearPending(port);
        port.priority = Port.PRIORITY_DEFAULT;
        return 0;
    }

    private int unmask(Port port) {
        if (port == null) {
            return -Errno.EINVAL;
        }
        if (port.state != Port.State.CLOSED) {
            delivery.unmask(port);
        }
        return 0;
    }

    private int status(SharedMemory args, int at) {
        int owner = Args.u16(args, at);
        Domain target = owner == Args.DOMID_SELF ? domain : hypervisor.domain(owner);
        if (target == null) {
            return -Errno.ESRCH;
        }
        if (target != domain && !domain.privileged()) {
            return -Errno.EPERM;
        }
        Port port = target.events().ports.valid(args.getInt(at + 4));
        if (port == null) {
            return -Errno.EINVAL;
        }
        args.putInt(at + 8, port.state.status);
        args.putInt(at + 12, 0);
        if (port.state == Port.State.UNBOUND) {
            args.putShort(at + 16, (short) port.remoteDomid);
        } else if (port.state == Port.State.INTERDOMAIN) {
            args.putShort(at + 16, (short) port.remoteDomid);
            args.putInt(at + 20, port.remote.number);
        } else if (port.state == Port.State.VIRQ) {
            args.putInt(at + 16, port.virq);
        }
        return 0;
    }

    private int reset(SharedMemory args, int at) {
        int owner = Args.u16(args, at);
        Domain target = owner == Args.DOMID_SELF ? domain : hypervisor.domain(owner);
        if (target == null) {
            return -Errno.ESRCH;
        }
        if (target != domain && !domain.privileged()) {
            return -Errno.EPERM;
        }
        target.events().closeAll();
        return 0;
    }

    /** Closes every port and goes back to the 2-level ABI; the caller holds the lock. */
    void closeAll() {
        for (int number = 1; number < ports.size(); number++) {
            close(ports.valid(number));
        }
        delivery = new TwoLevelDelivery(domain);
    }

    private int initControl(SharedMemory args, int at) {
        long gfn = Args.u64(args, at);
        int offset = args.getInt(at + 8);
        args.putByte(at + 16, (byte) FifoDelivery.LINK_BITS);
        if (args.getInt(at + 12) != 0) {
            return -Errno.ENOENT;
        }
        if (Integer.compareUnsigned(offset, SharedMemory.PAGE_BYTES - FifoDelivery.CONTROL_BLOCK_BYTES) > 0
                || offset % 8 != 0
                || delivery instanceof FifoDelivery
                || !domain.memory().holds(gfn)) {
            return -Errno.EINVAL;
        }
        EventDelivery before = delivery;
        FifoDelivery fifo =
                new FifoDelivery(domain, domain.memory().view(gfn, 1).slice(offset, FifoDelivery.CONTROL_BLOCK_BYTES));
        for (int number = 0; number < ports.size(); number++) {
            Port port = ports.valid(number);
            port.pendingUnseen = before.pending(port);
            port.priority = Port.PRIORITY_DEFAULT;
        }
        delivery = fifo;
        return 0;
    }

    private int expandArray(SharedMemory args, int at) {
        long gfn = Args.u64(args, at);
        if (!(delivery instanceof FifoDelivery fifo)) {
            return -Errno.EOPNOTSUPP;
        }
        if (!domain.memory().holds(gfn)) {
            return -Errno.EINVAL;
        }
        ChronicleMemory page = domain.memory().view(gfn, 1);
        int first = fifo.words();
        int result = fifo.expand(page);
        if (result == 0) {
            for (int number = first; number < Math.min(ports.size(), fifo.words()); number++) {
                Port port = ports.valid(number);
                if (port.pendingUnseen) {
                    port.pendingUnseen = false;
                    fifo.setPending(port);
                }
            }
        }
        return result;
    }

    private int setPriority(SharedMemory args, int at) {
        Port port = ports.valid(args.getInt(at));
        if (port == null) {
            return -Errno.EINVAL;
        }
        if (!(delivery instanceof FifoDelivery)) {
            return -Errno.ENOSYS;
        }
        return port.state == Port.State.CLOSED ? -Errno.EACCES : delivery.setPriority(port, args.getInt(at + 4));
    }

    /** Null if the port is closed. The caller holds the lock. */
    Port open(int number) {
        return ports.open(number);
    }

    /** See {@link PortTable#open()}. */
    List<Integer> open() {
        synchronized (hypervisor.lock()) {
            return ports.open();
        }
    }

    /** See {@link PortTable#stray()}. */
    List<Integer> stray() {
        synchronized (hypervisor.lock()) {
            return ports.stray();
        }
    }
}
