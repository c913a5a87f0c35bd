package org.xenpv.unikernel;

import org.teavm.interop.Import;
import org.teavm.interop.c.Include;
import org.xenpv.event.Clock;
import org.xenpv.event.Inbox;
import org.xenpv.event.LocalInbox;
import org.xenpv.event.abi.EventChannelOp;
import org.xenpv.event.abi.SchedOp;
import org.xenpv.grant.abi.GrantPlatform;
import org.xenpv.grant.abi.GrantTableOp;
import org.xenpv.memory.SharedMemory;
import org.xenpv.xenbus.BarePlatform;
import org.xenpv.xenbus.RingPage;

/**
 * A machine whose hypercalls and start information are C functions that the kernel beneath defines ({@code xenpv.h}).
 * There is one thread, so whatever wakes it has already happened when it runs.
 */
final class MachinePlatform implements BarePlatform, GrantPlatform {

    private static final int INBOX_ACTIONS = 256;
    private static final int PAGE_SHIFT = 12;

    private final SharedMemory sharedInfo = page(sharedInfoAddress());

    private static SharedMemory page(long address) {
        return new NativeMemory(address, SharedMemory.PAGE_BYTES);
    }

    @Override
    public int domid() {
        return domidOfMachine();
    }

    @Override
    public GrantTableOp grantTableOp() {
        return (cmd, args, at, count) -> grantTableCall(cmd, ((NativeMemory) args).address() + at, count);
    }

    @Override
    public EventChannelOp eventChannelOp() {
        return (cmd, args, at) -> eventChannelCall(cmd, ((NativeMemory) args).address() + at);
    }

    @Override
    public SchedOp schedOp() {
        return new SchedOp() {
            private boolean kicked;

            @Override
            public void block(long deadlineNs) {
                if (!kicked) {
                    blockUntil(deadlineNs);
                }
                kicked = false;
            }

            @Override
            public void kick() {
                kicked = true;
            }
        };
    }

    @Override
    public GrantPlatform grantPlatform() {
        return this;
    }

    @Override
    public SharedMemory sharedInfo() {
        return sharedInfo;
    }

    @Override
    public Clock clock() {
        return MachinePlatform::monotonicNs;
    }

    @Override
    public Inbox newInbox() {
        return new LocalInbox(INBOX_ACTIONS);
    }

    @Override
    public RingPage store() {
        return storePage() == 0 ? null : new RingPage(page(storePage()), storePort());
    }

    @Override
    public RingPage console() {
        return consolePage() == 0 ? null : new RingPage(page(consolePage()), consolePort());
    }

    @Override
    public void suspend(Suspended after) {
        suspendMachine();
        after.resumed(suspendCancelled() != 0);
    }

    @Override
    public SharedMemory sharedFrames(int frames) {
        return new NativeMemory(grantFrames(frames), frames * SharedMemory.PAGE_BYTES);
    }

    @Override
    public SharedMemory statusFrames(int frames) {
        return new NativeMemory(statusFrameAddress(frames), frames * SharedMemory.PAGE_BYTES);
    }

    /** Memory is mapped one to one: a frame's number is its address without the low bits. */
    @Override
    public Frames allocateFrames(int count) {
        long address = allocFrames(count);
        if (address == 0) {
            return null;
        }
        return new Frames(new NativeMemory(address, count * SharedMemory.PAGE_BYTES), address >>> PAGE_SHIFT, count);
    }

    @Override
    public void freeFrames(Frames frames) {
        freeFrames(frames.firstFrame() << PAGE_SHIFT, frames.count());
    }

    @Override
    public long reserveMapSpace(int pages) {
        return reserveSpace(pages);
    }

    @Override
    public void releaseMapSpace(long hostAddress, int pages) {
        releaseSpace(hostAddress, pages);
    }

    @Override
    public SharedMemory mapped(long hostAddress, int pages) {
        return new NativeMemory(hostAddress, pages * SharedMemory.PAGE_BYTES);
    }

    @Include("xenpv.h")
    @Import(name = "xenpv_grant_table_op")
    private static native int grantTableCall(int cmd, long args, int count);

    @Include("xenpv.h")
    @Import(name = "xenpv_event_channel_op")
    private static native int eventChannelCall(int cmd, long args);

    @Include("xenpv.h")
    @Import(name = "xenpv_block")
    private static native void blockUntil(long deadlineNs);

    @Include("xenpv.h")
    @Import(name = "xenpv_monotonic_ns")
    private static native long monotonicNs();

    @Include("xenpv.h")
    @Import(name = "xenpv_shared_info")
    private static native long sharedInfoAddress();

    @Include("xenpv.h")
    @Import(name = "xenpv_domid")
    private static native int domidOfMachine();

    @Include("xenpv.h")
    @Import(name = "xenpv_store_page")
    private static native long storePage();

    @Include("xenpv.h")
    @Import(name = "xenpv_store_port")
    private static native int storePort();

    @Include("xenpv.h")
    @Import(name = "xenpv_console_page")
    private static native long consolePage();

    @Include("xenpv.h")
    @Import(name = "xenpv_console_port")
    private static native int consolePort();

    @Include("xenpv.h")
    @Import(name = "xenpv_grant_frames")
    private static native long grantFrames(int frames);

    @Include("xenpv.h")
    @Import(name = "xenpv_status_frames")
    private static native long statusFrameAddress(int frames);

    @Include("xenpv.h")
    @Import(name = "xenpv_alloc_frames")
    private static native long allocFrames(int count);

    @Include("xenpv.h")
    @Import(name = "xenpv_free_frames")
    private static native void freeFrames(long address, int count);

    @Include("xenpv.h")
    @Import(name = "xenpv_reserve_map_space")
    private static native long reserveSpace(int pages);

    @Include("xenpv.h")
    @Import(name = "xenpv_release_map_space")
    private static native void releaseSpace(long address, int pages);

    @Include("xenpv.h")
    @Import(name = "xenpv_suspend")
    private static native void suspendMachine();

    @Include("xenpv.h")
    @Import(name = "xenpv_suspend_cancelled")
    private static native int suspendCancelled();
}
