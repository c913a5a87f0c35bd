package org.xenpv.benchmarks;

import org.xenpv.blkfront.BlkData;
import org.xenpv.blkfront.BlkOp;
import org.xenpv.blkfront.BlkfrontDevice;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LoopFuture;
import org.xenpv.fault.XenException;
import org.xenpv.memory.SharedMemory;

/** Reads blocks through blkfront into buffers of its own, with a number of operations in flight, on the guest's loop. */
final class DiskReads {

    private final EventLoop loop;
    private final BlkfrontDevice device;
    private final BlockSequence blocks;
    private final Slot[] slots;
    private LoopFuture<Void> finished;
    private RuntimeException error;
    private long checksum;
    private long left;
    private int inFlight;

    DiskReads(EventLoop loop, BlkfrontDevice device, BlockSequence blocks, int depth) {
        this.loop = loop;
        this.device = device;
        this.blocks = blocks;
        this.slots = new Slot[depth];
        for (int i = 0; i < depth; i++) {
            slots[i] = new Slot();
        }
    }

    /** Reads the next blocks and waits until they are there. @return the sum of their first bytes */
    long read(long count) {
        LoopFuture<Void> done = new LoopFuture<>(loop);
        loop.execute(() -> {
            finished = done;
            error = null;
            checksum = 0;
            left = count;
            for (Slot slot : slots) {
                slot.issue();
            }
        });
        done.await();
        return checksum;
    }

    private final class Slot implements BlkData, BlkOp.Done {
        private final BlkOp op = new BlkOp();
        private final byte[] buffer = new byte[blocks.blockBytes()];

        void issue() {
            if (left == 0 || error != null) {
                return;
            }
            left--;
            inFlight++;
            op.set(BlkOp.Kind.READ, blocks.next() / 512, buffer.length, this, this);
            try {
                device.submit(op);
            } catch (RuntimeException e) {
                inFlight--;
                error = e;
            }
        }

        @Override
        public void done(BlkOp op, XenException failure) {
            inFlight--;
            checksum += buffer[0];
            if (failure != null) {
                error = failure;
            }
            issue();
            if (inFlight == 0) {
                if (error == null) {
                    finished.complete(null);
                } else {
                    finished.completeExceptionally(error);
                }
            }
        }

        @Override
        public void toDevice(int offset, SharedMemory target, int targetAt, int bytes) {
            target.copyIn(targetAt, buffer, offset, bytes);
        }

        @Override
        public void fromDevice(int offset, SharedMemory source, int sourceAt, int bytes) {
            source.copyOut(sourceAt, buffer, offset, bytes);
        }
    }
}
