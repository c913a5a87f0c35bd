package org.xenpv.testkit.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenpv.event.EventChannels;
import org.xenpv.fault.XenOpException;

/** What every {@link EventChannels} does, between two domains that may both be hostile to each other and to themselves. */
@Timeout(120)
public abstract class EventChannelsContract {

    private static final long SOON_NS = 5_000_000_000L;
    private static final int MODEL_RUNS = 100;

    private EventPair pair;
    private EventChannels left;
    private EventChannels right;

    /** Two fresh domains. */
    protected abstract EventPair open();

    @BeforeEach
    void openPair() {
        pair = open();
        left = pair.left();
        right = pair.right();
    }

    @AfterEach
    void closePair() {
        pair.close();
    }

    /** A channel: its left port and its right port, both unmasked and quiet. */
    private int[] connect() {
        int leftPort = left.allocUnbound(pair.rightDomid());
        int rightPort = right.bindInterdomain(pair.leftDomid(), leftPort);
        right.unmask(rightPort);
        assertThat(take(right, 1)).containsExactly(rightPort);
        right.unmask(rightPort);
        left.unmask(leftPort);
        return new int[] {leftPort, rightPort};
    }

    /** Waits until as many events as expected have come, and takes one look more. */
    private List<Integer> take(EventChannels events, int expected) {
        List<Integer> ports = new ArrayList<>();
        long deadlineNs = pair.clock().nanoTime() + SOON_NS;
        events.poll(ports::add, 1000);
        while (ports.size() < expected && deadlineNs - pair.clock().nanoTime() > 0) {
            events.await(deadlineNs);
            events.poll(ports::add, 1000);
        }
        events.poll(ports::add, 1000);
        return ports;
    }

    private List<Integer> takeNothing(EventChannels events) {
        return take(events, 0);
    }

    @Test
    void shouldDeliverToTheOtherEnd_bothWays() {
        int[] ports = connect();
        assertThat(left.send(ports[0])).isTrue();
        assertThat(take(right, 1)).containsExactly(ports[1]);
        assertThat(takeNothing(left)).isEmpty();
        assertThat(right.send(ports[1])).isTrue();
        assertThat(take(left, 1)).containsExactly(ports[0]);
        assertThat(takeNothing(right)).isEmpty();
    }

    @Test
    void shouldConnectADomainWithItself() {
        int one = left.allocUnbound(pair.leftDomid());
        int two = left.bindInterdomain(pair.leftDomid(), one);
        assertThat(two).isNotEqualTo(one);
        left.unmask(one);
        left.unmask(two);
        assertThat(take(left, 1)).containsExactly(two);
        left.send(two);
        assertThat(take(left, 1)).containsExactly(one);
    }

    @Test
    void shouldBePendingAtOnce_whenBound() {
        int leftPort = left.allocUnbound(pair.rightDomid());
        left.send(leftPort);
        int rightPort = right.bindInterdomain(pair.leftDomid(), leftPort);
        assertThat(takeNothing(right)).as("a new port is masked").isEmpty();
        right.unmask(rightPort);
        assertThat(take(right, 1)).containsExactly(rightPort);
    }

    @Test
    void shouldMakeManyEventsOne_untilTheyAreTaken() {
        int[] ports = connect();
        for (int i = 0; i < 5; i++) {
            left.send(ports[0]);
        }
        assertThat(take(right, 1)).containsExactly(ports[1]);
    }

    @Test
    void shouldDeliverNothing_betweenAnEventAndItsUnmask() {
        int[] ports = connect();
        left.send(ports[0]);
        assertThat(take(right, 1)).containsExactly(ports[1]);
        left.send(ports[0]);
        left.send(ports[0]);
        assertThat(takeNothing(right)).isEmpty();
        right.unmask(ports[1]);
        assertThat(take(right, 1)).containsExactly(ports[1]);
        right.unmask(ports[1]);
        assertThat(takeNothing(right)).isEmpty();
    }

    @Test
    void shouldKeepOneEvent_whileMasked() {
        int[] ports = connect();
        right.mask(ports[1]);
        left.send(ports[0]);
        left.send(ports[0]);
        assertThat(takeNothing(right)).isEmpty();
        right.mask(ports[1]);
        right.unmask(ports[1]);
        assertThat(take(right, 1)).containsExactly(ports[1]);
    }

    @Test
    void shouldTakeNoMoreThanTheLimit_andTheRestLater() {
        Set<Integer> expected = new TreeSet<>();
        int[][] ports = new int[40][];
        for (int i = 0; i < ports.length; i++) {
            ports[i] = connect();
            expected.add(ports[i][1]);
        }
        for (int[] channel : ports) {
            left.send(channel[0]);
        }
        Set<Integer> taken = new TreeSet<>();
        for (int i = 0; i < 1000 && taken.size() < 40; i++) {
            long soonNs = pair.clock().nanoTime() + SOON_NS;
            right.await(soonNs);
            assertThat(right.poll(taken::add, 7)).isLessThanOrEqualTo(7);
        }
        assertThat(taken).isEqualTo(expected);
    }

    @Test
    void shouldServeAll_whenSomeAreNoisy() {
        int[][] ports = new int[30][];
        for (int i = 0; i < ports.length; i++) {
            ports[i] = connect();
        }
        for (int[] channel : ports) {
            left.send(channel[0]);
        }
        Set<Integer> served = new TreeSet<>();
        for (int round = 0; round < 30 && served.size() < 30; round++) {
            List<Integer> taken = new ArrayList<>();
            right.poll(taken::add, 3);
            for (int port : taken) {
                served.add(port);
                right.unmask(port);
                for (int[] channel : ports) {
                    if (channel[1] == port) {
                        left.send(channel[0]);
                    }
                }
            }
        }
        assertThat(served).hasSize(30);
    }

    @Test
    void shouldRefuse_whenThePortIsNotOurs() {
        int forLeft = left.allocUnbound(pair.leftDomid());
        assertThatThrownBy(() -> right.bindInterdomain(pair.leftDomid(), forLeft))
                .isInstanceOf(XenOpException.class);
        int[] ports = connect();
        assertThatThrownBy(() -> right.bindInterdomain(pair.leftDomid(), ports[0]))
                .as("bound already")
                .isInstanceOf(XenOpException.class);
        assertThatThrownBy(() -> right.bindInterdomain(pair.leftDomid(), 3999)).isInstanceOf(XenOpException.class);
        assertThatThrownBy(() -> right.bindInterdomain(0x7000, ports[0])).isInstanceOf(XenOpException.class);
    }

    @Test
    void shouldSayFalse_whenThePortIsClosed() {
        int[] ports = connect();
        left.close(ports[0]);
        assertThat(left.send(ports[0])).isFalse();
        left.close(ports[0]);
        // The other end's fate is a hint at most; what counts is that nothing throws.
        right.send(ports[1]);
        right.unmask(ports[1]);
        right.close(ports[1]);
        assertThat(right.send(ports[1])).isFalse();
    }

    @Test
    void shouldNotDeliver_whenClosedWhilePending() {
        int[] ports = connect();
        int[] others = connect();
        left.send(ports[0]);
        left.send(others[0]);
        right.close(ports[1]);
        int leftAgain = left.allocUnbound(pair.rightDomid());
        int rightAgain = right.bindInterdomain(pair.leftDomid(), leftAgain);
        assertThat(take(right, 1)).as("a new port, even under the old number").containsExactly(others[1]);
        right.unmask(rightAgain);
        assertThat(take(right, 1)).containsExactly(rightAgain);
    }

    @Test
    void shouldBindAVirqOnce() {
        int port = left.bindVirq(1);
        assertThatThrownBy(() -> left.bindVirq(1)).isInstanceOf(XenOpException.class);
        left.unmask(port);
        left.close(port);
        assertThat(left.bindVirq(1)).isPositive();
    }

    @Test
    void shouldLoseNoEvent_whenPrioritiesChangeWhileQueued() {
        int[] a = connect();
        int[] b = connect();
        int[] c = connect();
        // a is the last of its queue when it moves to another one.
        left.send(a[0]);
        assertThat(take(right, 1)).containsExactly(a[1]);
        right.unmask(a[1]);
        right.setPriority(a[1], 0);
        right.setPriority(c[1], 0);
        left.send(a[0]);
        left.send(b[0]);
        left.send(c[0]);
        assertThat(take(right, 3)).containsExactlyInAnyOrder(a[1], b[1], c[1]);
    }

    @Test
    void shouldAgreeWithTheModel_inEveryRandomHistory() {
        int delivered = 0;
        for (long seed = 1; seed <= MODEL_RUNS; seed++) {
            try (EventPair fresh = open()) {
                delivered += new EventModelRun(fresh, seed).run();
            }
        }
        assertThat(delivered).isGreaterThan(MODEL_RUNS * 20);
    }

    @Test
    void shouldReturnFromAwait_forAnEventAWakeOrTheDeadline() throws Exception {
        int[] ports = connect();
        left.send(ports[0]);
        right.await(Long.MAX_VALUE);
        assertThat(take(right, 1)).containsExactly(ports[1]);
        right.unmask(ports[1]);
        right.wake();
        right.await(Long.MAX_VALUE);
        long deadlineNs = pair.clock().nanoTime() + 1_000_000;
        right.await(deadlineNs);
        Thread sender = new Thread(() -> left.send(ports[0]));
        sender.start();
        assertThat(take(right, 1)).containsExactly(ports[1]);
        sender.join();
        AtomicInteger woken = new AtomicInteger();
        Thread waker = new Thread(() -> {
            woken.set(1);
            right.wake();
        });
        waker.start();
        while (woken.get() == 0) {
            right.await(pair.clock().nanoTime() + SOON_NS);
        }
        waker.join();
    }

    @Test
    void shouldLoseNoEvent_whenBothEndsAndOtherThreadsSendAtOnce() throws Exception {
        int channels = 20;
        int rounds = 20_000;
        int[][] ports = new int[channels][];
        for (int i = 0; i < channels; i++) {
            ports[i] = connect();
        }
        AtomicIntegerArray sent = new AtomicIntegerArray(channels);
        AtomicInteger running = new AtomicInteger(2);
        Thread[] senders = new Thread[2];
        for (int s = 0; s < senders.length; s++) {
            int first = s;
            senders[s] = new Thread(() -> {
                for (int i = 0; i < rounds; i++) {
                    int channel = (first + i * 7) % channels;
                    sent.incrementAndGet(channel);
                    left.send(ports[channel][0]);
                }
                running.decrementAndGet();
                right.wake();
            });
        }
        int[] seen = new int[channels];
        int[] channelOf = new int[EventChannels.PORTS_MAX];
        for (int i = 0; i < channels; i++) {
            channelOf[ports[i][1]] = i;
        }
        for (Thread sender : senders) {
            sender.start();
        }
        List<Integer> taken = new ArrayList<>();
        boolean last = false;
        while (!last) {
            last = running.get() == 0;
            taken.clear();
            do {
                for (int port : taken) {
                    right.unmask(port);
                }
                taken.clear();
                right.poll(taken::add, 8);
                for (int port : taken) {
                    int channel = channelOf[port];
                    seen[channel] = sent.get(channel);
                    // Events go the other way meanwhile.
                    right.send(port);
                }
            } while (!taken.isEmpty());
            if (!last) {
                right.await(pair.clock().nanoTime() + SOON_NS);
            }
        }
        for (Thread sender : senders) {
            sender.join();
        }
        int total = 0;
        for (int i = 0; i < channels; i++) {
            assertThat(seen[i]).as("channel " + i).isEqualTo(sent.get(i));
            total += seen[i];
        }
        assertThat(total).isEqualTo(senders.length * rounds);
        assertThat(new TreeSet<>(take(left, channels))).hasSize(channels);
    }
}
