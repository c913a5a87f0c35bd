package org.xenpv.realxen;

import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * Another xenstored takes the place of the one that runs, knowing all that it knew (live update): nothing of ours has to begin anew, watches
 * fire as before. By force one also takes place while a transaction is open, which is made once more.
 *
 * @param byForce whether that is tried as well; oxenstored never does it
 */
record XenstoredUpdate(boolean byForce) implements Scenario {

    private static final String NODE = "data/update";
    private static final int MEGABYTES = 2;
    private static final int SECTORS = 64;
    private static final int UPDATES = 3;
    private static final int WAITS_SECONDS = 2;
    private static final long SEED = 20261201;

    @Override
    public void run(RealGuest guest) throws Exception {
        System.out.println("seed " + SEED);
        BlockingXenstore store = guest.dom0().store();
        store.write(NODE, "0");
        AtomicInteger fired = new AtomicInteger();
        XenstoreWatch watch = store.watch(NODE, changed -> fired.incrementAndGet());
        try (Disk image = Disk.attach(guest.dom0(), 'k', MEGABYTES, "rw")) {
            Random random = new Random(SEED);
            byte[] model;
            try (Blkfront disk = image.connect(guest, Disk.PATIENT)) {
                model = BlkMixed.content(disk);
                for (int i = 1; i <= UPDATES; i++) {
                    guest.dom0().run("xenstored-update");
                    int before = fired.get();
                    store.write(NODE, Integer.toString(i));
                    until(guest, () -> fired.get() > before, "the event of a watch from before");
                    BlkMixed.round(disk, model, random, SECTORS);
                }
                if (byForce) {
                    underATransaction(guest, store);
                }
            }
            RealGuest.checkEqual(image.sha256(), Sha256.of(model), "sha256 of the file in dom0");
            System.out.println(guest.xen().client().stats());
            RealGuest.checkEqual(guest.xen().client().stats().deaths(), 0L, "deaths of the connection");
        } finally {
            watch.cancel();
        }
        try (Disk attachedAfterwards = Disk.attach(guest.dom0(), 'l', MEGABYTES, "rw");
                Blkfront disk = attachedAfterwards.connect(guest, Disk.PATIENT)) {
            RealGuest.checkEqual(
                    Sha256.of(BlkMixed.content(disk)),
                    attachedAfterwards.sha256(),
                    "sha256 of a disk attached afterwards");
        }
    }

    /** An update waits for it as long as it may; by force it takes place, and the transaction is made once more. */
    private static void underATransaction(RealGuest guest, BlockingXenstore store) {
        AtomicInteger tries = new AtomicInteger();
        String before = store.transaction(tx -> {
            String read = tx.read(NODE);
            if (tries.incrementAndGet() == 1) {
                String refused = guest.dom0().run("xenstored-update -t " + WAITS_SECONDS + " 2>&1 || true");
                RealGuest.check(refused.contains("long running transactions"), "a patient update said: " + refused);
                guest.dom0().run("xenstored-update -F -t " + WAITS_SECONDS);
            }
            tx.write(NODE, read + " and in a transaction");
            return read;
        });
        RealGuest.checkEqual(tries.get(), 2, "tries of a transaction that an update came into");
        RealGuest.checkEqual(store.read(NODE), before + " and in a transaction", "what the transaction wrote");
    }

    private static void until(RealGuest guest, BooleanSupplier holds, String what) {
        RealGuest.check(
                guest.xen().loop().runUntil(holds, System.nanoTime() + RealGuest.PATIENCE_NS), what + " did not come");
    }
}
