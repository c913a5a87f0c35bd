package org.xenpv.simulator;

/** Nobody on the host can ever run again, and somebody waits without a deadline. */
public final class SimDeadlockException extends IllegalStateException {

    SimDeadlockException(String message) {
        super(message);
    }
}
