package org.xenpv.realxen;

import org.xenpv.xenstore.BlockingXenstore;

/**
 * Has a backend advertise a device that nobody will use, before the toolstack attaches one: libxl gives it 10 seconds to say InitWait, and
 * a JVM that serves its first device on a busy emulated machine has taken longer.
 */
final class Rehearsal {

    private static final String INIT_WAIT = "2";
    private static final String FRONTEND = "/local/domain/0/rehearsal";

    private Rehearsal() {}

    /**
     * Returns when it is over.
     *
     * @param kind of a service that has been started
     * @param keys what the toolstack writes for one of this kind: key, value...
     */
    static void of(BlockingXenstore store, String kind, String... keys) {
        String nodename = "backend/" + kind + "/0/99999";
        store.transaction(tree -> {
            tree.write(FRONTEND + "/state", "1");
            tree.writeAll(
                    nodename + "/frontend",
                    FRONTEND,
                    nodename + "/frontend-id",
                    "0",
                    nodename + "/online",
                    "1",
                    nodename + "/state",
                    "1");
            for (int i = 0; i < keys.length; i += 2) {
                tree.write(nodename + "/" + keys[i], keys[i + 1]);
            }
            return null;
        });
        store.awaitValue(RealGuest.PATIENCE_NS, nodename + "/state", INIT_WAIT);
        store.remove(FRONTEND); // for which the backend ends
        store.remove(nodename);
    }

    /** Of a disk: some file in memory. */
    static void ofDisk(BlockingXenstore store) {
        of(store, "vbd", "params", "/disks/rehearsal", "mode", "w");
    }
}
