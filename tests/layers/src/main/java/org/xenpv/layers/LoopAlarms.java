package org.xenpv.layers;

import org.xenpv.event.EventLoop;

/** The clock and timers of a guest's event loop. */
public final class LoopAlarms implements Alarms {

    private final EventLoop loop;

    public LoopAlarms(EventLoop loop) {
        this.loop = loop;
    }

    @Override
    public long nowNs() {
        return loop.clock().nanoTime();
    }

    @Override
    public Alarm alarm(Runnable action) {
        return new LoopAlarm(loop, action);
    }

    private static final class LoopAlarm implements Alarm, Runnable {
        private final EventLoop loop;
        private final Runnable action;
        private EventLoop.Timer timer;
        private long deadlineNs;

        LoopAlarm(EventLoop loop, Runnable action) {
            this.loop = loop;
            this.action = action;
        }

        @Override
        public void atOrBefore(long wantedNs) {
            if (timer != null && deadlineNs - wantedNs <= 0) {
                return;
            }
            cancel();
            deadlineNs = wantedNs;
            timer = loop.at(wantedNs, this);
        }

        @Override
        public void cancel() {
            if (timer != null) {
                timer.cancel();
                timer = null;
            }
        }

        @Override
        public void run() {
            timer = null;
            action.run();
        }
    }
}
