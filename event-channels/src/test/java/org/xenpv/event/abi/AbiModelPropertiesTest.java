package org.xenpv.event.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.xenpv.event.EventChannels;

/** Both ABIs against a model that has two sets: ports that are pending and ports that are masked. */
class AbiModelPropertiesTest {

    private static final int PORTS = 24;

    enum Kind {
        RAISE,
        RAISE_ALL,
        POLL,
        MASK,
        UNMASK,
        REOPEN,
        PRIORITY
    }

    record Action(Kind kind, int port, int amount) {}

    @Provide
    Arbitrary<List<Action>> actions() {
        Arbitrary<Kind> kinds = Arbitraries.frequency(
                Tuple.of(6, Kind.RAISE),
                Tuple.of(1, Kind.RAISE_ALL),
                Tuple.of(5, Kind.POLL),
                Tuple.of(1, Kind.MASK),
                Tuple.of(6, Kind.UNMASK),
                Tuple.of(1, Kind.REOPEN),
                Tuple.of(1, Kind.PRIORITY));
        return Combinators.combine(
                        kinds,
                        Arbitraries.integers().between(0, PORTS - 1),
                        Arbitraries.integers().between(1, 9))
                .as(Action::new)
                .list()
                .ofMinSize(20)
                .ofMaxSize(200);
    }

    @Property(tries = 400)
    void shouldDeliverWhatTheModelHas_onTwoLevel(@ForAll("actions") List<Action> actions) {
        try (FakeXen xen = new FakeXen()) {
            // Ports on both sides of a word and of a half.
            xen.firstPort = 4096 - PORTS - 20;
            run(xen, new TwoLevelEventChannels(xen, xen, xen.sharedInfo, xen.args), actions);
        }
    }

    @Property(tries = 400)
    void shouldDeliverWhatTheModelHas_onFifo(@ForAll("actions") List<Action> actions) {
        try (FakeXen xen = new FakeXen()) {
            // Ports on both sides of a page of the event array.
            xen.firstPort = 1024 - PORTS / 2;
            run(xen, new FifoEventChannels(xen, xen, xen.sharedInfo, xen, xen.args), actions);
        }
    }

    private static void run(FakeXen xen, EventChannels events, List<Action> actions) {
        int[] ports = new int[PORTS];
        Set<Integer> pending = new TreeSet<>();
        Set<Integer> masked = new TreeSet<>();
        for (int i = 0; i < PORTS; i++) {
            ports[i] = events.allocUnbound(1);
            masked.add(ports[i]);
        }
        for (Action action : actions) {
            int port = ports[action.port];
            switch (action.kind) {
                case RAISE -> {
                    xen.raise(port);
                    pending.add(port);
                }
                case RAISE_ALL -> {
                    for (int each : ports) {
                        xen.raise(each);
                        pending.add(each);
                    }
                }
                case POLL -> poll(events, action.amount, pending, masked);
                case MASK -> {
                    events.mask(port);
                    masked.add(port);
                }
                case UNMASK -> {
                    events.unmask(port);
                    masked.remove(port);
                }
                case REOPEN -> {
                    events.close(port);
                    assertThat(events.allocUnbound(2)).isEqualTo(port);
                    pending.remove(port);
                    masked.add(port);
                }
                case PRIORITY -> events.setPriority(port, action.amount);
            }
        }
        poll(events, 100_000, pending, masked);
        Set<Integer> left = new TreeSet<>(pending);
        left.removeAll(masked);
        assertThat(left).as("pending, unmasked and not delivered").isEmpty();
        for (int port : ports) {
            events.unmask(port);
            masked.remove(port);
        }
        poll(events, 100_000, pending, masked);
        assertThat(pending).as("still pending after everything was unmasked").isEmpty();
    }

    private static void poll(EventChannels events, int limit, Set<Integer> pending, Set<Integer> masked) {
        List<Integer> taken = new ArrayList<>();
        int count = events.poll(taken::add, limit);
        assertThat(count).isEqualTo(taken.size()).isLessThanOrEqualTo(limit);
        for (int port : taken) {
            assertThat(masked.add(port)).as("port " + port + " was unmasked").isTrue();
            assertThat(pending.remove(port)).as("port " + port + " was pending").isTrue();
        }
    }
}
