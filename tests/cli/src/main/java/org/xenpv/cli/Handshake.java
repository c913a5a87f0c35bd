package org.xenpv.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.xenpv.simulator.SimDomain;
import org.xenpv.xenbus.XenbusState;
import org.xenpv.xenstore.XenstoreWatch;

/** What a device's two halves say in xenstore, and when: seen from dom0, as {@code xenstore-watch} would see it. */
final class Handshake implements AutoCloseable {

    /** A half was seen in another state. */
    record Step(long afterNs, boolean frontend, XenbusState state) {}

    private final SimDomain dom0;
    private final long startNs = System.nanoTime();
    private final List<Step> steps = new ArrayList<>();
    private final List<XenstoreWatch> watches = new ArrayList<>();

    private Handshake(SimDomain dom0) {
        this.dom0 = dom0;
    }

    /** Begins to watch a device that may not be there yet. */
    static Handshake watch(SimDomain dom0, String frontendPath, String backendPath) {
        Handshake handshake = new Handshake(dom0);
        Map<Boolean, String> halves = Map.of(true, frontendPath + "/state", false, backendPath + "/state");
        dom0.run(guest -> halves.forEach((frontend, path) -> handshake.watches.add(guest.store()
                .watch(
                        path,
                        changed -> guest.store().read(path, (text, error) -> {
                            if (error == null) {
                                handshake.seen(frontend, XenbusState.parse(text));
                            }
                        })))));
        return handshake;
    }

    private void seen(boolean frontend, XenbusState state) {
        for (int i = steps.size() - 1; i >= 0; i--) {
            if (steps.get(i).frontend() == frontend) {
                if (steps.get(i).state() == state) {
                    return;
                }
                break;
            }
        }
        steps.add(new Step(System.nanoTime() - startNs, frontend, state));
    }

    /** Since the watch began. */
    List<Step> steps() {
        return dom0.call(guest -> List.copyOf(steps));
    }

    @Override
    public void close() {
        dom0.run(guest -> watches.forEach(XenstoreWatch::cancel));
    }
}
