package org.xenpv.backends.console;

import java.util.ArrayList;
import java.util.List;

/** Gives every console a {@link MemoryTerminal}, and finds it again. May be used from any thread. */
public final class MemoryTerminals implements Terminal.Factory {

    private record Place(int domid, int number, MemoryTerminal terminal) {}

    private final List<Place> places = new ArrayList<>();

    @Override
    public synchronized Terminal open(int domid, int number) {
        MemoryTerminal terminal = new MemoryTerminal();
        places.add(new Place(domid, number, terminal));
        return terminal;
    }

    /** A console's latest terminal; null if it has had none yet. */
    public synchronized MemoryTerminal of(int domid, int number) {
        MemoryTerminal latest = null;
        for (Place place : places) {
            if (place.domid == domid && place.number == number) {
                latest = place.terminal;
            }
        }
        return latest;
    }

    /** All there have been, in the order they were opened. */
    public synchronized List<MemoryTerminal> all() {
        List<MemoryTerminal> all = new ArrayList<>();
        for (Place place : places) {
            all.add(place.terminal);
        }
        return all;
    }
}
