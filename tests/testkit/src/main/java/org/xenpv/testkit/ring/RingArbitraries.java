package org.xenpv.testkit.ring;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** jqwik generators for rings. The places where rings break come up by weight, so jqwik's own edge cases are off. */
public final class RingArbitraries {

    private static final int NEAR_MAX = 64;

    private RingArbitraries() {}

    /** Where rings break: 0, just below 2^31, just below 2^32, and anywhere. */
    public static Arbitrary<Integer> startIndices() {
        Arbitrary<Integer> near = Arbitraries.integers().between(1, NEAR_MAX);
        return Arbitraries.frequencyOf(
                        Tuple.of(1, Arbitraries.just(0)),
                        Tuple.of(3, near.map(k -> Integer.MIN_VALUE - k)),
                        Tuple.of(3, near.map(k -> -k)),
                        Tuple.of(1, Arbitraries.integers()))
                .withoutEdgeCases();
    }

    /** Any ring at all: slots of 1 to 256 bytes on 1 to 16 pages. */
    public static Arbitrary<RingLayout> layouts() {
        Arbitrary<Integer> slotBytes = Arbitraries.integers().between(1, 64).map(words -> words * 4);
        Arbitrary<Integer> pages = Arbitraries.of(1, 2, 4, 8, 16);
        return Combinators.combine(slotBytes, pages)
                .as((slot, page) -> new RingLayout("any", slot, page))
                .withoutEdgeCases();
    }

    /** Sequences of up to 120 operations; counts are small most of the time and sometimes a whole ring. */
    public static Arbitrary<List<RingStep>> steps(RingLayout layout) {
        Arbitrary<Integer> few = Arbitraries.integers().between(1, 5);
        Arbitrary<Integer> many = Arbitraries.integers().between(1, layout.nrEnts());
        Arbitrary<Integer> counts = Arbitraries.frequencyOf(Tuple.of(3, few), Tuple.of(1, many));
        return Combinators.combine(Arbitraries.of(RingOp.values()), counts)
                .as(RingStep::new)
                .list()
                .ofMinSize(1)
                .ofMaxSize(120)
                .withoutEdgeCases();
    }

    /** Whole test cases over the given rings. */
    public static Arbitrary<RingScript> scripts(List<RingLayout> layouts) {
        return Arbitraries.of(layouts)
                .flatMap(layout -> Combinators.combine(startIndices(), steps(layout))
                        .as((index, steps) -> new RingScript(layout, index, steps)))
                .withoutEdgeCases();
    }
}
