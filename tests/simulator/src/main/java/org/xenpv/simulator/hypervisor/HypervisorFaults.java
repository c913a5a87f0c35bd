package org.xenpv.simulator.hypervisor;

/** Asked where a machine can fail a guest that does nothing wrong. */
public interface HypervisorFaults {

    /** What becomes of an event. */
    enum Fate {
        DELIVER(0),
        DROP(1),
        DELAY(2),
        /** Delivered now and once more later. */
        DUPLICATE(3);

        final int code;

        Fate(int code) {
            this.code = code;
        }
    }

    /** A machine that never fails. */
    HypervisorFaults NONE = new HypervisorFaults() {};

    default Fate event(Domain target, int port) {
        return Fate.DELIVER;
    }

    /** For {@link Fate#DELAY} and {@link Fate#DUPLICATE}. */
    default long delayNs() {
        return 0;
    }

    /** Whether, together with an event, some port of the same domain gets one that nobody sent. */
    default boolean spuriousEvent() {
        return false;
    }

    /** A number from 0 to {@code bound - 1}: which port that is. */
    default int choose(int bound) {
        return 0;
    }

    /** Whether GNTTABOP_map_grant_ref finds no space (GNTST_no_space). */
    default boolean refuseMap(Domain mapper) {
        return false;
    }

    /** Whether a grant table cannot grow, or there is no memory to grant. */
    default boolean refuseGrowth(Domain domain) {
        return false;
    }
}
