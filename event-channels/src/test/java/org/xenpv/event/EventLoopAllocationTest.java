package org.xenpv.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class EventLoopAllocationTest {

    private static final int EVENTS = 10_000;

    @Test
    void shouldNotAllocate_whenEventsFlowOrAreSpurious() {
        ManualClock clock = new ManualClock(0);
        // One event in every turn, every tenth one without work, and no log.
        EventChannels channels = new PortModel(clock) {
            @Override
            public void unmask(int port) {
                masked[port] = false;
            }
        };
        PortModel ports = (PortModel) channels;
        EventLoop loop = new EventLoop(ports, clock, new LocalInbox());
        int[] calls = new int[1];
        loop.register(5, "device", budget -> calls[0]++ % 10 < 6 ? 1 : 0);
        loop.register(6, "other", budget -> 0);
        Runnable events = () -> {
            for (int i = 0; i < EVENTS; i++) {
                ports.raise(5);
                ports.raise(6);
                clock.advance(1_000_000);
                loop.runOnce();
                loop.pollAt();
            }
        };
        events.run();
        events.run();
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long id = Thread.currentThread().getId();
        EventLoopStats start = loop.stats();
        long before = threads.getThreadAllocatedBytes(id);
        events.run();
        long bytes = threads.getThreadAllocatedBytes(id) - before;
        EventLoopStats end = loop.stats();
        assertThat(end.events() - start.events()).isGreaterThan(EVENTS / 2);
        assertThat(end.delayedUnmasks()).isGreaterThan(start.delayedUnmasks());
        assertThat(bytes).as("bytes for " + EVENTS + " turns").isLessThan(2_000);
    }
}
