package org.xenpv.realxen;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.XenstoreException;
import org.xenpv.xenstore.XenstorePermissions;
import org.xenpv.xenstore.XenstoreWatch;

/** An unprivileged domain and a real xenstored: nodes, transactions that conflict, watches, permissions, errors, quotas. */
final class XenstoreStory implements Scenario {

    private static final String BASE = "data/story";
    private static final int CHILDREN = 120;
    private static final String LONG_NAME = "n".repeat(40);

    private RealGuest guest;
    private BlockingXenstore store;
    private String home;

    @Override
    public void run(RealGuest here) {
        guest = here;
        store = here.dom0().store();
        home = store.domainPath(here.xen().domid());
        RealGuest.checkEqual(home, "/local/domain/" + here.xen().domid(), "our home");
        store.remove(BASE);
        store.mkdir(BASE);
        nodes();
        transactions();
        watches();
        errors();
        permissions();
        manyNodes();
        longList();
        store.remove(BASE);
    }

    private void nodes() {
        store.write(BASE + "/a/b", "deep");
        RealGuest.checkEqual(
                guest.dom0().run("xenstore-read " + home + "/" + BASE + "/a/b"), "deep", "what dom0 reads");
        guest.dom0().run("xenstore-write " + home + "/" + BASE + "/c 'from dom0'");
        RealGuest.checkEqual(store.read(BASE + "/c"), "from dom0", "what we read");
        RealGuest.checkEqual(new TreeSet<>(store.directory(BASE)), new TreeSet<>(List.of("a", "c")), "children");
        String longest = "x".repeat(4080 - BASE.length() - 2 - 1);
        store.write(BASE + "/l", longest.substring(0, 2000));
        RealGuest.checkEqual(store.read(BASE + "/l").length(), 2000, "length of a long value");
        store.remove(BASE + "/a");
        RealGuest.check(store.readOrNull(BASE + "/a/b") == null, "a node is there after its parent was removed");
        String[] all = new String[200];
        java.util.Arrays.fill(all, BASE + "/c");
        for (String value : store.readAll(all)) {
            RealGuest.checkEqual(value, "from dom0", "one of 200 reads at once");
        }
    }

    private void transactions() {
        store.write(BASE + "/count", "1");
        AtomicInteger tries = new AtomicInteger();
        String result = store.transaction(tx -> {
            String before = tx.read(BASE + "/count");
            if (tries.incrementAndGet() == 1) {
                guestWriteFromOutside();
            }
            tx.write(BASE + "/count", before + "1");
            return before;
        });
        RealGuest.checkEqual(tries.get(), 2, "tries of a transaction that somebody else's write came into");
        RealGuest.checkEqual(result, "7", "what the second try saw");
        RealGuest.checkEqual(store.read(BASE + "/count"), "71", "the count");
        try {
            store.transaction(tx -> {
                tx.write(BASE + "/count", "never");
                throw new IllegalStateException("on purpose");
            });
            throw new AssertionError("a transaction whose body threw was committed");
        } catch (IllegalStateException aborted) {
            RealGuest.checkEqual(store.read(BASE + "/count"), "71", "the count after an abort");
        }
    }

    private void guestWriteFromOutside() {
        guest.dom0().run("xenstore-write " + home + "/" + BASE + "/count 7");
    }

    private void watches() {
        AtomicInteger fired = new AtomicInteger();
        try (XenstoreWatchHandle watch = new XenstoreWatchHandle(store, BASE + "/watched", fired)) {
            until(() -> fired.get() >= 1, "the first event of a watch");
            int before = fired.get();
            guest.dom0().run("xenstore-write " + home + "/" + BASE + "/watched/below 1");
            until(() -> fired.get() > before, "an event of a node below");
            RealGuest.check(watch.isOpen(), "the watch is open");
        }
        int before = fired.get();
        guest.dom0().run("xenstore-write " + home + "/" + BASE + "/watched/below 2");
        store.read(BASE + "/c");
        RealGuest.checkEqual(fired.get(), before, "events after the watch was cancelled");
    }

    /** A watch to be closed. */
    private static final class XenstoreWatchHandle implements AutoCloseable {
        private final XenstoreWatch watch;

        XenstoreWatchHandle(BlockingXenstore store, String path, AtomicInteger fired) {
            watch = store.watch(path, changed -> fired.incrementAndGet());
        }

        boolean isOpen() {
            return watch != null;
        }

        @Override
        public void close() {
            watch.cancel();
        }
    }

    private void until(java.util.function.BooleanSupplier holds, String what) {
        boolean came = guest.xen().loop().runUntil(holds, System.nanoTime() + RealGuest.PATIENCE_NS);
        RealGuest.check(came, what + " did not come");
    }

    private void errors() {
        refused("ENOENT", () -> store.read(BASE + "/nothing"));
        refused("EACCES", () -> store.write("/local/domain/0/of-dom0", "mine"));
        refused(
                "EACCES|ENOENT",
                () -> store.read("/local/domain/0/nothing")); // the C one does not say which, oxenstored does
        refused("EACCES", () -> store.setPermissions("/local/domain/0", store.permissions(BASE)));
    }

    /** @param error one or more, with | in between */
    private static void refused(String error, Runnable call) {
        try {
            call.run();
        } catch (XenstoreException refused) {
            RealGuest.check(refused.error().matches(error), refused.getMessage() + ", must be " + error);
            return;
        }
        throw new AssertionError("nobody refused what must end in " + error);
    }

    private void permissions() {
        store.write(BASE + "/shared", "1");
        XenstorePermissions wanted = new XenstorePermissions(
                guest.xen().domid(),
                XenstorePermissions.Access.NONE,
                List.of(new XenstorePermissions.Entry(0, XenstorePermissions.Access.READ)));
        store.setPermissions(BASE + "/shared", wanted);
        RealGuest.checkEqual(store.permissions(BASE + "/shared"), wanted, "permissions");
    }

    /** Until the quotas say no: 1000 nodes, and in the C xenstored 2048 bytes for one with the names of its children. */
    private void manyNodes() {
        int inOne = nodesUntilRefused(BASE + "/many/" + "n".repeat(40), 1000);
        System.out.println("children with names of 41 to 43 bytes until one is refused: " + inOne);
        RealGuest.check(
                inOne > 30 && inOne < 50 || inOne > 500 && inOne < 1000, "children until one is refused: " + inOne);
        if (inOne < 50) {
            RealGuest.checkEqual(store.directory(BASE + "/many").size(), inOne, "children");
        } else {
            refused(
                    "E2BIG",
                    () -> store.directory(BASE + "/many")); // more than a message, and oxenstored has no DIRECTORY_PART
        }
        store.remove(BASE + "/many");
        int all = 0;
        int made;
        int directory = 0;
        do {
            made = nodesUntilRefused(BASE + "/many/" + directory++ + "/", 100);
            all += made;
        } while (made == 100 && directory < 20);
        RealGuest.check(all > 500 && all < 1000, "nodes until the quota is used up: " + all);
        store.remove(BASE + "/many");
        store.write(BASE + "/room", "again");
    }

    /** Dom0, which has no quota, gives a node of ours more children than a message holds the names of (XS_DIRECTORY_PART). */
    private void longList() {
        String node = BASE + "/long";
        store.mkdir(node);
        guest.dom0()
                .run("for i in $(seq " + CHILDREN + "); do set -- \"$@\" " + home + "/" + node + "/" + LONG_NAME
                        + "$i x; done; xenstore-write \"$@\"");
        Set<String> wanted = new TreeSet<>();
        for (int i = 1; i <= CHILDREN; i++) {
            wanted.add(LONG_NAME + i);
        }
        try {
            RealGuest.checkEqual(new TreeSet<>(store.directory(node)), wanted, "children");
            System.out.println("a list of " + CHILDREN + " long names, in parts");
        } catch (XenstoreException refused) {
            RealGuest.checkEqual(refused.error(), "E2BIG", "what oxenstored says, which has no DIRECTORY_PART");
            System.out.println(refused.getMessage());
        }
    }

    /** @return how many could be made; the next one was refused for want of space, unless that was all */
    private int nodesUntilRefused(String name, int most) {
        int made = 0;
        while (made < most) {
            try {
                store.write(name + made, "");
            } catch (XenstoreException refused) {
                String error = refused.error(); // oxenstored has a name of its own for it
                RealGuest.check(error.equals("ENOSPC") || error.equals("EQUOTA"), refused.getMessage());
                return made;
            }
            made++;
        }
        return made;
    }
}
