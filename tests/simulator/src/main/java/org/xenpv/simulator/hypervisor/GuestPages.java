package org.xenpv.simulator.hypervisor;

import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.abi.GrantPlatform;
import org.xenpv.memory.SharedMemory;

/** The memory side of a guest's grants: its own frames, its view of the table, and addresses for foreign pages. */
final class GuestPages implements GrantPlatform {

    private static final int SETUP_TABLE = 2;
    private static final int GET_STATUS_FRAMES = 9;
    private static final int ARGS_BYTES = 24;

    private final Domain domain;

    GuestPages(Domain domain) {
        this.domain = domain;
    }

    @Override
    public SharedMemory sharedFrames(int frames) {
        checkFrames(frames);
        ask(SETUP_TABLE, frames);
        synchronized (domain.hypervisor().lock()) {
            return domain.grants().sharedMemory(frames);
        }
    }

    @Override
    public SharedMemory statusFrames(int frames) {
        checkFrames(frames);
        ask(GET_STATUS_FRAMES, frames);
        synchronized (domain.hypervisor().lock()) {
            return domain.grants().statusMemory(frames);
        }
    }

    private static void checkFrames(int frames) {
        if (frames < 1) {
            throw new IllegalArgumentException("frames=" + frames + ", must be at least 1");
        }
    }

    /** The hypercall, with its frame list, as a guest does it; the frames it names are then mapped. */
    private void ask(int cmd, int frames) {
        int pages = (ARGS_BYTES + 8 * frames + SharedMemory.PAGE_BYTES - 1) / SharedMemory.PAGE_BYTES;
        Frames scratch = domain.memory().allocate(pages);
        if (scratch == null) {
            throw new GrantExhaustedException("no pages for the frame list of the grant table");
        }
        SharedMemory args = scratch.memory();
        try {
            args.zero(0, pages * SharedMemory.PAGE_BYTES);
            long list = domain.memory().addressOf(scratch.firstFrame()) + ARGS_BYTES;
            boolean status = cmd == GET_STATUS_FRAMES;
            args.putShort(status ? 4 : 0, (short) Args.DOMID_SELF);
            args.putInt(status ? 0 : 4, frames);
            Args.putU64(args, status ? 8 : 16, list);
            int result = domain.grantTableOp().grantTableOp(cmd, args, 0, 1);
            int granted = args.getShort(status ? 6 : 8);
            if (result != 0 || granted != 0) {
                throw new GrantExhaustedException((status ? "status frames" : "grant table frames") + ": wanted="
                        + frames + ", errno=" + -result + ", GNTST status=" + granted);
            }
        } finally {
            domain.memory().free(scratch);
        }
    }

    @Override
    public Frames allocateFrames(int count) {
        return domain.hypervisor().faults().refuseGrowth(domain)
                ? null
                : domain.memory().allocate(count);
    }

    @Override
    public void freeFrames(Frames frames) {
        domain.memory().free(frames);
    }

    @Override
    public long reserveMapSpace(int pages) {
        synchronized (domain.hypervisor().lock()) {
            return domain.mapSpace().reserve(pages);
        }
    }

    @Override
    public void releaseMapSpace(long hostAddress, int pages) {
        synchronized (domain.hypervisor().lock()) {
            domain.mapSpace().release(hostAddress, pages);
        }
    }

    @Override
    public SharedMemory mapped(long hostAddress, int pages) {
        synchronized (domain.hypervisor().lock()) {
            return domain.mapSpace().memory(hostAddress, pages);
        }
    }
}
