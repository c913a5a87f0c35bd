package org.xenpv.backends.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
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
import org.xenpv.memory.SharedMemory;

/** The map of kept mappings against a plain model: what is found, what goes first, what is unmapped. */
class PersistentGrantsTest {

    /** Groups of references chosen to collide as well as to spread. */
    @Provide
    Arbitrary<List<List<Integer>>> groups() {
        return Arbitraries.oneOf(
                        Arbitraries.integers().between(0, 12),
                        Arbitraries.integers().between(0, 12).map(i -> i << 28),
                        Arbitraries.integers())
                .list()
                .ofMinSize(1)
                .ofMaxSize(4)
                .list()
                .ofMaxSize(100);
    }

    /** A group of the model: what it was mapped for, and the references that are found in it. */
    private record ModelGroup(MappedRange range, int pages, Map<Integer, Integer> found) {}

    @Property(tries = 300)
    void shouldKeepTheGroupsUsedMostRecently(
            @ForAll("groups") List<List<Integer>> groups, @ForAll @IntRange(min = 4, max = 12) int cap) {
        try (GuestMemory guest = new GuestMemory(1)) {
            PersistentGrants kept = new PersistentGrants(cap);
            List<ModelGroup> oldestFirst = new ArrayList<>();
            for (List<Integer> wanted : groups) {
                if (!acquireAndRelease(kept, oldestFirst, wanted.get(0))) {
                    insert(kept, oldestFirst, guest, wanted, cap);
                }
                int pages = oldestFirst.stream().mapToInt(ModelGroup::pages).sum();
                assertThat(kept.size()).isEqualTo(pages);
                assertThat(guest.mappedNow).isEqualTo(pages);
            }
            for (ModelGroup group : List.copyOf(oldestFirst)) {
                group.found().keySet().forEach(gref -> acquireAndRelease(kept, oldestFirst, gref));
            }
            kept.unmapAll();
            assertThat(guest.mappedNow).isZero();
            assertThat(kept.size()).isZero();
        }
    }

    /** Looks a reference up in both. @return whether it was there */
    private static boolean acquireAndRelease(PersistentGrants kept, List<ModelGroup> oldestFirst, int gref) {
        int slot = kept.acquire(gref);
        ModelGroup expected = oldestFirst.stream()
                .filter(group -> group.found().containsKey(gref))
                .findFirst()
                .orElse(null);
        assertThat(slot == PersistentGrants.NONE).isEqualTo(expected == null);
        if (expected == null) {
            return false;
        }
        assertThat(kept.range(slot)).isSameAs(expected.range());
        assertThat(kept.rangeAt(slot)).isEqualTo(expected.found().get(gref) * SharedMemory.PAGE_BYTES);
        kept.release(slot);
        oldestFirst.remove(expected);
        oldestFirst.add(expected);
        return true;
    }

    private static void insert(
            PersistentGrants kept, List<ModelGroup> oldestFirst, GuestMemory guest, List<Integer> wanted, int cap) {
        int pages = wanted.size();
        while (oldestFirst.stream().mapToInt(ModelGroup::pages).sum() + pages > cap) {
            assertThat(kept.fits(pages)).isFalse();
            assertThat(kept.evict()).isEqualTo(oldestFirst.remove(0).pages());
        }
        assertThat(kept.fits(pages)).isTrue();
        int[] grefs = wanted.stream().mapToInt(gref -> gref).toArray();
        for (int gref : grefs) {
            guest.grant(gref, 0);
        }
        MappedRange range = new MappedRange(guest.map(1, grefs, pages, GrantAccess.READ_WRITE));
        kept.insert(grefs, pages, range);
        Map<Integer, Integer> found = new HashMap<>();
        for (int i = 0; i < pages; i++) {
            int gref = grefs[i];
            if (oldestFirst.stream().noneMatch(group -> group.found().containsKey(gref))) {
                found.putIfAbsent(gref, i);
            }
        }
        oldestFirst.add(new ModelGroup(range, pages, found));
    }

    @Test
    void shouldNotGiveUpPagesInUse() {
        try (GuestMemory guest = new GuestMemory(1)) {
            PersistentGrants kept = new PersistentGrants(6);
            for (int gref = 0; gref < 6; gref += 2) {
                guest.grant(gref, 0);
                guest.grant(gref + 1, 0);
                int[] pair = {gref, gref + 1};
                kept.insert(pair, 2, new MappedRange(guest.map(1, pair, 2, GrantAccess.READ_WRITE)));
            }
            for (int gref = 0; gref < 6; gref += 2) {
                assertThat(kept.acquire(gref)).isNotEqualTo(PersistentGrants.NONE);
            }
            assertThat(kept.evict()).isZero();
            int other = kept.acquire(3); // its group is pinned twice
            kept.release(other);
            assertThat(kept.evict()).isZero();
            kept.release(other);
            assertThat(kept.evict()).isEqualTo(2);
            assertThat(kept.acquire(2)).isEqualTo(PersistentGrants.NONE);
            assertThat(kept.acquire(3)).isEqualTo(PersistentGrants.NONE);
            assertThat(List.of(0, 1, 4, 5)).allMatch(gref -> kept.acquire(gref) != PersistentGrants.NONE);
            assertThat(guest.mappedNow).isEqualTo(4);
        }
    }
}
