package org.xenpv.realxen;

import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.xenbus.linux.LinuxGuest;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.XenstoreClient;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * Xenstored stands still: who asks it is told so in time, a connected disk works all the same, though a watch is asked for on its loop, a
 * guest with watches can be closed, and when xenstored goes on nothing of ours has to begin anew.
 */
final class XenstoredHangs implements Scenario {

    private static final int SECONDS = 20;
    private static final long REQUEST_NS = 3_000_000_000L;
    private static final String NODE = "data/hangs";
    private static final int MEGABYTES = 2;
    private static final int SECTORS = 64;
    private static final int ROUNDS = 20;
    private static final long SEED = 20261201;

    @Override
    public void run(RealGuest guest) throws Exception {
        System.out.println("seed " + SEED);
        LinuxGuest.Options impatient =
                LinuxGuest.Options.DEFAULT.withStore(XenstoreClient.Options.DEFAULT.withRequestTimeoutNs(REQUEST_NS));
        guest.dom0().store().write(NODE, "before");
        try (Disk image = Disk.attach(guest.dom0(), 'k', MEGABYTES, "rw");
                LinuxGuest other = LinuxGuest.open(impatient);
                LinuxGuest leaving = LinuxGuest.open(impatient)) {
            new BlockingXenstore(leaving.store(), leaving.loop(), RealGuest.PATIENCE_NS).watch(NODE, changed -> {});
            BlockingXenstore store = new BlockingXenstore(other.store(), other.loop(), RealGuest.PATIENCE_NS);
            AtomicInteger fired = new AtomicInteger();
            XenstoreWatch watch = store.watch(NODE, changed -> fired.incrementAndGet());
            until(other, () -> fired.get() > 0, "the first event of a watch");
            Random random = new Random(SEED);
            byte[] model;
            try (Blkfront disk = image.connect(guest, Disk.PATIENT)) {
                model = BlkMixed.content(disk);
                guest.dom0().run("xenstored-hang " + SECONDS);
                guest.dom0().store().write("data/hang", "now");
                String said = refusal(store);
                System.out.println(said);
                RealGuest.check(
                        said.contains("no answer within 3000 ms") && said.endsWith("does xenstored run?"), said);
                AtomicInteger late = new AtomicInteger();
                guest.xen().store().watch(NODE, changed -> late.incrementAndGet()); // on the disk's own loop
                leaving.close();
                int rounds = 0;
                AtomicReference<XenException> failure = new AtomicReference<>();
                boolean[] answered = new boolean[1];
                other.store().read(NODE, (value, error) -> {
                    answered[0] = true;
                    failure.set(error);
                });
                while (!answered[0]) {
                    BlkMixed.round(disk, model, random, SECTORS);
                    rounds++;
                    other.loop().runOnce();
                }
                System.out.println("rounds while nobody answered: " + rounds);
                RealGuest.check(
                        failure.get() instanceof XenTimeoutException,
                        "closing has waited for xenstored, which answers again: " + failure.get());
                int before = fired.get();
                guest.dom0().store().write(NODE, "after"); // with a minute's patience: answered when xenstored goes on
                until(other, () -> fired.get() > before, "the event of a watch from before");
                until(
                        guest.xen(),
                        () -> late.get() > 0,
                        "the first event of a watch that xenstored was asked for meanwhile");
                RealGuest.checkEqual(store.read(NODE), "after", "what is read afterwards");
                for (int i = 0; i < ROUNDS; i++) {
                    BlkMixed.round(disk, model, random, SECTORS);
                }
                RealGuest.checkEqual(disk.stats().reconnects(), 0L, "connections of the disk after the first");
            }
            watch.cancel();
            RealGuest.checkEqual(image.sha256(), Sha256.of(model), "sha256 of the file in dom0");
            System.out.println(other.client().stats());
            RealGuest.checkEqual(other.client().stats().deaths(), 0L, "deaths of the connection");
        } finally {
            guest.dom0().store().remove("data/hang");
        }
    }

    /** Reads until that is refused. */
    private static String refusal(BlockingXenstore store) {
        long deadlineNs = System.nanoTime() + RealGuest.PATIENCE_NS;
        while (System.nanoTime() - deadlineNs < 0) {
            try {
                store.read(NODE);
            } catch (XenTimeoutException late) {
                return late.getMessage();
            }
        }
        throw new AssertionError("xenstored never stood still");
    }

    private static void until(LinuxGuest xen, BooleanSupplier holds, String what) {
        RealGuest.check(xen.loop().runUntil(holds, System.nanoTime() + RealGuest.PATIENCE_NS), what + " did not come");
    }
}
