package org.xenpv.simulator.xenstored;

/** Which watches a change concerns. */
enum Match {
    /** Those on exactly this path: it vanished because something above it was removed. */
    EXACT,
    /** Those on this path and on everything above it. */
    SUBTREE
}
