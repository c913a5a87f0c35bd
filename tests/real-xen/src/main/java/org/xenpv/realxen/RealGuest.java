package org.xenpv.realxen;

import org.xenpv.xenbus.linux.LinuxGuest;

/**
 * What a scenario has: a guest of its own, whose loop the calling thread runs, and dom0.
 */
public record RealGuest(LinuxGuest xen, Dom0 dom0) {

    /** Deadlines of drivers: a JVM that has just started is slow, and slower when everything is emulated. */
    public static final long PATIENCE_NS = 60_000_000_000L;

    /** Fails the scenario unless what is expected is so. */
    static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    static void checkEqual(Object actual, Object expected, String what) {
        check(expected.equals(actual), what + " is " + actual + ", must be " + expected);
    }
}
