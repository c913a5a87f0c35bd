package org.xenpv.simulator.hypervisor;

import java.util.ArrayList;
import java.util.List;

/** A maptrack entry: one foreign page that a domain has mapped. */
final class Mapping {

    final GrantFrames granter;
    final int granterDomid;
    final int ref;
    final long gfn;
    final boolean readonly;
    final long hostAddress;
    /** Ways to end the memory objects that show this page. */
    private List<Runnable> windows;

    Mapping(GrantFrames granter, int granterDomid, int ref, boolean readonly, long hostAddress) {
        this.granter = granter;
        this.granterDomid = granterDomid;
        this.ref = ref;
        this.gfn = granter.pinnedGfn(ref);
        this.readonly = readonly;
        this.hostAddress = hostAddress;
    }

    void addWindow(Runnable close) {
        if (windows == null) {
            windows = new ArrayList<>(1);
        }
        windows.add(close);
    }

    /** The page is not there any more. */
    void closeWindows() {
        if (windows != null) {
            for (Runnable close : windows) {
                close.run();
            }
            windows = null;
        }
    }
}
