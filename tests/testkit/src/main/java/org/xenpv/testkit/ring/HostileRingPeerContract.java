package org.xenpv.testkit.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.SharedRing;
import org.xenpv.testkit.memory.FlipOnSecondRead;
import org.xenpv.testkit.memory.InterleavingMemory;
import org.xenpv.testkit.memory.PoisonMemory;

/**
 * What a request/response ring must survive of the other end: a producer index may hold anything at any moment.
 *
 * <p>Stricter than RING_RESPONSE_PROD_OVERFLOW and RING_REQUEST_PROD_OVERFLOW: a front accepts no response to a request it
 * has not published, a producer may not go back, and the first violation is for good.
 */
public abstract class HostileRingPeerContract {

    /** The rings to test; the smallest of each of Xen's drivers unless overridden. */
    protected List<RingLayout> layouts() {
        return RingLayout.xen().stream().filter(layout -> layout.pages() == 1).toList();
    }

    /** The ring code to test; that of this suite unless overridden. */
    protected RingUnderTest ring() {
        return new XenpvRing();
    }

    /** A ring in the middle of its life. */
    record Situation(RingLayout layout, int startIndex, int published, int staged, int answered, int taken) {}

    @Provide
    final Arbitrary<Situation> situations() {
        return Arbitraries.of(layouts()).flatMap(this::situationsOf).withoutEdgeCases();
    }

    private Arbitrary<Situation> situationsOf(RingLayout layout) {
        Arbitrary<Integer> shares = Arbitraries.integers().between(0, 1_000_000);
        return Combinators.combine(RingArbitraries.startIndices(), shares, shares, shares, shares)
                .as((index, a, b, c, d) -> {
                    int published = a % (layout.nrEnts() + 1);
                    int staged = b % (layout.nrEnts() - published + 1);
                    int answered = c % (published + 1);
                    int taken = d % (answered + 1);
                    return new Situation(layout, index, published, staged, answered, taken);
                });
    }

    private static FrontHalf frontOf(RingUnderTest ring, SharedMemory memory, Situation in) {
        FrontHalf front = ring.front(memory, in.layout().slotBytes(), in.startIndex());
        for (int i = 0; i < in.published(); i++) {
            front.nextRequest();
        }
        front.pushRequests();
        for (int i = 0; i < in.staged(); i++) {
            front.nextRequest();
        }
        return front;
    }

    private static FrontHalf frontThatSaw(RingUnderTest ring, ChronicleMemory page, Situation in) {
        RingModelRun.initPage(page, in.startIndex());
        FrontHalf front = frontOf(ring, page, in);
        page.putInt(SharedRing.RSP_PROD_OFFSET, in.startIndex() + in.answered());
        assertThat(front.unconsumedResponses()).isEqualTo(in.answered());
        for (int i = 0; i < in.taken(); i++) {
            front.nextResponse();
        }
        return front;
    }

    /** R1, R2, R3, R4: of all 2^32 values a producer can have, those from what was seen to what was published. */
    @Property(tries = 500)
    void front_shouldAcceptWhatItPublishedAndNothingElse_whateverThePeerClaims(
            @ForAll("situations") Situation in, @ForAll int claim, @ForAll @IntRange(min = -40, max = 40) int near) {
        for (int rspProd : new int[] {
            claim,
            in.startIndex() + near,
            in.startIndex() + in.answered() + near,
            in.startIndex() + in.published() + near,
            in.startIndex() + in.taken() + in.layout().nrEnts() + near
        }) {
            try (ChronicleMemory page =
                    ChronicleMemory.allocatePages(in.layout().pages())) {
                FrontHalf front = frontThatSaw(ring(), page, in);
                page.putInt(SharedRing.RSP_PROD_OFFSET, rspProd);
                long ahead = Integer.toUnsignedLong(rspProd - in.startIndex());
                boolean legal = ahead >= in.answered() && ahead <= in.published();
                int ready = front.unconsumedResponses();
                if (legal) {
                    assertThat(ready).isEqualTo((int) ahead - in.taken());
                } else {
                    assertThat(ready).as("claim 0x%x", rspProd).isNegative();
                }
            }
        }
    }

    @Property(tries = 100)
    void front_shouldStayBroken_evenIfThePeerRepents(@ForAll("situations") Situation in) {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(in.layout().pages())) {
            FrontHalf front = frontThatSaw(ring(), page, in);
            page.putInt(SharedRing.RSP_PROD_OFFSET, in.startIndex() + in.published() + 1);
            assertThat(front.unconsumedResponses()).isNegative();
            page.putInt(SharedRing.RSP_PROD_OFFSET, in.startIndex() + in.answered());
            assertThat(front.unconsumedResponses()).isNegative();
            assertThat(front.finalCheckForResponses()).as("must not sleep").isTrue();
        }
    }

    /** R1, R13: neither slots nor padding are looked at before or after the verdict. */
    @Property(tries = 100)
    void front_shouldReadNoSlot_whenTheClaimIsImpossible(@ForAll("situations") Situation in, @ForAll int claim) {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(in.layout().pages())) {
            RingModelRun.initPage(page, in.startIndex());
            PoisonMemory memory = new PoisonMemory(page)
                    .allowWrites(0, 16)
                    .allowReads(SharedRing.REQ_EVENT_OFFSET, 4)
                    .allowReads(SharedRing.RSP_PROD_OFFSET, 4);
            FrontHalf front = frontOf(ring(), memory, in);
            page.putInt(SharedRing.RSP_PROD_OFFSET, claim);
            front.unconsumedResponses();
            front.finalCheckForResponses();
            front.pushRequestsAndCheckNotify();
            assertThat(memory.violation()).isNull();
        }
    }

    /** R5: the producer is read once per look, and what was judged is what is returned. */
    @Property(tries = 200)
    void front_shouldReadTheProducerOnce_perLook(@ForAll("situations") Situation in) {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(in.layout().pages())) {
            RingModelRun.initPage(page, in.startIndex());
            FlipOnSecondRead memory = new FlipOnSecondRead(page);
            FrontHalf front = frontOf(ring(), memory, in);
            page.putInt(SharedRing.RSP_PROD_OFFSET, in.startIndex() + in.answered());
            assertThat(front.unconsumedResponses()).isEqualTo(in.answered());
            assertThat(memory.readsOf(SharedRing.RSP_PROD_OFFSET, 4)).isEqualTo(1);
            assertThat(memory.readsOf(0, 8)).isZero();
            for (int i = 0; i < in.answered(); i++) {
                front.nextResponse();
            }
            assertThat(memory.readsOf(0, in.layout().sizeBytes())).isEqualTo(1);
        }
    }

    /** R5: the peer rewrites its producer in the middle of a look, at every place there is. */
    @Property(tries = 100)
    void front_shouldReturnWhatItJudged_whenTheProducerChangesMeanwhile(
            @ForAll("situations") Situation in, @ForAll int claim) {
        for (long position = 0, accesses = 1; position < accesses; position++) {
            try (ChronicleMemory page =
                    ChronicleMemory.allocatePages(in.layout().pages())) {
                RingModelRun.initPage(page, in.startIndex());
                InterleavingMemory memory = new InterleavingMemory(page);
                FrontHalf front = frontOf(ring(), memory, in);
                page.putInt(SharedRing.RSP_PROD_OFFSET, in.startIndex() + in.answered());
                memory.beforeAccess(position, () -> page.putInt(SharedRing.RSP_PROD_OFFSET, claim));
                int ready = front.unconsumedResponses();
                assertThat(ready).isLessThanOrEqualTo(in.published());
                accesses = memory.accesses();
            }
        }
    }

    /** R8: whether to notify does not depend on our own producer in the page, which the peer can alter. */
    @Property(tries = 200)
    void front_shouldNotReadBackItsProducer_whenThePeerAltersIt(
            @ForAll("situations") Situation in, @ForAll int forged) {
        boolean[] notified = new boolean[2];
        for (int i = 0; i < 2; i++) {
            try (ChronicleMemory page =
                    ChronicleMemory.allocatePages(in.layout().pages())) {
                RingModelRun.initPage(page, in.startIndex());
                FrontHalf front = frontOf(ring(), page, in);
                page.putInt(SharedRing.REQ_EVENT_OFFSET, in.startIndex() + in.published() + 1);
                if (i == 1) {
                    page.putInt(SharedRing.REQ_PROD_OFFSET, forged);
                }
                notified[i] = front.pushRequestsAndCheckNotify();
            }
        }
        assertThat(notified[0]).isEqualTo(in.staged() > 0);
        assertThat(notified[1]).isEqualTo(notified[0]);
    }

    /** R11, R12: however long the peer goes on producing, no more is consumed than was asked for. */
    @Property(tries = 100)
    void front_shouldConsumeNoMoreThanItPublished_whenThePeerNeverStops(
            @ForAll("situations") Situation in, @ForAll @IntRange(min = 1, max = 7) int stride) {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(in.layout().pages())) {
            RingModelRun.initPage(page, in.startIndex());
            FrontHalf front = frontOf(ring(), page, in);
            int consumed = 0;
            boolean broken = false;
            for (int look = 1; look <= 4 * in.layout().nrEnts() && !broken; look++) {
                page.putInt(SharedRing.RSP_PROD_OFFSET, in.startIndex() + look * stride);
                int ready = front.unconsumedResponses();
                broken = ready < 0;
                for (int i = 0; i < ready; i++) {
                    front.nextResponse();
                    consumed++;
                }
            }
            assertThat(broken).isTrue();
            assertThat(consumed).isLessThanOrEqualTo(in.published());
        }
    }

    /** The back: a request producer may be anywhere from what was consumed to a full ring beyond what was answered. */
    @Property(tries = 500)
    void back_shouldAcceptNoMoreThanTheRingHolds_whateverThePeerClaims(
            @ForAll("situations") Situation in, @ForAll int claim, @ForAll @IntRange(min = -40, max = 40) int near) {
        for (int reqProd : new int[] {
            claim,
            in.startIndex() + near,
            in.startIndex() + in.answered() + near,
            in.startIndex() + in.taken() + in.layout().nrEnts() + near
        }) {
            try (ChronicleMemory page =
                    ChronicleMemory.allocatePages(in.layout().pages())) {
                BackHalf back = backThatSaw(page, in);
                page.putInt(SharedRing.REQ_PROD_OFFSET, reqProd);
                long ahead = Integer.toUnsignedLong(reqProd - in.startIndex());
                boolean legal = ahead >= in.answered()
                        && ahead <= in.taken() + in.layout().nrEnts();
                int ready = back.unconsumedRequests();
                if (legal) {
                    assertThat(ready).isEqualTo((int) ahead - in.answered());
                } else {
                    assertThat(ready).as("claim 0x%x", reqProd).isNegative();
                    page.putInt(SharedRing.REQ_PROD_OFFSET, in.startIndex() + in.answered());
                    assertThat(back.unconsumedRequests()).as("for good").isNegative();
                    assertThat(back.finalCheckForRequests())
                            .as("must not sleep")
                            .isTrue();
                }
            }
        }
    }

    /** A back that consumed {@code answered} requests and answered {@code taken} of them. */
    private BackHalf backThatSaw(ChronicleMemory page, Situation in) {
        RingModelRun.initPage(page, in.startIndex());
        BackHalf back = ring().back(page, in.layout().slotBytes(), in.startIndex());
        page.putInt(SharedRing.REQ_PROD_OFFSET, in.startIndex() + in.answered());
        assertThat(back.unconsumedRequests()).isEqualTo(in.answered());
        for (int i = 0; i < in.answered(); i++) {
            back.nextRequest();
        }
        for (int i = 0; i < in.taken(); i++) {
            back.nextResponse();
        }
        back.pushResponses();
        return back;
    }

    @Example
    void back_shouldReadTheProducerOnce_perLook() {
        for (RingLayout layout : layouts()) {
            try (ChronicleMemory page = ChronicleMemory.allocatePages(layout.pages())) {
                RingModelRun.initPage(page, -2);
                FlipOnSecondRead memory = new FlipOnSecondRead(page);
                BackHalf back = ring().back(memory, layout.slotBytes(), -2);
                page.putInt(SharedRing.REQ_PROD_OFFSET, 2);
                assertThat(back.unconsumedRequests()).isEqualTo(4);
                assertThat(memory.readsOf(SharedRing.REQ_PROD_OFFSET, 4)).isEqualTo(1);
                assertThat(memory.readsOf(SharedRing.REQ_EVENT_OFFSET, layout.sizeBytes() - 4))
                        .isZero();
            }
        }
    }
}
