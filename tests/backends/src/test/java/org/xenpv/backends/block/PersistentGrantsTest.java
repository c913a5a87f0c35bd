package org.xenpv.backends.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.xenpv.grant.GrantAccess;

/** The map of kept mappings against a plain model: what is found, what goes first, what is unmapped. */
class PersistentGrantsTest {

    /** References chosen to collide as well as to spread. */
    @Provide
    Arbitrary<List<Integer>> grefs() {
        return Arbitraries.oneOf(
                        Arbitraries.integers().between(0, 12),
                        Arbitraries.integers().between(0, 12).map(i -> i << 28),
                        Arbitraries.integers())
                .list()
                .ofMaxSize(300);
    }

    @Property(tries = 300)
    void shouldKeepTheMostRecentlyUsed(
            @ForAll("grefs") List<Integer> grefs, @ForAll @IntRange(min = 1, max = 9) int cap) {
        try (GuestMemory guest = new GuestMemory(1)) {
            PersistentGrants kept = new PersistentGrants(cap);
            LinkedHashMap<Integer, MappedRange> model = new LinkedHashMap<>(16, 0.75f, true);
            for (int gref : grefs) {
                int slot = kept.acquire(gref);
                MappedRange expected = model.get(gref);
                assertThat(slot == PersistentGrants.NONE).isEqualTo(expected == null);
                if (expected != null) {
                    assertThat(kept.range(slot)).isSameAs(expected);
                } else {
                    if (kept.isFull()) {
                        assertThat(model).hasSize(cap);
                        assertThat(kept.evict()).isTrue();
                        model.remove(model.keySet().iterator().next());
                    }
                    guest.grant(gref, 0);
                    MappedRange range = new MappedRange(guest.map(1, new int[] {gref}, 1, GrantAccess.READ_WRITE));
                    slot = kept.insert(gref, range);
                    model.put(gref, range);
                }
                kept.release(slot);
                assertThat(kept.size()).isEqualTo(model.size());
                assertThat(guest.mappedNow).isEqualTo(model.size());
            }
            kept.unmapAll();
            assertThat(guest.mappedNow).isZero();
            assertThat(kept.size()).isZero();
        }
    }

    @Test
    void shouldNotGiveUpPagesInUse() {
        try (GuestMemory guest = new GuestMemory(1)) {
            PersistentGrants kept = new PersistentGrants(3);
            Map<Integer, Integer> slots = new HashMap<>();
            for (int gref = 0; gref < 3; gref++) {
                guest.grant(gref, 0);
                slots.put(
                        gref,
                        kept.insert(gref, new MappedRange(guest.map(1, new int[] {gref}, 1, GrantAccess.READ_WRITE))));
            }
            assertThat(kept.evict()).isFalse();
            kept.acquire(1); // pinned twice
            kept.release(slots.get(1));
            assertThat(kept.evict()).isFalse();
            kept.release(slots.get(1));
            assertThat(kept.evict()).isTrue();
            assertThat(kept.acquire(1)).isEqualTo(PersistentGrants.NONE);
            List<Integer> left = new ArrayList<>(List.of(0, 2));
            assertThat(left).allMatch(gref -> kept.acquire(gref) == slots.get(gref));
            assertThat(guest.mappedNow).isEqualTo(2);
        }
    }
}
