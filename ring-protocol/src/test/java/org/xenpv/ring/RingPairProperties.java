package org.xenpv.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.xenpv.fault.PeerFault;
import org.xenpv.memory.ChronicleMemory;

/** Both halves on one page against queues and 64-bit counters that never wrap. */
class RingPairProperties {

    private static final int SLOT_BYTES = 504;
    private static final int NR_ENTS = 8;

    @Provide
    Arbitrary<Integer> starts() {
        Arbitrary<Integer> near = Arbitraries.integers().between(-40, -1);
        return Arbitraries.oneOf(
                near, near.map(k -> Integer.MIN_VALUE + k), Arbitraries.just(0), Arbitraries.integers());
    }

    /** What both should do, in counters that start at 0 and do not wrap, and queues of message numbers. */
    private static final class Model {
        final Queue<Long> staged = new ArrayDeque<>();
        final Queue<Long> requests = new ArrayDeque<>();
        final Queue<Long> taken = new ArrayDeque<>();
        final Queue<Long> answered = new ArrayDeque<>();
        final Queue<Long> responses = new ArrayDeque<>();
        long submitted;
        long reqProd;
        long reqEvent = 1;
        long rspProd;
        long rspEvent = 1;
        long reqCons;
        long rspCons;
    }

    @Property(tries = 500)
    void shouldDeliverEveryMessageOnceInOrder_whenHalvesTakeAnySteps(
            @ForAll("starts") int start, @ForAll @Size(max = 300) List<@IntRange(max = 9) Integer> steps) {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            SharedRing shared = new SharedRing(page, SLOT_BYTES);
            assertThat(shared.nrEnts()).isEqualTo(NR_ENTS);
            shared.init(start);
            FrontRing front = FrontRing.attach(shared, start);
            BackRing back = BackRing.attach(shared, start);
            Model model = new Model();
            for (int step : steps) {
                step(front, back, model, step);
            }
            for (int round = 0; round < 80; round++) { // to the end and past any boundary near the start
                for (int step : new int[] {0, 1, 2, 4, 5, 6}) {
                    step(front, back, model, step);
                }
            }
            assertThat(model.rspCons).isEqualTo(model.submitted).isGreaterThanOrEqualTo(80);
            assertThat(front.rspCons()).isEqualTo((int) (start + model.rspCons));
            assertThat(front.freeRequests()).isEqualTo(NR_ENTS);
            assertThat(front.fault()).isNull();
            assertThat(back.fault()).isNull();
            if (start >= -40 && start < 0) {
                assertThat(front.rspCons()).as("wrapped at 2^32").isNotNegative();
            }
            if (start > Integer.MAX_VALUE - 40) {
                assertThat(front.rspCons()).as("wrapped at 2^31").isNegative();
            }
        }
    }

    private static void step(FrontRing front, BackRing back, Model model, int step) {
        switch (step) {
            case 0 -> {
                if (front.isFull()) {
                    assertThat(model.submitted - model.rspCons).isEqualTo(NR_ENTS);
                } else {
                    front.memory().putLong(front.nextRequest(), ++model.submitted);
                    model.staged.add(model.submitted);
                }
            }
            case 1 -> {
                long old = model.reqProd;
                model.reqProd += model.staged.size();
                model.requests.addAll(model.staged);
                model.staged.clear();
                boolean notify = old < model.reqEvent && model.reqEvent <= model.reqProd;
                assertThat(front.pushRequestsAndCheckNotify()).isEqualTo(notify);
            }
            case 2, 3 -> {
                int ready = back.unconsumedRequests();
                assertThat(ready).isEqualTo(model.requests.size());
                for (int i = 0; i < (step == 2 ? ready : Math.min(ready, 1)); i++) {
                    long message = back.memory().getLong(back.nextRequest());
                    assertThat(message).isEqualTo(model.requests.remove());
                    model.taken.add(message);
                    model.reqCons++;
                }
            }
            case 4 -> {
                while (!model.taken.isEmpty()) {
                    long message = -model.taken.remove();
                    back.memory().putLong(back.nextResponse(), message);
                    model.answered.add(message);
                }
            }
            case 5 -> {
                long old = model.rspProd;
                model.rspProd += model.answered.size();
                model.responses.addAll(model.answered);
                model.answered.clear();
                boolean notify = old < model.rspEvent && model.rspEvent <= model.rspProd;
                assertThat(back.pushResponsesAndCheckNotify()).isEqualTo(notify);
            }
            case 6, 7 -> {
                int ready = front.unconsumedResponses();
                assertThat(ready).isEqualTo(model.responses.size());
                for (int i = 0; i < (step == 6 ? ready : Math.min(ready, 1)); i++) {
                    assertThat(front.memory().getLong(front.nextResponse())).isEqualTo(model.responses.remove());
                    model.rspCons++;
                }
            }
            case 8 -> {
                boolean work = !model.responses.isEmpty();
                if (!work) {
                    model.rspEvent = model.rspCons + 1;
                }
                assertThat(front.finalCheckForResponses()).isEqualTo(work);
            }
            default -> {
                boolean work = !model.requests.isEmpty();
                if (!work) {
                    model.reqEvent = model.reqCons + 1;
                }
                assertThat(back.finalCheckForRequests()).isEqualTo(work);
            }
        }
    }

    /** A front accepts exactly the producers between the last one seen and what it has published. */
    @Property(tries = 2000, edgeCases = EdgeCasesMode.NONE)
    void shouldAcceptExactlyWhatCanBe_whenThePeerWritesAnyRspProd(
            @ForAll("starts") int start,
            @ForAll @IntRange(max = NR_ENTS) int published,
            @ForAll @IntRange(max = NR_ENTS) int seen,
            @ForAll("distances") int written) {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            SharedRing shared = new SharedRing(page, SLOT_BYTES);
            shared.init(start);
            FrontRing front = FrontRing.attach(shared, start);
            for (int i = 0; i < published; i++) {
                front.nextRequest();
            }
            front.pushRequests();
            int seenBefore = Math.min(seen, published);
            page.putInt(SharedRing.RSP_PROD_OFFSET, start + seenBefore);
            assertThat(front.unconsumedResponses()).isEqualTo(seenBefore);
            page.putInt(SharedRing.RSP_PROD_OFFSET, start + written);
            boolean legal = written >= seenBefore && written <= published;
            assertThat(front.unconsumedResponses()).isEqualTo(legal ? written : FrontRing.BROKEN);
            assertThat(front.fault() == null).isEqualTo(legal);
        }
    }

    /** A back accepts exactly the producers between the last one seen and what the ring can hold. */
    @Property(tries = 2000, edgeCases = EdgeCasesMode.NONE)
    void shouldAcceptExactlyWhatCanBe_whenThePeerWritesAnyReqProd(
            @ForAll("starts") int start, @ForAll @IntRange(max = NR_ENTS) int seen, @ForAll("distances") int written) {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            SharedRing shared = new SharedRing(page, SLOT_BYTES);
            shared.init(start);
            BackRing back = BackRing.attach(shared, start);
            page.putInt(SharedRing.REQ_PROD_OFFSET, start + seen);
            assertThat(back.unconsumedRequests()).isEqualTo(seen);
            page.putInt(SharedRing.REQ_PROD_OFFSET, start + written);
            boolean legal = written >= seen && written <= NR_ENTS;
            assertThat(back.unconsumedRequests()).isEqualTo(legal ? written : BackRing.BROKEN);
            assertThat(back.fault())
                    .isEqualTo(
                            legal
                                    ? null
                                    : written >= 0 && written <= NR_ENTS
                                            ? PeerFault.PROD_BACKWARDS
                                            : PeerFault.REQ_PROD_OVERFLOW);
        }
    }

    @Provide
    Arbitrary<Integer> distances() {
        return Arbitraries.oneOf(Arbitraries.integers().between(-2, NR_ENTS + 2), Arbitraries.integers());
    }
}
