package org.xenpv.grant.abi;

import java.util.HashMap;
import java.util.Map;

/**
 * Pages their owners gave back while the other domain still maps them. They wait in a queue: each retry takes some from
 * its front, and puts back at its end what is still mapped, so that all are tried in turn.
 */
final class GrantQuarantine {

    private final int capPerDomain;
    private final GrefQueue waiting = new GrefQueue();
    /** Frames that cannot be freed, by the domain that maps at least one page of their allocation. */
    private final Map<Integer, Integer> heldFrames = new HashMap<>();

    GrantQuarantine(int capPerDomain) {
        this.capPerDomain = capPerDomain;
    }

    void ensureCapacity(int refs) {
        waiting.ensureCapacity(refs);
    }

    int size() {
        return waiting.size();
    }

    void add(int gref) {
        waiting.add(gref);
    }

    int remove() {
        return waiting.remove();
    }

    /** Frames held for a domain; more than pages in quarantine if of some allocations only a part is mapped. */
    int heldFrames(int domid) {
        return heldFrames.getOrDefault(domid, 0);
    }

    boolean isFull(int domid) {
        return heldFrames(domid) >= capPerDomain;
    }

    int capPerDomain() {
        return capPerDomain;
    }

    void hold(int domid, int frames) {
        heldFrames.put(domid, heldFrames(domid) + frames);
    }

    void unhold(int domid, int frames) {
        int left = heldFrames(domid) - frames;
        if (left == 0) {
            heldFrames.remove(domid);
        } else {
            heldFrames.put(domid, left);
        }
    }
}
