package org.xenpv.event.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenpv.event.EventChannels;
import org.xenpv.fault.XenOpException;

/** What both ABIs have in common, on a hypervisor that sets the bits as Xen does. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class AbiEventChannelsTest {

    final FakeXen xen = new FakeXen();
    EventChannels events;

    abstract EventChannels open();

    @AfterEach
    void close() {
        xen.close();
    }

    final List<Integer> poll(int limit) {
        List<Integer> ports = new ArrayList<>();
        int taken = events.poll(ports::add, limit);
        assertThat(taken).isEqualTo(ports.size());
        return ports;
    }

    final int openPort() {
        int port = events.allocUnbound(3);
        events.unmask(port);
        return port;
    }

    @Test
    void shouldPassItsArguments_whenPortsAreMade() {
        events = open();
        assertThat(events.allocUnbound(0x1234)).isEqualTo(1);
        assertThat(events.bindInterdomain(7, 99)).isEqualTo(2);
        assertThat(events.bindVirq(1)).isEqualTo(3);
        assertThat(xen.calls).containsSubsequence("alloc_unbound 7ff0 4660", "bind_interdomain 7 99", "bind_virq 1 0");
    }

    @Test
    void shouldThrowWithErrno_whenTheHypervisorRefuses() {
        events = open();
        assertThatThrownBy(() -> events.bindInterdomain(7, 666))
                .isInstanceOf(XenOpException.class)
                .hasMessage("EVTCHNOP_bind_interdomain(remoteDomid=7, remotePort=666) failed, errno=22");
        events.bindVirq(1);
        for (int i = 0; i < 100; i++) {
            assertThatThrownBy(() -> events.bindVirq(1)).isInstanceOf(XenOpException.class);
        }
        assertThat(openPort()).isPositive();
    }

    @Test
    void shouldRefusePortsThatCannotBe() {
        events = open();
        for (int port : new int[] {-1, 0, xen.maxPorts(), Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> events.mask(port))
                    .withMessageContaining("" + port);
            assertThatIllegalArgumentException().isThrownBy(() -> events.unmask(port));
            assertThatIllegalArgumentException().isThrownBy(() -> events.close(port));
            assertThatIllegalArgumentException().isThrownBy(() -> events.setPriority(port, 0));
        }
        int port = openPort();
        assertThatIllegalArgumentException().isThrownBy(() -> events.setPriority(port, -1));
        assertThatIllegalArgumentException().isThrownBy(() -> events.setPriority(port, 16));
        assertThatIllegalArgumentException().isThrownBy(() -> events.allocUnbound(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> events.allocUnbound(0x8000));
        events.setPriority(port, 0);
        events.setPriority(port, 15);
    }

    @Test
    void shouldDeliverOnce_andMaskThePort() {
        events = open();
        int port = openPort();
        xen.raise(port);
        xen.raise(port);
        assertThat(poll(10)).containsExactly(port);
        assertThat(poll(10)).isEmpty();
        xen.raise(port);
        assertThat(poll(10)).as("masked since its event").isEmpty();
        events.unmask(port);
        assertThat(xen.announced()).as("what came while masked").isTrue();
        assertThat(poll(10)).containsExactly(port);
        events.unmask(port);
        assertThat(poll(10)).isEmpty();
    }

    @Test
    void shouldKeepTheEvent_whenAPortIsNew() {
        events = open();
        int port = events.bindInterdomain(1, 5);
        assertThat(poll(10)).isEmpty();
        events.unmask(port);
        assertThat(poll(10)).containsExactly(port);
    }

    @Test
    void shouldNotDeliver_whenMaskedAfterTheEvent() {
        events = open();
        int port = openPort();
        xen.raise(port);
        events.mask(port);
        assertThat(poll(10)).isEmpty();
        events.unmask(port);
        assertThat(poll(10)).containsExactly(port);
    }

    @Test
    void shouldServeEveryPort_whenTheLimitIsSmall() {
        events = open();
        List<Integer> ports = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            ports.add(openPort());
        }
        ports.forEach(xen::raise);
        List<Integer> served = new ArrayList<>();
        for (int i = 0; i < 200 / 7 + 1; i++) {
            // Whoever was served is noisy: it comes again at once, and must not push out the others.
            for (int port : poll(7)) {
                served.add(port);
                events.unmask(port);
                xen.raise(port);
            }
        }
        assertThat(served.subList(0, 200)).containsExactlyInAnyOrderElementsOf(ports);
    }

    @Test
    void e9_shouldSayFalse_whenThePortIsClosed() {
        events = open();
        int port = openPort();
        assertThat(events.send(port)).isTrue();
        assertThat(xen.sentBy[port]).isEqualTo(1);
        events.close(port);
        assertThat(events.send(port)).isFalse();
        assertThat(events.send(4000)).isFalse();
        assertThat(events.send(-1)).isFalse();
        events.close(port);
    }

    @Test
    void e10_shouldNotDeliverAnEventOfAClosedPort_whenItsNumberIsUsedAgain() {
        events = open();
        int first = openPort();
        int second = openPort();
        xen.raise(first);
        xen.raise(second);
        events.close(first);
        int again = events.allocUnbound(4);
        assertThat(again).isEqualTo(first);
        events.unmask(again);
        assertThat(poll(10)).containsExactly(second);
        xen.raise(again);
        assertThat(poll(10)).containsExactly(again);
    }

    @Test
    void shouldReachTheLastPort() {
        xen.firstPort = 4095;
        events = open();
        int port = openPort();
        assertThat(port).isEqualTo(4095);
        for (int i = 0; i < 3; i++) {
            xen.raise(port);
            assertThat(poll(1)).containsExactly(port);
            events.unmask(port);
        }
    }

    @Test
    void shouldForgetEverything_whenResumed() {
        events = open();
        int port = openPort();
        xen.raise(port);
        events.resumed();
        assertThat(poll(10)).isEmpty();
        events.close(port);
        int again = openPort();
        assertThat(again).isEqualTo(port);
        xen.raise(again);
        assertThat(poll(10)).containsExactly(again);
    }

    @Test
    void shouldReturnFromAwait_whenAnEventIsPendingOrSomeoneWakes() {
        events = open();
        int port = openPort();
        xen.raise(port);
        events.await(Long.MAX_VALUE);
        poll(10);
        events.wake();
        events.await(Long.MAX_VALUE);
        xen.raise(port);
        events.unmask(port);
        events.await(Long.MAX_VALUE);
        assertThat(poll(10)).containsExactly(port);
        int other = openPort();
        events.unmask(port);
        xen.raise(port);
        xen.raise(other);
        assertThat(poll(1)).hasSize(1);
        events.await(Long.MAX_VALUE);
        assertThat(poll(1)).as("what the limit left").hasSize(1);
        assertThat(poll(10)).isEmpty();
        long deadlineNs = System.nanoTime() + 2_000_000;
        events.await(deadlineNs);
        assertThat(System.nanoTime() - deadlineNs).isNotNegative();
    }

    @Test
    void shouldLoseNoEvent_whenManyThreadsRaiseAndSend() throws Exception {
        events = open();
        int count = 70;
        int rounds = 3000;
        int[] ports = new int[count];
        for (int i = 0; i < count; i++) {
            ports[i] = openPort();
        }
        AtomicIntegerArray work = new AtomicIntegerArray(ports[count - 1] + 1);
        Thread[] raisers = new Thread[3];
        CountDownLatch running = new CountDownLatch(raisers.length);
        for (int t = 0; t < raisers.length; t++) {
            int seed = t + 1;
            raisers[t] = new Thread(() -> {
                running.countDown();
                int random = seed;
                for (int i = 0; i < rounds; i++) {
                    random = random * 1664525 + 1013904223;
                    int port = ports[(random >>> 8) % count];
                    work.incrementAndGet(port);
                    xen.raise(port);
                    events.send(port);
                }
            });
            raisers[t].start();
        }
        running.await();
        int[] seen = new int[work.length()];
        int[] masked = new int[work.length()];
        EventChannels.PortSink sink = port -> {
            assertThat(masked[port]++)
                    .as("port " + port + " is masked since its event")
                    .isZero();
            seen[port] = work.get(port);
        };
        boolean alive = true;
        while (alive) {
            alive = false;
            for (Thread raiser : raisers) {
                alive |= raiser.isAlive();
            }
            // The last rounds of this loop come after the last event.
            for (int round = 0; round < 100; round++) {
                events.poll(sink, 5);
                for (int port : ports) {
                    if (masked[port] != 0 && (round & 1) == 0) {
                        masked[port] = 0;
                        events.unmask(port);
                    }
                }
            }
        }
        int total = 0;
        for (int port : ports) {
            assertThat(seen[port]).as("port " + port).isEqualTo(work.get(port));
            total += seen[port];
        }
        assertThat(total).isEqualTo(raisers.length * rounds);
        for (int port : ports) {
            assertThat(xen.sentBy[port]).as("sent by port " + port).isEqualTo(work.get(port));
        }
    }

    @Test
    void shouldNotAllocate_whenEventsFlow() {
        events = open();
        int port = openPort();
        int high = openPort();
        int[] taken = new int[1];
        EventChannels.PortSink sink = p -> taken[0]++;
        Runnable round = () -> {
            for (int i = 0; i < 1000; i++) {
                xen.raise(port);
                xen.raise(high);
                events.poll(sink, 8);
                xen.raise(high);
                events.unmask(port);
                events.unmask(high);
                events.poll(sink, 8);
                events.unmask(high);
                events.send(port);
            }
        };
        for (int i = 0; i < 20; i++) {
            round.run();
            xen.calls.clear();
        }
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long id = Thread.currentThread().getId();
        xen.quiet = true;
        taken[0] = 0;
        long before = threads.getThreadAllocatedBytes(id);
        round.run();
        long bytes = threads.getThreadAllocatedBytes(id) - before;
        assertThat(taken[0]).isEqualTo(3000);
        assertThat(bytes).as("bytes for 3000 events").isLessThan(1000);
    }
}
