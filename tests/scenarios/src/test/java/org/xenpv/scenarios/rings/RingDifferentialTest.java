package org.xenpv.scenarios.rings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import net.jqwik.api.lifecycle.PropagationMode;
import org.xenpv.fault.PeerFault;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.ring.BackRing;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;
import org.xenpv.testkit.ring.RingArbitraries;
import org.xenpv.testkit.ring.RingLayout;
import org.xenpv.testkit.ring.RingModelRun;
import org.xenpv.testkit.ring.RingOp;
import org.xenpv.testkit.ring.RingScript;
import org.xenpv.testkit.ring.RingStep;
import org.xenpv.testkit.ring.RingUnderTest;
import org.xenpv.testkit.ring.XenpvRing;

/**
 * Our rings against the macros of xen/io/ring.h: the same operations on two pages, C on both sides of one of them, and
 * after each every return value, every private index and the whole page must be the same.
 */
@AddLifecycleHook(value = RingOracle.Needed.class, propagateTo = PropagationMode.ALL_DESCENDANTS)
class RingDifferentialTest {

    /** Who plays which end. */
    enum Pairing {
        JAVA_JAVA,
        JAVA_C,
        C_JAVA,
        C_C;

        RingUnderTest front(MacroRing macros) {
            return this == JAVA_JAVA || this == JAVA_C ? new XenpvRing() : macros;
        }

        RingUnderTest back(MacroRing macros) {
            return this == JAVA_JAVA || this == C_JAVA ? new XenpvRing() : macros;
        }
    }

    private static List<RingLayout> layouts() {
        List<RingLayout> layouts = new ArrayList<>(RingLayout.xen());
        layouts.add(new RingLayout("odd", 100, 1));
        layouts.add(new RingLayout("odd", 100, 16));
        return layouts;
    }

    @Provide
    Arbitrary<RingScript> scripts() {
        return RingArbitraries.scripts(layouts());
    }

    @Provide
    Arbitrary<RingLayout> layout() {
        return Arbitraries.of(layouts());
    }

    @Provide
    Arbitrary<Integer> startIndices() {
        return RingArbitraries.startIndices();
    }

    /** A ring in the pairing, and its twin that is C on both sides. */
    private static final class Twins implements AutoCloseable {
        private final MacroRing macros = new MacroRing();
        private final RingLayout layout;
        private final ChronicleMemory page;
        private final ChronicleMemory twinPage;
        private final RingModelRun run;
        private final RingModelRun twin;

        Twins(RingScript script, Pairing pairing) {
            layout = script.layout();
            page = ChronicleMemory.allocatePages(layout.pages());
            twinPage = ChronicleMemory.allocatePages(layout.pages());
            run = new RingModelRun(script, pairing.front(macros), pairing.back(macros), page, page, page);
            twin = new RingModelRun(script, macros, twinPage);
        }

        void apply(RingStep step) {
            twin.apply(step);
            run.apply(step);
            requireSamePages(page, twinPage, step);
        }

        void lap() {
            apply(new RingStep(RingOp.STAGE_REQUESTS, layout.nrEnts()));
            apply(new RingStep(RingOp.PUSH_REQUESTS_AND_CHECK_NOTIFY, 1));
            apply(new RingStep(RingOp.FINAL_CHECK_FOR_RESPONSES, 1));
            apply(new RingStep(RingOp.TAKE_REQUESTS, layout.nrEnts()));
            apply(new RingStep(RingOp.FINAL_CHECK_FOR_REQUESTS, 1));
            apply(new RingStep(RingOp.STAGE_RESPONSES, layout.nrEnts()));
            apply(new RingStep(RingOp.PUSH_RESPONSES_AND_CHECK_NOTIFY, 1));
            apply(new RingStep(RingOp.TAKE_RESPONSES, layout.nrEnts()));
        }

        @Override
        public void close() {
            page.close();
            twinPage.close();
            macros.close();
        }
    }

    private static void requireSamePages(ChronicleMemory page, ChronicleMemory twin, Object after) {
        int at = RingOracle.macros().first_difference(page.address(), twin.address(), page.sizeBytes());
        if (at >= 0) {
            throw new AssertionError(
                    "after " + after + ": byte " + at + " is " + page.getByte(at) + ", C has " + twin.getByte(at));
        }
    }

    @Property(tries = 1000)
    void shouldDoWhatTheMacrosDo_whateverTheOrderOfOperations(
            @ForAll("scripts") RingScript script, @ForAll Pairing pairing) {
        try (Twins twins = new Twins(script, pairing)) {
            script.steps().forEach(twins::apply);
        }
    }

    /** Every ring in every pairing through random operations until both wraps are behind it. */
    @Property(tries = 10)
    void shouldDoWhatTheMacrosDo_acrossTheWraps(@ForAll Random random) {
        for (Pairing pairing : Pairing.values()) {
            for (RingLayout layout : layouts()) {
                for (int boundary : new int[] {0, Integer.MIN_VALUE}) {
                    int before = 1 + random.nextInt(Math.min(layout.nrEnts(), 300));
                    RingScript near = new RingScript(layout, boundary - before, List.of());
                    try (Twins twins = new Twins(near, pairing)) {
                        for (int i = 0; i < 20; i++) {
                            RingOp op = RingOp.values()[random.nextInt(RingOp.values().length)];
                            twins.apply(new RingStep(op, 1 + random.nextInt(20)));
                        }
                        while (!twins.run.wrapped()) {
                            twins.lap();
                        }
                        twins.lap();
                        assertThat(twins.twin.wrapped()).isTrue();
                        assertThat(twins.run.completed()).isGreaterThan(before);
                    }
                }
            }
        }
    }

    /** RING_COPY_* and the slots' places: what one language puts, the other copies. */
    @Property(tries = 200)
    void shouldCopyTheBytesThatTheMacrosPut_andTheReverse(
            @ForAll("layout") RingLayout layout, @ForAll("startIndices") int startIndex, @ForAll Random random) {
        RingMacros c = RingOracle.macros();
        int kind = MacroRing.kindOf(layout.slotBytes());
        int requestBytes = c.request_bytes(kind);
        int responseBytes = c.response_bytes(kind);
        try (MacroRing privates = new MacroRing();
                ChronicleMemory page = ChronicleMemory.allocatePages(layout.pages());
                ChronicleMemory scratch = ChronicleMemory.allocatePages(1)) {
            RingModelRun.initPage(page, startIndex);
            SharedRing shared = new SharedRing(page, layout.slotBytes());
            FrontRing front = FrontRing.attach(shared, startIndex);
            BackRing back = BackRing.attach(shared, startIndex);
            long cFront = privates.newPrivate();
            long cBack = privates.newPrivate();
            assertThat(c.front_attach(kind, cFront, page.address(), startIndex, page.sizeBytes()))
                    .isEqualTo(front.nrEnts());
            assertThat(c.back_attach(kind, cBack, page.address(), startIndex, page.sizeBytes()))
                    .isEqualTo(back.nrEnts());

            byte[] request = new byte[requestBytes];
            random.nextBytes(request);
            int at = front.nextRequest();
            page.copyIn(at, request, 0, requestBytes);
            front.pushRequests();
            assertThat(c.back_unconsumed(kind, cBack)).isEqualTo(1);
            assertThat(c.back_copy_request(kind, cBack, scratch.address())).isEqualTo(at);
            byte[] copied = new byte[requestBytes];
            scratch.copyOut(0, copied, 0, requestBytes);
            assertThat(copied).isEqualTo(request);

            assertThat(back.unconsumedRequests()).isEqualTo(1);
            assertThat(back.nextRequest()).isEqualTo(at);
            random.nextBytes(request);
            scratch.copyIn(0, request, 0, requestBytes);
            assertThat(c.front_put_request(kind, cFront, scratch.address())).isEqualTo(at);
            page.copyOut(at, copied, 0, requestBytes);
            assertThat(copied).isEqualTo(request);

            byte[] response = new byte[responseBytes];
            random.nextBytes(response);
            assertThat(back.nextResponse()).isEqualTo(at);
            page.copyIn(at, response, 0, responseBytes);
            back.pushResponses();
            assertThat(c.front_unconsumed(kind, cFront)).isEqualTo(1);
            assertThat(c.front_copy_response(kind, cFront, scratch.address())).isEqualTo(at);
            byte[] answer = new byte[responseBytes];
            scratch.copyOut(0, answer, 0, responseBytes);
            assertThat(answer).isEqualTo(response);

            random.nextBytes(response);
            scratch.copyIn(0, response, 0, responseBytes);
            assertThat(c.back_put_response(kind, cBack, scratch.address())).isEqualTo(at);
            assertThat(front.unconsumedResponses()).isEqualTo(1);
            page.copyOut(front.nextResponse(), answer, 0, responseBytes);
            assertThat(answer).isEqualTo(response);
        }
    }

    /** Whatever RING_*_PROD_OVERFLOW refuses we refuse, and what we accept we count as the macros do. */
    @Property(tries = 1000)
    void shouldBeAtLeastAsStrictAsTheOverflowMacros_whateverThePeerClaims(
            @ForAll("layout") RingLayout layout,
            @ForAll("startIndices") int startIndex,
            @ForAll int anywhere,
            @ForAll @IntRange(min = -3, max = 3) int near,
            @ForAll Random random) {
        RingMacros c = RingOracle.macros();
        int kind = MacroRing.kindOf(layout.slotBytes());
        int published = random.nextInt(layout.nrEnts() + 1);
        for (int claim : new int[] {
            anywhere, startIndex + near, startIndex + published + near, startIndex + layout.nrEnts() + near
        }) {
            try (MacroRing privates = new MacroRing();
                    ChronicleMemory page = ChronicleMemory.allocatePages(layout.pages())) {
                RingModelRun.initPage(page, startIndex);
                SharedRing shared = new SharedRing(page, layout.slotBytes());
                FrontRing front = FrontRing.attach(shared, startIndex);
                BackRing back = BackRing.attach(shared, startIndex);
                long cFront = privates.newPrivate();
                long cBack = privates.newPrivate();
                c.front_attach(kind, cFront, page.address(), startIndex, page.sizeBytes());
                c.back_attach(kind, cBack, page.address(), startIndex, page.sizeBytes());
                for (int i = 0; i < published; i++) {
                    assertThat(front.nextRequest()).isEqualTo(c.front_next_request(kind, cFront));
                }
                front.pushRequests();
                page.putInt(SharedRing.RSP_PROD_OFFSET, claim);
                boolean refused = front.unconsumedResponses() == FrontRing.BROKEN;
                if (c.front_overflow(kind, cFront, claim) != 0) {
                    assertThat(refused).isTrue();
                    assertThat(front.fault()).isEqualTo(PeerFault.RSP_PROD_OVERFLOW);
                }
                if (!refused) {
                    assertThat(front.unconsumedResponses()).isEqualTo(c.front_unconsumed(kind, cFront));
                }
                page.putInt(SharedRing.REQ_PROD_OFFSET, claim);
                assertThat(back.unconsumedRequests() == BackRing.BROKEN)
                        .isEqualTo(c.back_overflow(kind, cBack, claim) != 0);
                if (back.fault() == null) {
                    assertThat(back.unconsumedRequests()).isEqualTo(c.back_unconsumed(kind, cBack));
                }
            }
        }
    }

    /** SHARED_RING_INIT and XEN_FRONT_RING_INIT on a page full of what was there before. */
    @Example
    void shouldInitialiseThePage_asTheMacrosDo() {
        RingMacros c = RingOracle.macros();
        Random random = new Random(42);
        for (RingLayout layout : layouts()) {
            int kind = MacroRing.kindOf(layout.slotBytes());
            assertThat(c.slot_bytes(kind)).isEqualTo(layout.slotBytes());
            byte[] before = new byte[layout.sizeBytes()];
            random.nextBytes(before);
            try (MacroRing privates = new MacroRing();
                    ChronicleMemory page = ChronicleMemory.allocatePages(layout.pages());
                    ChronicleMemory twin = ChronicleMemory.allocatePages(layout.pages())) {
                page.copyIn(0, before, 0, before.length);
                twin.copyIn(0, before, 0, before.length);
                new SharedRing(page, layout.slotBytes()).init(0);
                c.shared_init(kind, twin.address());
                requireSamePages(page, twin, "SHARED_RING_INIT");
                page.copyIn(0, before, 0, before.length);
                twin.copyIn(0, before, 0, before.length);
                FrontRing front = FrontRing.init(new SharedRing(page, layout.slotBytes()));
                long ring = privates.newPrivate();
                assertThat(c.front_init(kind, ring, twin.address(), twin.sizeBytes()))
                        .isEqualTo(front.nrEnts())
                        .isEqualTo(layout.nrEnts());
                assertThat(front.freeRequests()).isEqualTo(c.front_free(kind, ring));
                requireSamePages(page, twin, "XEN_FRONT_RING_INIT");
            }
        }
    }

    @Example
    void shouldHoldAsManySlotsAsRingSizeSays_whateverTheirSize() {
        for (int pages = 1; pages <= 16; pages *= 2) {
            try (ChronicleMemory memory = ChronicleMemory.allocatePages(pages)) {
                for (int slotBytes = 1; slotBytes <= memory.sizeBytes() - 64; slotBytes++) {
                    int nrEnts = new SharedRing(memory, slotBytes).nrEnts();
                    assertThat(nrEnts).isEqualTo(RingOracle.macros().ring_size(memory.sizeBytes(), slotBytes));
                }
            }
        }
    }
}
