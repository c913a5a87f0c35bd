package org.xenpv.layers;

/** Time as the layers see it: told, never read, and calls when a deadline is due. {@link LoopAlarms} has it from a loop. */
public interface Alarms {

    /** Monotonic; deadlines are values of this clock and compared by subtraction. */
    long nowNs();

    /** Makes an alarm that is not set. */
    Alarm alarm(Runnable action);

    /** Calls its action once when set; may be set again, by the action too. */
    interface Alarm {

        /** Sets it; if it is set already, the earlier deadline holds. */
        void atOrBefore(long deadlineNs);

        /** Idempotent. */
        void cancel();
    }
}
