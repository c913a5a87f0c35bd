package org.xenpv.grant.abi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;

/**
 * The other domain begins to map between any two of our accesses to the table, and has mapped by any later one; our
 * stores become visible as late as the barriers allow.
 */
abstract class RevokeRaceTests {

    private static final int BACKEND = 3;
    private static final int STEPS_MAX = 40;

    private final int version;
    private FakeXen xen;
    private AbiGrantTable table;
    private int step;
    private FakeXen.MapInProgress begun;
    private int handle;

    RevokeRaceTests(int version) {
        this.version = version;
    }

    @BeforeEach
    void open() {
        xen = new FakeXen().withVersion(version);
        xen.stepAccesses();
        table = xen.open();
    }

    @AfterEach
    void checkMachine() {
        assertThat(xen.violations).isEmpty();
        xen.close();
    }

    /** Maps gref from step {@code from} to step {@code to} of what follows. */
    private void mapDuring(int gref, boolean writable, int from, int to) {
        step = 0;
        begun = null;
        handle = 0;
        xen.turn(() -> {
            if (step == from) {
                begun = xen.beginMap(gref, BACKEND, writable);
            }
            if (step == to) {
                handle = begun.finish();
            }
            step++;
        });
    }

    /**
     * The map ends after our operation if it has not within it, and begins there if it has not begun: what we have
     * stored may still not be visible then. Returns whether a mapping exists.
     */
    private boolean endMap(int gref, boolean writable) {
        xen.turn(() -> {});
        if (begun == null) {
            begun = xen.beginMap(gref, BACKEND, writable);
        }
        if (handle == 0) {
            handle = begun.finish();
        }
        xen.drain();
        return handle > 0;
    }

    @Test
    void shouldReleaseOnlyWhatIsNotMapped_whenAMapRacesTheRelease() {
        int raced = 0;
        int lost = 0;
        int steps = STEPS_MAX;
        for (int from = 0; from <= steps; from++) {
            for (int to = from; to <= steps; to++) {
                for (GrantAccess access : GrantAccess.values()) {
                    GrantedPages pages = table.grant(BACKEND, 2, access, "ring");
                    int gref = pages.gref(1);
                    int used = xen.framesUsed();
                    xen.drain();
                    mapDuring(gref, access == GrantAccess.READ_WRITE, from, to);

                    boolean released = pages.release();
                    steps = Math.min(steps, step);
                    boolean mapped = endMap(gref, access == GrantAccess.READ_WRITE);

                    String when = "from=" + from + ", to=" + to + ", " + access;
                    assertThat(released && mapped).as(when).isFalse();
                    assertThat(table.ledger().quarantined()).as(when).isEqualTo(released ? 0 : 1);
                    assertThat(xen.framesUsed()).as(when).isEqualTo(released ? used - 2 : used);
                    raced += mapped ? 1 : 0;
                    lost += mapped ? 0 : 1;
                    if (mapped) {
                        table.retryQuarantine();
                        assertThat(table.ledger().quarantined()).as(when).isEqualTo(1);
                        xen.unmap(handle);
                    }
                    table.retryQuarantine();
                    assertThat(table.ledger().quarantined()).as(when).isZero();
                }
            }
        }
        assertThat(steps).as("the release did step").isBetween(2, STEPS_MAX - 1);
        assertThat(raced).as("maps that won").isPositive();
        assertThat(lost).as("maps that lost").isPositive();
    }

    @Test
    void shouldKeepThePage_whenAMapRacesARevokeOfIt() {
        int refused = 0;
        int steps = STEPS_MAX;
        for (int from = 0; from <= steps; from++) {
            for (int to = from; to <= steps; to++) {
                GrantedPages pages = table.grant(BACKEND, 1, GrantAccess.READ_WRITE, "pool");
                xen.drain();
                mapDuring(pages.gref(0), true, from, to);
                boolean revoked = pages.revokePage(0);
                steps = Math.min(steps, step);
                boolean mapped = endMap(pages.gref(0), true);
                assertThat(revoked && mapped).as("from=" + from + ", to=" + to).isFalse();
                if (mapped) {
                    refused++;
                    assertThat(pages.revokePage(0)).as("still mapped").isFalse();
                    xen.unmap(handle);
                }
                assertThat(pages.revokePage(0)).as("not mapped any more").isTrue();
                assertThat(pages.release()).isTrue();
            }
        }
        assertThat(refused).isPositive();
    }

    /** It must not hold us: after each unmap it maps again. */
    @Test
    void shouldGiveUpInBoundedSteps_whenTheOtherMapsAndUnmapsForEver() {
        for (int phase = 0; phase < 2; phase++) {
            GrantedPages pages = table.grant(BACKEND, 1, GrantAccess.READ_WRITE, "ring");
            int gref = pages.gref(0);
            xen.drain();
            step = phase;
            handle = 0;
            xen.turn(() -> {
                if (handle > 0) {
                    xen.unmap(handle);
                    handle = 0;
                } else if (step > 0) {
                    handle = Math.max(0, xen.map(gref, BACKEND, true));
                }
                step++;
            });
            pages.release();
            assertThat(step).as("steps").isLessThan(phase + STEPS_MAX);
            xen.turn(() -> {});
            if (handle > 0) {
                assertThat(table.ledger().quarantined()).isEqualTo(1);
                xen.unmap(handle);
            }
            table.retryQuarantine();
            assertThat(table.ledger().quarantined()).isZero();
        }
    }

    /** B14 and the write barrier of "Introducing a valid entry": valid means complete, and the page is clean. */
    @Test
    void shouldNeverShowAnIncompleteEntry_whenPagesAreGranted() {
        int seen = 0;
        for (int at = 0; at < 2 * STEPS_MAX; at++) {
            int round = at;
            xen.latestFirst(at % 2 == 0);
            step = 0;
            handle = 0;
            int[] mappedRef = {0};
            // the references of the next grant, in the order of the free list
            int gref = 8 + round * 3;
            xen.turn(() -> {
                for (int page = 0; page < 3 && step >= round / 2 && handle <= 0; page++) {
                    handle = xen.map(gref + page, BACKEND, true);
                    mappedRef[0] = page;
                }
                step++;
            });
            GrantedPages pages = table.grant(BACKEND, 3, GrantAccess.READ_WRITE, "ring");
            xen.turn(() -> {});
            assertThat(pages.gref(0)).isEqualTo(gref);
            xen.drain();
            if (handle > 0) {
                seen++;
                FakeXen.Mapping mapping = xen.mappings.get(handle);
                assertThat(mapping.frame()).isEqualTo(xen.frame(gref + mappedRef[0]));
                byte[] bytes = new byte[4096];
                xen.page(mapping.frame()).copyOut(0, bytes, 0, 4096);
                assertThat(bytes).containsOnly(0);
                xen.unmap(handle);
            }
            assertThat(pages.release()).isTrue();
        }
        assertThat(seen).as("mapped while granting").isPositive();
    }
}
