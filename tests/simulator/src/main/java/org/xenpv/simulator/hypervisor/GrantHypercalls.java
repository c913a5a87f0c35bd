package org.xenpv.simulator.hypervisor;

import static org.xenpv.grant.abi.Gnttab.GNTMAP_host_map;
import static org.xenpv.grant.abi.Gnttab.GNTMAP_readonly;
import static org.xenpv.grant.abi.Gnttab.GNTST_bad_domain;
import static org.xenpv.grant.abi.Gnttab.GNTST_bad_gntref;
import static org.xenpv.grant.abi.Gnttab.GNTST_bad_handle;
import static org.xenpv.grant.abi.Gnttab.GNTST_bad_virt_addr;
import static org.xenpv.grant.abi.Gnttab.GNTST_general_error;
import static org.xenpv.grant.abi.Gnttab.GNTST_no_space;
import static org.xenpv.grant.abi.Gnttab.GNTST_okay;
import static org.xenpv.grant.abi.Gnttab.GNTST_permission_denied;

import org.xenpv.grant.abi.GrantTableOp;
import org.xenpv.memory.SharedMemory;

/**
 * HYPERVISOR_grant_table_op of one domain, with every command checked and answered as Xen does for a guest with
 * translated addresses (grant_table.h). Each struct of a batch has its own status; the call fails as a whole only for
 * what is wrong with the call.
 */
final class GrantHypercalls implements GrantTableOp {

    private static final int MAP_GRANT_REF = 0;
    private static final int UNMAP_GRANT_REF = 1;
    private static final int SETUP_TABLE = 2;
    private static final int COPY = 5;
    private static final int QUERY_SIZE = 6;
    private static final int SET_VERSION = 8;
    private static final int GET_STATUS_FRAMES = 9;
    private static final int GET_VERSION = 10;

    private static final int MAP_BYTES = 32;
    private static final int UNMAP_BYTES = 24;
    private static final int COPY_BYTES = 40;
    private static final int GNTMAP_DEVICE_MAP = 1;

    private final Domain domain;
    private final Hypervisor hypervisor;
    private final GrantCopy copy;

    GrantHypercalls(Domain domain) {
        this.domain = domain;
        this.hypervisor = domain.hypervisor();
        this.copy = new GrantCopy(domain);
    }

    private static int argsBytes(int cmd) {
        switch (cmd) {
            case MAP_GRANT_REF:
                return MAP_BYTES;
            case UNMAP_GRANT_REF:
            case SETUP_TABLE:
                return UNMAP_BYTES;
            case COPY:
                return COPY_BYTES;
            case QUERY_SIZE:
            case GET_STATUS_FRAMES:
                return 16;
            case GET_VERSION:
                return 8;
            case SET_VERSION:
                return 4;
            default:
                return 0;
        }
    }

    @Override
    public int grantTableOp(int cmd, SharedMemory args, int at, int count) {
        if (count < 0) {
            return -Errno.EINVAL;
        }
        int bytes = argsBytes(cmd);
        if (bytes == 0) {
            return -Errno.ENOSYS;
        }
        if (!Args.accessible(args, at, (long) bytes * count)) {
            return -Errno.EFAULT;
        }
        int result = cmd == COPY ? copyAll(args, at, count) : locked(cmd, args, at, count);
        hypervisor.trace().record(Trace.GRANT_HYPERCALL, domain.domid(), cmd, result);
        return result;
    }

    /** Copies take the lock for pinning only, not while bytes move. */
    private int copyAll(SharedMemory args, int at, int count) {
        copy.copyAll(args, at, count);
        return 0;
    }

    private int locked(int cmd, SharedMemory args, int at, int count) {
        synchronized (hypervisor.lock()) {
            if (!domain.alive()) {
                return -Errno.ESRCH;
            }
            switch (cmd) {
                case MAP_GRANT_REF:
                    for (int i = 0; i < count; i++) {
                        map(args, at + i * MAP_BYTES);
                    }
                    return 0;
                case UNMAP_GRANT_REF:
                    for (int i = 0; i < count; i++) {
                        int unmapAt = at + i * UNMAP_BYTES;
                        args.putShort(unmapAt + 20, (short) unmap(args, unmapAt));
                    }
                    return 0;
                case SET_VERSION:
                    return setVersion(args, at);
                case GET_VERSION:
                    return getVersion(args, at);
                default:
                    return count != 1 ? -Errno.EINVAL : tableQuestion(cmd, args, at);
            }
        }
    }

    private void map(SharedMemory args, int at) {
        long hostAddress = Args.u64(args, at);
        int flags = args.getInt(at + 8);
        int ref = args.getInt(at + 12);
        int granterDomid = Args.u16(args, at + 16);
        int status = map(args, at, hostAddress, flags, ref, granterDomid);
        args.putShort(at + 18, (short) status);
        hypervisor.trace().record(Trace.MAP, domain.domid(), (long) granterDomid << 32 | ref, status);
    }

    private int map(SharedMemory args, int at, long hostAddress, int flags, int ref, int granterDomid) {
        if ((flags & (GNTMAP_DEVICE_MAP | GNTMAP_host_map)) == 0) {
            return GNTST_bad_gntref;
        }
        if ((flags & ~(GNTMAP_host_map | GNTMAP_readonly)) != 0) {
            return GNTST_general_error;
        }
        Domain granter = hypervisor.domain(granterDomid);
        if (granter == null) {
            return GNTST_bad_domain;
        }
        MapSpace space = domain.mapSpace();
        int handle = space.freeHandle();
        if (handle < 0 || hypervisor.faults().refuseMap(domain)) {
            return GNTST_no_space;
        }
        GrantFrames frames = granter.grants();
        boolean readonly = (flags & GNTMAP_readonly) != 0;
        int refused = frames.pin(ref, domain.domid(), readonly, true);
        if (refused != GNTST_okay) {
            return refused;
        }
        if (!space.vacant(hostAddress)) {
            frames.unpin(ref, readonly);
            return GNTST_bad_virt_addr;
        }
        space.add(handle, new Mapping(frames, granterDomid, ref, readonly, hostAddress));
        args.putInt(at + 20, handle);
        Args.putU64(args, at + 24, frames.pinnedGfn(ref) * SharedMemory.PAGE_BYTES);
        return GNTST_okay;
    }

    private int unmap(SharedMemory args, int at) {
        long hostAddress = Args.u64(args, at);
        int handle = args.getInt(at + 16);
        Mapping mapping = domain.mapSpace().byHandle(handle);
        if (mapping == null) {
            return GNTST_bad_handle;
        }
        if (hostAddress == 0) {
            return GNTST_okay;
        }
        if (hostAddress != mapping.hostAddress) {
            return GNTST_general_error;
        }
        unmap(handle, mapping);
        return GNTST_okay;
    }

    private void unmap(int handle, Mapping mapping) {
        domain.mapSpace().remove(handle);
        mapping.granter.unpin(mapping.ref, mapping.readonly);
        hypervisor.trace().record(Trace.UNMAP, domain.domid(), (long) mapping.granterDomid << 32 | mapping.ref, 0);
    }

    /** gnttab_release_mappings: the domain dies. The caller holds the lock. */
    void releaseMappings() {
        for (int handle : domain.mapSpace().mapped()) {
            unmap(handle, domain.mapSpace().byHandle(handle));
        }
    }

    /** The commands that ask one domain's table something and list frames. */
    private int tableQuestion(int cmd, SharedMemory args, int at) {
        boolean statusFrames = cmd == GET_STATUS_FRAMES;
        int owner = Args.u16(args, statusFrames ? at + 4 : at);
        int statusAt = statusFrames ? at + 6 : at + (cmd == QUERY_SIZE ? 12 : 8);
        Domain target = owner == Args.DOMID_SELF ? domain : hypervisor.domain(owner);
        if (target == null) {
            args.putShort(statusAt, (short) GNTST_bad_domain);
            return 0;
        }
        if (target != domain && !domain.privileged()) {
            args.putShort(statusAt, (short) GNTST_permission_denied);
            return 0;
        }
        GrantFrames table = target.grants();
        if (cmd == QUERY_SIZE) {
            args.putInt(at + 4, table.frames());
            args.putInt(at + 8, table.framesMax());
            args.putShort(statusAt, (short) GNTST_okay);
            return 0;
        }
        int frames = args.getInt(statusFrames ? at : at + 4);
        boolean granted = statusFrames
                ? Integer.compareUnsigned(frames, table.statusFrames()) <= 0
                : !(frames > table.frames() && hypervisor.faults().refuseGrowth(target)) && table.grow(frames);
        if (!granted) {
            args.putShort(statusAt, (short) GNTST_general_error);
            return 0;
        }
        args.putShort(statusAt, (short) GNTST_okay);
        long list = Args.u64(args, statusFrames ? at + 8 : at + 16);
        int listAt = domain.memory().offsetOf(list, 8L * frames);
        if (listAt < 0) {
            return -Errno.EFAULT;
        }
        long first = target.tableGfn(statusFrames);
        for (int i = 0; i < frames; i++) {
            Args.putU64(domain.memory().arena(), listAt + 8 * i, first + i);
        }
        return 0;
    }

    private int setVersion(SharedMemory args, int at) {
        int result = domain.grants().setVersion(args.getInt(at));
        args.putInt(at, domain.grants().version());
        return result;
    }

    private int getVersion(SharedMemory args, int at) {
        int owner = Args.u16(args, at);
        Domain target = owner == Args.DOMID_SELF ? domain : hypervisor.domain(owner);
        if (target == null) {
            return -Errno.ESRCH;
        }
        if (target != domain && !domain.privileged()) {
            return -Errno.EPERM;
        }
        args.putInt(at + 4, target.grants().version());
        return 0;
    }
}
