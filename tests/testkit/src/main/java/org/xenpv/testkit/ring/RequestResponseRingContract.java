package org.xenpv.testkit.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.statistics.StatisticsReport;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.ring.SharedRing;
import org.xenpv.testkit.memory.FlipOnSecondRead;
import org.xenpv.testkit.memory.PoisonMemory;

/**
 * What a request/response ring does when both ends keep the rules of xen/io/ring.h.
 *
 * <p>Subclass it in your tests, with an empty body to see it pass on the rings of this suite; override {@link #layouts()}
 * for the slots of your own protocol, and {@link #ring()} for ring code of your own. {@link HostileRingPeerContract} is
 * the other half.
 */
public abstract class RequestResponseRingContract {

    /** The rings to test; those of Xen's own drivers unless overridden. */
    protected List<RingLayout> layouts() {
        return RingLayout.xen();
    }

    /** The ring code to test; that of this suite unless overridden. */
    protected RingUnderTest ring() {
        return new XenpvRing();
    }

    @Provide
    final Arbitrary<RingScript> scripts() {
        return RingArbitraries.scripts(layouts());
    }

    @Provide
    final Arbitrary<Integer> startIndices() {
        return RingArbitraries.startIndices();
    }

    /** Of any sequence of operations, starting anywhere, and of carrying what is then under way to its end. */
    @Property(tries = 500)
    @StatisticsReport(StatisticsReport.StatisticsReportMode.OFF)
    void shouldAgreeWithTheModel_whateverTheOrderOfOperations(@ForAll("scripts") RingScript script) {
        try (ChronicleMemory page =
                ChronicleMemory.allocatePages(script.layout().pages())) {
            RingModelRun run = new RingModelRun(script, ring(), page);
            script.steps().forEach(run::apply);
            run.finish();
            Statistics.label("crossed 2^31 or 2^32")
                    .collect(run.wrapped())
                    .coverage(coverage -> coverage.check(true).percentage(p -> p > 5));
        }
    }

    /** Three laps of each ring, and the boundary is crossed within the first. */
    @Property(tries = 100)
    void shouldCarryEveryMessage_acrossTheWraps(@ForAll("scripts") RingScript script) {
        RingLayout layout = script.layout();
        int before = 1 + Math.floorMod(script.startIndex(), Math.min(layout.nrEnts(), 500));
        for (int boundary : new int[] {0, Integer.MIN_VALUE}) {
            RingScript near = new RingScript(layout, boundary - before, script.steps());
            try (ChronicleMemory page = ChronicleMemory.allocatePages(layout.pages())) {
                RingModelRun run = new RingModelRun(near, ring(), page);
                while (run.completed() < 3L * layout.nrEnts()) {
                    run.apply(new RingStep(RingOp.STAGE_REQUESTS, layout.nrEnts()));
                    run.finish();
                }
                assertThat(run.wrapped()).as("crossed the boundary").isTrue();
            }
        }
    }

    /** Nothing that the peer may write is fetched twice: a second fetch would see something else. */
    @Property(tries = 100)
    void shouldReadEachSlotOnce_whateverTheOrderOfOperations(@ForAll("scripts") RingScript script) {
        RingLayout layout = script.layout();
        try (ChronicleMemory page = ChronicleMemory.allocatePages(layout.pages())) {
            int slots = layout.sizeBytes() - SharedRing.RING_OFFSET;
            FlipOnSecondRead front = new FlipOnSecondRead(page).flipOnly(SharedRing.RING_OFFSET, slots);
            FlipOnSecondRead back = new FlipOnSecondRead(page).flipOnly(SharedRing.RING_OFFSET, slots);
            RingModelRun run = new RingModelRun(script, ring(), ring(), page, front, back);
            for (RingStep step : script.steps()) {
                front.newPass();
                back.newPass();
                run.apply(step);
                assertThat(front.readsOf(SharedRing.RING_OFFSET, slots)).isLessThanOrEqualTo(1);
                assertThat(back.readsOf(SharedRing.RING_OFFSET, slots)).isLessThanOrEqualTo(1);
                boolean looksAgain = step.op().name().startsWith("FINAL_CHECK");
                int looks = looksAgain ? 2 : 1;
                assertThat(front.readsOf(SharedRing.RSP_PROD_OFFSET, 4)).isLessThanOrEqualTo(looks);
                assertThat(front.readsOf(SharedRing.REQ_EVENT_OFFSET, 4)).isLessThanOrEqualTo(1);
                assertThat(back.readsOf(SharedRing.REQ_PROD_OFFSET, 4)).isLessThanOrEqualTo(looks);
                assertThat(back.readsOf(SharedRing.RSP_EVENT_OFFSET, 4)).isLessThanOrEqualTo(1);
            }
        }
    }

    /** Each end writes its two indices and reads the other's two; padding and slots are nobody's business here. */
    @Property(tries = 100)
    void shouldTouchOnlyTheIndicesThatAreItsOwn_whateverTheOrderOfOperations(@ForAll("scripts") RingScript script) {
        RingLayout layout = script.layout();
        int slots = layout.nrEnts() * layout.slotBytes();
        try (ChronicleMemory page = ChronicleMemory.allocatePages(layout.pages())) {
            PoisonMemory front = new PoisonMemory(page)
                    .allowWrites(SharedRing.REQ_PROD_OFFSET, 4)
                    .allowWrites(SharedRing.RSP_EVENT_OFFSET, 4)
                    .allowReads(SharedRing.RSP_PROD_OFFSET, 4)
                    .allowReads(SharedRing.REQ_EVENT_OFFSET, 4)
                    .allowReads(SharedRing.RING_OFFSET, slots)
                    .allowWrites(SharedRing.RING_OFFSET, slots);
            PoisonMemory back = new PoisonMemory(page)
                    .allowWrites(SharedRing.RSP_PROD_OFFSET, 4)
                    .allowWrites(SharedRing.REQ_EVENT_OFFSET, 4)
                    .allowReads(SharedRing.REQ_PROD_OFFSET, 4)
                    .allowReads(SharedRing.RSP_EVENT_OFFSET, 4)
                    .allowReads(SharedRing.RING_OFFSET, slots)
                    .allowWrites(SharedRing.RING_OFFSET, slots);
            RingModelRun run = new RingModelRun(script, ring(), ring(), page, front, back);
            script.steps().forEach(run::apply);
            run.finish();
            assertThat(front.violation()).isNull();
            assertThat(back.violation()).isNull();
        }
    }

    /** On memory that delays and reorders, with each end acting in the middle of what the other does. */
    @Property(tries = 300)
    void shouldLoseNoWakeupAndNoByte_whenMemoryReorders(
            @ForAll("startIndices") int startIndex, @ForAll long seed, @ForAll("layouts") RingLayout layout) {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(layout.pages())) {
            long events = LostWakeupChecker.run(layout, ring(), page, startIndex, 40, seed);
            assertThat(events).isPositive();
        }
    }

    @Provide("layouts")
    final Arbitrary<RingLayout> anyLayout() {
        return Arbitraries.of(layouts());
    }

    @Example
    void shouldLoseNoWakeupAndNoByte_atAnyPlaceOfTheOtherEnd() {
        for (RingLayout layout : layouts()) {
            try (ChronicleMemory page = ChronicleMemory.allocatePages(layout.pages())) {
                for (int startIndex : new int[] {0, Integer.MAX_VALUE, -1}) {
                    EveryPosition.check(layout, ring(), page, startIndex);
                }
            }
        }
    }

    @Example
    void shouldHoldExactlyItsEntries_andNoMore() {
        for (RingLayout layout : layouts()) {
            try (ChronicleMemory page = ChronicleMemory.allocatePages(layout.pages())) {
                RingModelRun.initPage(page, -1);
                FrontHalf front = ring().front(page, layout.slotBytes(), -1);
                for (int free = layout.nrEnts(); free > 0; free--) {
                    assertThat(front.freeRequests()).isEqualTo(free);
                    assertThat(front.nextRequest())
                            .isBetween(SharedRing.RING_OFFSET, layout.sizeBytes() - layout.slotBytes());
                }
                assertThat(front.freeRequests()).isZero();
            }
        }
    }
}
