package org.xenpv.testkit.ring;

import java.util.List;

/**
 * A whole test case: a ring, where its indices start, and what its two ends do.
 *
 * @param startIndex the free-running index both ends start from
 */
public record RingScript(RingLayout layout, int startIndex, List<RingStep> steps) {

    public RingScript {
        steps = List.copyOf(steps);
    }

    @Override
    public String toString() {
        return layout + " from 0x" + Integer.toHexString(startIndex) + ": " + steps;
    }
}
