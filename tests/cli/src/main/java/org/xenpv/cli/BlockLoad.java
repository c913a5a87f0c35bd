package org.xenpv.cli;

import org.HdrHistogram.Histogram;
import org.xenpv.blkfront.BlkData;
import org.xenpv.blkfront.BlkOp;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.blkfront.BlkfrontDevice;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LoopFuture;
import org.xenpv.fault.XenException;
import org.xenpv.memory.SharedMemory;

/**
 * Keeps a number of operations in flight on a disk until a plan is done. Runs on the guest's loop, as a driver's user on
 * a bare guest would, with operations that are used again.
 */
final class BlockLoad {

    private static final int SECTOR_BYTES = 512;

    private final EventLoop loop;
    private final BlkfrontDevice device;
    private final Slot[] slots;

    private BlkOp.Kind kind;
    private BlockPlan plan;
    private byte[] memory;
    private Histogram latency;
    private LoopFuture<Void> finished;
    private RuntimeException firstError;
    private int next;
    private int inFlight;

    BlockLoad(EventLoop loop, Blkfront disk, int depth) {
        this.loop = loop;
        this.device = disk.device();
        this.slots = new Slot[depth];
        for (int i = 0; i < depth; i++) {
            slots[i] = new Slot();
        }
    }

    /**
     * Moves the plan's blocks between disk and memory, and waits.
     *
     * @param latencyNs takes every operation's time
     * @return how long it took, in ns
     * @throws RuntimeException what the first operation that failed failed with, mostly a XenException
     */
    long run(BlkOp.Kind kindOfAll, BlockPlan blocks, byte[] data, Histogram latencyNs) {
        LoopFuture<Void> done = new LoopFuture<>(loop);
        long startNs = System.nanoTime();
        loop.execute(() -> {
            kind = kindOfAll;
            plan = blocks;
            memory = data;
            latency = latencyNs;
            finished = done;
            firstError = null;
            next = 0;
            inFlight = 0;
            for (Slot slot : slots) {
                slot.issue();
            }
            finishIfDone();
        });
        done.await();
        return System.nanoTime() - startNs;
    }

    private void finishIfDone() {
        if (inFlight == 0 && (firstError != null || next == plan.count())) {
            if (firstError == null) {
                finished.complete(null);
            } else {
                finished.completeExceptionally(firstError);
            }
        }
    }

    /** One operation and its place in memory. */
    private final class Slot implements BlkData, BlkOp.Done {
        private final BlkOp op = new BlkOp();
        private int memoryAt;
        private long startNs;

        void issue() {
            if (firstError != null || next == plan.count()) {
                return;
            }
            int block = next++;
            memoryAt = block * plan.blockBytes();
            startNs = System.nanoTime();
            op.set(kind, plan.positions()[block] / SECTOR_BYTES, plan.bytes(block), this, this);
            try {
                device.submit(op);
                inFlight++;
            } catch (RuntimeException e) {
                firstError = e;
            }
        }

        @Override
        public void done(BlkOp op, XenException error) {
            inFlight--;
            latency.recordValue(System.nanoTime() - startNs);
            if (error != null && firstError == null) {
                firstError = error;
            }
            issue();
            finishIfDone();
        }

        @Override
        public void toDevice(int offset, SharedMemory target, int targetAt, int bytes) {
            target.copyIn(targetAt, memory, memoryAt + offset, bytes);
        }

        @Override
        public void fromDevice(int offset, SharedMemory source, int sourceAt, int bytes) {
            source.copyOut(sourceAt, memory, memoryAt + offset, bytes);
        }
    }
}
