package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LocalInbox;

class LoopAlarmsTest {

    private long nowNs = 100;
    private final EventLoop loop = new EventLoop(noEvents(), () -> nowNs, new LocalInbox(16));
    private final LoopAlarms alarms = new LoopAlarms(loop);
    private final List<Long> rang = new ArrayList<>();
    private Alarms.Alarm again;

    private static EventChannels noEvents() {
        return (EventChannels) java.lang.reflect.Proxy.newProxyInstance(
                EventChannels.class.getClassLoader(),
                new Class<?>[] {EventChannels.class},
                (proxy, method, args) -> method.getReturnType() == int.class ? 0 : null);
    }

    private void at(long timeNs) {
        nowNs = timeNs;
        loop.runOnce();
    }

    @Test
    void shouldRingOnceAtTheEarliestDeadline() {
        Alarms.Alarm alarm = alarms.alarm(() -> rang.add(alarms.nowNs()));
        alarm.atOrBefore(500);
        alarm.atOrBefore(300);
        alarm.atOrBefore(400);
        at(299);
        assertThat(rang).isEmpty();
        at(300);
        at(600);
        assertThat(rang).containsExactly(300L);
        alarm.atOrBefore(700);
        alarm.cancel();
        alarm.cancel();
        at(800);
        assertThat(rang).containsExactly(300L);
    }

    @Test
    void shouldBeSetAgainByItsAction() {
        again = alarms.alarm(() -> {
            rang.add(alarms.nowNs());
            if (rang.size() < 3) {
                again.atOrBefore(alarms.nowNs() + 10);
            }
        });
        again.atOrBefore(200);
        for (long timeNs = 200; timeNs < 260; timeNs += 5) {
            at(timeNs);
        }
        assertThat(rang).containsExactly(200L, 210L, 220L);
    }
}
