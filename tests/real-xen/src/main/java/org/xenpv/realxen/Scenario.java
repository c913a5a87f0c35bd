package org.xenpv.realxen;

/** Something that a guest does with a real peer. */
public interface Scenario {

    /**
     * Passes by returning.
     *
     * @throws Exception saying what went wrong
     */
    void run(RealGuest guest) throws Exception;

    /** How long it may take. */
    default long limitMs() {
        return 300_000;
    }
}
