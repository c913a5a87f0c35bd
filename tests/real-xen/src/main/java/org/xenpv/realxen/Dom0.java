package org.xenpv.realxen;

import org.xenpv.xenstore.BlockingXenstore;

/** Dom0's shell, for a scenario in a guest: dom0/serve runs what it is told. */
public final class Dom0 extends Shell {

    private static final long ANSWER_NS = 120_000_000_000L;

    public Dom0(BlockingXenstore store) {
        super(store, "", "dom0", ANSWER_NS);
    }
}
