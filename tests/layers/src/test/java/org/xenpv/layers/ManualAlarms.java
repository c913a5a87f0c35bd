package org.xenpv.layers;

import java.util.ArrayList;
import java.util.List;

/** Time that a test moves. */
final class ManualAlarms implements Alarms {

    private final List<ManualAlarm> alarms = new ArrayList<>();
    private long nowNs = Long.MAX_VALUE - 5_000_000_000L;

    private final class ManualAlarm implements Alarm {
        private final Runnable action;
        private boolean set;
        private long deadlineNs;

        ManualAlarm(Runnable action) {
            this.action = action;
        }

        @Override
        public void atOrBefore(long wantedNs) {
            if (!set || wantedNs - deadlineNs < 0) {
                set = true;
                deadlineNs = wantedNs;
            }
        }

        @Override
        public void cancel() {
            set = false;
        }
    }

    @Override
    public long nowNs() {
        return nowNs;
    }

    @Override
    public Alarm alarm(Runnable action) {
        ManualAlarm alarm = new ManualAlarm(action);
        alarms.add(alarm);
        return alarm;
    }

    /** Whether anything is still to come. */
    boolean isQuiet() {
        return alarms.stream().noneMatch(alarm -> alarm.set);
    }

    /** Lets time pass, and calls what is due on the way when it is. */
    void pass(long ns) {
        long endNs = nowNs + ns;
        while (true) {
            ManualAlarm next = null;
            for (ManualAlarm each : alarms) {
                if (each.set
                        && each.deadlineNs - endNs <= 0
                        && (next == null || each.deadlineNs - next.deadlineNs < 0)) {
                    next = each;
                }
            }
            if (next == null) {
                nowNs = endNs;
                return;
            }
            nowNs = Math.max(next.deadlineNs - nowNs, 0) + nowNs;
            next.set = false;
            next.action.run();
        }
    }
}
