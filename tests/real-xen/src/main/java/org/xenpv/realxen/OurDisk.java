package org.xenpv.realxen;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.xenpv.blkfront.BlkData;
import org.xenpv.blkfront.BlkGeometry;
import org.xenpv.blkfront.BlkOp;
import org.xenpv.blkfront.BlkQueue;
import org.xenpv.blkfront.BlkRequest;
import org.xenpv.blkfront.BlkStats;
import org.xenpv.blkfront.BlkfrontConfig;
import org.xenpv.blkfront.BlkfrontDevice;
import org.xenpv.blkfront.BlkfrontFeatures;
import org.xenpv.event.EventLoop;
import org.xenpv.event.EventLoopStats;
import org.xenpv.fault.XenException;
import org.xenpv.memory.SharedMemory;
import org.xenpv.xenbus.linux.KernelDrivers;
import org.xenpv.xenbus.linux.LinuxGuest;

/**
 * The program that reads and writes a disk through ours for side-by-side-blk: a command a line comes in, an answer a
 * line goes out. {@code queue} fills requests of a {@link BlkQueue} and copies what they bring into a buffer of the
 * program's; {@code ops} has {@link BlkfrontDevice#submit} do that. Both run on the guest's event loop, as it is: it
 * never spins, but sleeps in ppoll when there is nothing to do.
 */
public final class OurDisk {

    private static final int DEPTH_MAX = 32;
    private static final int BLOCK_MAX = 1 << 20;

    private final CountedCalls calls = new CountedCalls();
    private final LinuxGuest xen;
    private final EventLoop loop;
    private final BlkfrontDevice device;
    private final Slot[] slots = new Slot[DEPTH_MAX];
    private XenException ended;
    private boolean connected;
    private BlkQueue queue;
    private BlockLoad load;
    private RuntimeException error;
    private int inFlight;

    private OurDisk(String nodename, BlkfrontConfig config) {
        xen = LinuxGuest.open(calls, new KernelDrivers(), Main.options().withUnbind(true));
        loop = xen.loop();
        device = new BlkfrontDevice(xen, nodename, config, new BlkfrontDevice.Listener() {
            @Override
            public void connected(BlkGeometry geometry) {
                connected = true;
            }

            @Override
            public void resized(BlkGeometry geometry) {}

            @Override
            public void ended(XenException reason) {
                ended = reason == null ? new XenException(nodename + " was closed") : reason;
            }
        });
        for (int i = 0; i < slots.length; i++) {
            slots[i] = new Slot();
        }
    }

    /** @param args the disk's directory in xenstore */
    public static void main(String[] args) throws Exception {
        BlkfrontConfig config = Disk.PATIENT.requestsPerQueue(32).ringPageOrderMax(0);
        OurDisk disk = new OurDisk(args[0], config);
        disk.connect();
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            System.out.println(disk.run(line));
            System.out.flush();
        }
        disk.device.close();
        disk.loop.runUntil(() -> disk.ended != null, System.nanoTime() + RealGuest.PATIENCE_NS);
        System.exit(0);
    }

    private void connect() {
        device.start();
        loop.runUntil(() -> connected || ended != null, System.nanoTime() + RealGuest.PATIENCE_NS);
        if (!connected) {
            throw ended != null ? ended : new XenException("the disk did not connect");
        }
        queue = device.queue(0);
        loop.addSource(this::pushed);
        System.out.println(device.features() + " requests=" + queue.size());
        System.out.println(Contender.READY);
        System.out.flush();
    }

    /** What has been submitted in a turn of the loop is published in one go. */
    private boolean pushed() {
        if (load != null) {
            load.tick();
            queue.push();
        }
        return false;
    }

    private String run(String command) {
        BlkStats stats = device.stats();
        EventLoopStats turns = loop.stats();
        final long grants = xen.grants().ledger().grantsTotal();
        calls.counted();
        load = new BlockLoad(command, device.geometry().sectors() * BlkfrontFeatures.SECTOR_BYTES);
        for (int i = 0; i < load.depth; i++) {
            slots[i].next();
        }
        loop.runUntil(() -> inFlight == 0 || ended != null, EventLoop.NEVER);
        if (error != null || ended != null) {
            throw error != null ? error : ended;
        }
        String result = load.result();
        load = null;
        return result + counted(stats, turns) + " grants="
                + (xen.grants().ledger().grantsTotal() - grants) + " " + calls.counted();
    }

    private String counted(BlkStats before, EventLoopStats turnsBefore) {
        BlkStats now = device.stats();
        EventLoopStats turns = loop.stats();
        return " requests=" + (now.requests() - before.requests())
                + " sent=" + (now.notificationsSent() - before.notificationsSent())
                + " suppressed=" + (now.notificationsSuppressed() - before.notificationsSuppressed())
                + " events=" + (turns.events() - turnsBefore.events())
                + " turns=" + (turns.turns() - turnsBefore.turns());
    }

    /** A block in flight and the program's buffer for it. */
    private final class Slot implements BlkRequest.Completion, BlkData, BlkOp.Done {
        private final byte[] buffer = new byte[BLOCK_MAX];
        private final BlkOp op = new BlkOp();
        private long block;

        void next() {
            if (load.isOver() || error != null) {
                return;
            }
            block = load.nextBlock();
            inFlight++;
            if (load.write) {
                load.stamp(block, buffer);
            }
            if (load.mode().equals("ops")) {
                long sector = block * (load.blockBytes / BlkfrontFeatures.SECTOR_BYTES);
                op.set(load.write ? BlkOp.Kind.WRITE : BlkOp.Kind.READ, sector, load.blockBytes, this, this);
                device.submit(op);
            } else {
                submit(queue.acquire());
            }
        }

        /** The block as one request: {@code queue} is asked for no more than fits one. */
        private void submit(BlkRequest request) {
            long sector = block * (load.blockBytes / BlkfrontFeatures.SECTOR_BYTES);
            if (load.write) {
                request.memory().copyIn(0, buffer, 0, load.blockBytes);
                request.write(sector, load.blockBytes, this);
            } else {
                request.read(sector, load.blockBytes, this);
            }
            queue.submit(request);
        }

        @Override
        public void complete(BlkRequest request) {
            inFlight--;
            if (request.status() != BlkRequest.OKAY) {
                error = new IllegalStateException("block=" + block + ", status=" + request.status());
                return;
            }
            if (!load.write) {
                request.memory().copyOut(0, buffer, 0, load.blockBytes);
            }
            queue.release(request);
            load.finished(block, buffer);
            next();
        }

        @Override
        public void done(BlkOp finished, XenException failure) {
            inFlight--;
            if (failure != null) {
                error = failure;
                return;
            }
            load.finished(block, buffer);
            next();
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
