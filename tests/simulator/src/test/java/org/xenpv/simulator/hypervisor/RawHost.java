package org.xenpv.simulator.hypervisor;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * A hypervisor without guests: tests make hypercalls with argument structs written by hand, at the offsets of the public
 * headers.
 */
final class RawHost implements AutoCloseable {

    static final int SELF = 0x7ff0;

    final List<Integer> upcalls = new ArrayList<>();
    final List<Runnable> later = new ArrayList<>();
    final ChronicleMemory args = ChronicleMemory.allocatePages(4);
    final Hypervisor xen = new Hypervisor(
            new Processors() {
                @Override
                public Vcpu vcpu(Domain domain) {
                    return new CountingVcpu(domain);
                }

                @Override
                public void later(long delayNs, Runnable action) {
                    later.add(action);
                }
            },
            Trace.NONE);
    final Domain dom0 = create(true);
    final Domain dom1 = create(false);
    final Domain dom2 = create(false);

    private final class CountingVcpu implements Vcpu {
        private final Domain domain;

        CountingVcpu(Domain domain) {
            this.domain = domain;
        }

        @Override
        public void upcall() {
            upcalls.add(domain.domid());
        }

        @Override
        public void pause() {}

        @Override
        public void resume() {}

        @Override
        public void block(long deadlineNs) {
            throw new UnsupportedOperationException("nothing runs here");
        }

        @Override
        public void kick() {}
    }

    Domain create(boolean privileged) {
        return xen.create(new DomainSpec(privileged, 64, 4, 128, privileged ? -1 : 0, privileged ? -1 : 0));
    }

    // ---- event channels

    int event(Domain domain, int cmd) {
        return domain.eventChannelOp().eventChannelOp(cmd, args, 0);
    }

    /** EVTCHNOP_alloc_unbound for the caller itself. */
    int allocUnbound(Domain domain, int remoteDomid) {
        return allocUnbound(domain, SELF, remoteDomid);
    }

    int allocUnbound(Domain domain, int owner, int remoteDomid) {
        args.putShort(0, (short) owner);
        args.putShort(2, (short) remoteDomid);
        int result = event(domain, 6);
        return result < 0 ? result : args.getInt(4);
    }

    int bindInterdomain(Domain domain, int remoteDomid, int remotePort) {
        args.putShort(0, (short) remoteDomid);
        args.putInt(4, remotePort);
        int result = event(domain, 0);
        return result < 0 ? result : args.getInt(8);
    }

    int bindVirq(Domain domain, int virq, int vcpu) {
        args.putInt(0, virq);
        args.putInt(4, vcpu);
        int result = event(domain, 1);
        return result < 0 ? result : args.getInt(8);
    }

    int onPort(Domain domain, int cmd, int port) {
        args.putInt(0, port);
        return event(domain, cmd);
    }

    int close(Domain domain, int port) {
        return onPort(domain, 3, port);
    }

    int send(Domain domain, int port) {
        return onPort(domain, 4, port);
    }

    int unmask(Domain domain, int port) {
        return onPort(domain, 9, port);
    }

    int status(Domain domain, int owner, int port) {
        args.zero(0, 24);
        args.putShort(0, (short) owner);
        args.putInt(4, port);
        int result = event(domain, 5);
        return result < 0 ? result : args.getInt(8);
    }

    int initControl(Domain domain, long gfn, int offset, int vcpu) {
        args.putLong(0, gfn);
        args.putInt(8, offset);
        args.putInt(12, vcpu);
        return event(domain, 11);
    }

    int expandArray(Domain domain, long gfn) {
        args.putLong(0, gfn);
        return event(domain, 12);
    }

    int setPriority(Domain domain, int port, int priority) {
        args.putInt(0, port);
        args.putInt(4, priority);
        return event(domain, 13);
    }

    /** Two ports joined: [port of one, port of other]. */
    int[] channel(Domain one, Domain other) {
        int unbound = allocUnbound(one, other.domid());
        int bound = bindInterdomain(other, one.domid(), unbound);
        if (unbound < 0 || bound < 0) {
            throw new AssertionError("unbound=" + unbound + ", bound=" + bound);
        }
        clearEvents(other);
        upcalls.clear();
        return new int[] {unbound, bound};
    }

    // ---- the guest's side of shared_info, 2-level

    static boolean pending(Domain domain, int port) {
        return (domain.sharedInfoPage().getByte(2048 + port / 8) & 1 << port % 8) != 0;
    }

    static boolean selected(Domain domain, int word) {
        return (domain.sharedInfoPage().getLong(8) & 1L << word) != 0;
    }

    static void mask(Domain domain, int port, boolean masked) {
        SharedMemory page = domain.sharedInfoPage();
        int at = 2560 + port / 8;
        int bit = 1 << port % 8;
        page.putByte(at, (byte) (masked ? page.getByte(at) | bit : page.getByte(at) & ~bit));
    }

    static void clearEvents(Domain domain) {
        SharedMemory page = domain.sharedInfoPage();
        page.putByte(0, (byte) 0);
        page.putLong(8, 0);
        page.zero(2048, 512);
    }

    // ---- grants

    int grantOp(Domain domain, int cmd, int count) {
        return domain.grantTableOp().grantTableOp(cmd, args, 0, count);
    }

    /** Writes a v1 entry, as the guest does. */
    void grantV1(Domain domain, int ref, int flags, int domid, long frame) {
        SharedMemory table = domain.grantPlatform().sharedFrames(ref / 512 + 1);
        table.putInt(ref * 8 + 4, (int) frame);
        table.putIntRelease(ref * 8, flags | domid << 16);
    }

    int flagsV1(Domain domain, int ref) {
        return domain.grantPlatform().sharedFrames(ref / 512 + 1).getShort(ref * 8) & 0xffff;
    }

    void grantV2(Domain domain, int ref, int flags, int domid, long frame) {
        SharedMemory table = domain.grantPlatform().sharedFrames(ref / 256 + 1);
        table.putLong(ref * 16 + 8, frame);
        table.putIntRelease(ref * 16, flags | domid << 16);
    }

    int statusV2(Domain domain, int ref) {
        return domain.grantPlatform().statusFrames(1).getShort(ref * 2) & 0xffff;
    }

    void putMap(int at, long hostAddress, int flags, int ref, int domid) {
        args.zero(at, 32);
        args.putLong(at, hostAddress);
        args.putInt(at + 8, flags);
        args.putInt(at + 12, ref);
        args.putShort(at + 16, (short) domid);
        args.putShort(at + 18, (short) 99);
    }

    /** @return the status; the handle is at 20 */
    int map(Domain domain, long hostAddress, int flags, int ref, int domid) {
        putMap(0, hostAddress, flags, ref, domid);
        int result = grantOp(domain, 0, 1);
        if (result != 0) {
            throw new AssertionError("result=" + result);
        }
        return args.getShort(18);
    }

    int mappedHandle() {
        return args.getInt(20);
    }

    int unmap(Domain domain, long hostAddress, int handle) {
        args.zero(0, 24);
        args.putLong(0, hostAddress);
        args.putInt(16, handle);
        args.putShort(20, (short) 99);
        int result = grantOp(domain, 1, 1);
        if (result != 0) {
            throw new AssertionError("result=" + result);
        }
        return args.getShort(20);
    }

    int setVersion(Domain domain, int version) {
        args.putInt(0, version);
        return grantOp(domain, 8, 1);
    }

    /** GNTTABOP_copy from a grant into a frame of the caller, or between any two sides. */
    int copy(
            Domain domain,
            long source,
            int sourceDomid,
            int sourceOffset,
            long dest,
            int destDomid,
            int destOffset,
            int length,
            int flags) {
        args.zero(0, 40);
        args.putLong(0, source);
        args.putShort(8, (short) sourceDomid);
        args.putShort(10, (short) sourceOffset);
        args.putLong(16, dest);
        args.putShort(24, (short) destDomid);
        args.putShort(26, (short) destOffset);
        args.putShort(32, (short) length);
        args.putShort(34, (short) flags);
        args.putShort(36, (short) 99);
        int result = grantOp(domain, 5, 1);
        if (result != 0) {
            throw new AssertionError("result=" + result);
        }
        return args.getShort(36);
    }

    @Override
    public void close() {
        xen.close();
        args.close();
    }
}
