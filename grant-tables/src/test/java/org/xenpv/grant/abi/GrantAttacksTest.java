package org.xenpv.grant.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.GrantedPages;

/** What a hostile domain can do with grants, by the names G1 to G8 of the attack table. */
class GrantAttacksTest {

    private static final int HOSTILE = 3;
    private static final int OTHER = 4;

    private FakeXen xen;
    private AbiGrantTable table;

    private void open(int version) {
        xen = new FakeXen().withVersion(version);
        table = xen.open();
    }

    private void close() {
        assertThat(xen.violations).isEmpty();
        xen.close();
    }

    /** {@link RevokeRaceTests} has every interleaving; this is the one that broke the naive driver. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void g1_shouldSeeTheMap_whenItComesBetweenLookingAndRevoking(int version) {
        xen = new FakeXen().withVersion(version);
        xen.stepAccesses();
        table = xen.open();
        GrantedPages pages = table.grant(HOSTILE, 1, GrantAccess.READ_WRITE, "ring");
        xen.drain();
        int[] handle = {0};
        xen.turn(() -> {
            if (handle[0] == 0) {
                handle[0] = xen.map(pages.gref(0), HOSTILE, true);
            }
        });
        assertThat(pages.release()).isFalse();
        assertThat(handle[0]).isPositive();
        assertThat(table.ledger().refusedTotal()).isEqualTo(1);
        xen.turn(() -> {});
        xen.unmap(handle[0]);
        table.retryQuarantine();
        close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void g2_shouldQuarantineThePage_whenItIsStillMappedOnRelease(int version) {
        open(version);
        int free = table.freeRefs();
        GrantedPages pages = table.grant(HOSTILE, 3, GrantAccess.READ_WRITE, "vbd/51712 ring");
        int mapped = pages.gref(1);
        long frame = xen.frame(mapped);
        int handle = xen.map(mapped, HOSTILE, true);

        assertThat(pages.release()).isFalse();
        assertThat(pages.release()).as("second release").isFalse();
        assertThat(table.ledger().quarantined()).isEqualTo(1);
        assertThat(table.ledger().lent()).isZero();
        assertThat(table.freeRefs()).as("the two others").isEqualTo(free - 1);
        assertThat(table.heldFrames(HOSTILE)).as("one allocation").isEqualTo(3);

        // everything else goes round, several times, and neither page nor reference is in it
        for (int i = 0; i < 2 * free; i++) {
            GrantedPages other = table.grant(OTHER, 1, GrantAccess.READ_WRITE, "data");
            assertThat(other.gref(0)).isNotEqualTo(mapped);
            assertThat(xen.frame(other.gref(0))).isNotEqualTo(frame);
            other.memory().putInt(0, 0x5ec7e7);
            table.retryQuarantine();
            other.release();
        }
        assertThat(xen.page(frame).getInt(0)).as("what the mapping shows").isZero();

        xen.unmap(handle);
        table.retryQuarantine();
        assertThat(pages.release()).isTrue();
        assertThat(table.ledger().entries()).isEmpty();
        assertThat(table.freeRefs()).isEqualTo(free);
        assertThat(xen.framesUsed()).isZero();
        assertThat(table.heldFrames(HOSTILE)).isZero();
        close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void g3_shouldThrowNothing_whenARevokeFails(int version) {
        open(version);
        GrantedPages pages = table.grant(HOSTILE, 1, GrantAccess.READ_WRITE, "ring");
        int handle = xen.map(pages.gref(0), HOSTILE, true);
        assertThatCode(() -> {
                    assertThat(pages.revokePage(0)).isFalse();
                    pages.release();
                    table.retryQuarantine();
                })
                .doesNotThrowAnyException();
        assertThat(table.ledger().refusedTotal()).isEqualTo(3);
        xen.unmap(handle);
        close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void g4_shouldStopGranting_whenADomainHoldsAsMuchAsTheCap(int version) {
        xen = new FakeXen().withVersion(version);
        table = xen.open(new AbiGrantTable.Options(version, 4, 6, 4));
        List<Integer> handles = new ArrayList<>();
        for (int reconnect = 0; reconnect < 3; reconnect++) {
            GrantedPages ring = table.grant(HOSTILE, 2, GrantAccess.READ_WRITE, "ring");
            // one page of each allocation is enough to hold both
            handles.add(xen.map(ring.gref(reconnect % 2), HOSTILE, false));
            assertThat(ring.release()).isFalse();
        }
        assertThat(table.heldFrames(HOSTILE)).isEqualTo(6);
        assertThat(table.ledger().quarantined()).isEqualTo(3);
        int used = xen.framesUsed();

        assertThatThrownBy(() -> table.grant(HOSTILE, 1, GrantAccess.READ_WRITE, "ring"))
                .isInstanceOf(GrantExhaustedException.class)
                .hasMessageContaining("domid=" + HOSTILE)
                .hasMessageContaining("cap=6");
        assertThat(xen.framesUsed()).isEqualTo(used);
        assertThat(table.grant(OTHER, 1, GrantAccess.READ_WRITE, "ring").release())
                .as("a well-behaved domain")
                .isTrue();

        xen.unmap(handles.get(1));
        table.retryQuarantine();
        assertThat(table.grant(HOSTILE, 1, GrantAccess.READ_WRITE, "ring").release())
                .as("below the cap again")
                .isTrue();
        close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void g4_shouldTryAllInTurnWithABudget_whenManyAreHeld(int version) {
        xen = new FakeXen().withVersion(version);
        table = xen.open(new AbiGrantTable.Options(version, 4, 100, 4));
        GrantedPages pages = table.grant(HOSTILE, 10, GrantAccess.READ_WRITE, "pool");
        List<Integer> handles = new ArrayList<>();
        for (int page = 0; page < 10; page++) {
            handles.add(xen.map(pages.gref(page), HOSTILE, true));
        }
        pages.release();
        long refused = table.ledger().refusedTotal();
        table.retryQuarantine();
        assertThat(table.ledger().refusedTotal() - refused)
                .as("tries in one call")
                .isEqualTo(4);

        // only the last one is let go of; the first four in the queue must not hide it
        xen.unmap(handles.get(9));
        table.retryQuarantine();
        table.retryQuarantine();
        assertThat(table.ledger().quarantined()).isEqualTo(9);
        close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void g5_shouldUseAReferenceAgainLastOfAll_whenItHasBeenRevoked(int version) {
        open(version);
        GrantedPages first = table.grant(HOSTILE, 1, GrantAccess.READ_WRITE, "data");
        GrantedPages second = table.grant(HOSTILE, 1, GrantAccess.READ_WRITE, "data");
        int quarantined = first.gref(0);
        int free = second.gref(0);
        int handle = xen.map(quarantined, HOSTILE, true);
        first.release();
        second.release();
        xen.unmap(handle);
        table.retryQuarantine();

        List<Integer> order = new ArrayList<>();
        int all = table.freeRefs();
        for (int i = 0; i < all; i++) {
            GrantedPages next = table.grant(OTHER, 1, GrantAccess.READ_WRITE, "data");
            order.add(next.gref(0));
        }
        assertThat(order).doesNotHaveDuplicates().hasSize(all);
        assertThat(order.subList(all - 2, all)).containsExactly(free, quarantined);
        close();
    }

    /** Whatever path a page takes, it is in the ledger until it is revoked: kept pages, refused ones, whole pools. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void g6_shouldAccountForEveryPage_whenAnErrorPathReleasesThem(int version) {
        open(version);
        int free = table.freeRefs();
        GrantedPages pool = table.grant(HOSTILE, 4, GrantAccess.READ_WRITE, "vif/0 rx");
        int handle = xen.map(pool.gref(2), HOSTILE, true);
        assertThat(pool.revokePage(0)).isTrue();
        assertThat(pool.revokePage(2))
                .as("the response came, the page is still mapped")
                .isFalse();
        assertThat(table.ledger().lent()).isEqualTo(4);
        assertThatThrownBy(() -> pool.regrantPage(2, GrantAccess.READ_WRITE))
                .as("not ours")
                .isInstanceOf(IllegalStateException.class);

        assertThat(pool.release()).isFalse();
        assertThat(table.ledger().lent()).isZero();
        assertThat(table.ledger().quarantined()).isEqualTo(1);
        assertThat(table.ledger().entries()).singleElement().satisfies(entry -> {
            assertThat(entry.gref()).isEqualTo(pool.gref(2));
            assertThat(entry.quarantined()).isTrue();
            assertThat(entry.purpose()).isEqualTo("vif/0 rx");
        });
        assertThat(table.freeRefs() + table.ledger().quarantined()).isEqualTo(free);

        for (int tries = 0; tries < 5; tries++) {
            table.retryQuarantine();
            assertThat(table.ledger().quarantined()).isEqualTo(1);
        }
        xen.unmap(handle);
        table.retryQuarantine();
        assertThat(table.ledger().entries()).isEmpty();
        assertThat(table.freeRefs()).isEqualTo(free);
        assertThat(xen.framesUsed()).isZero();
        close();
    }

    /** Nothing is valid before everything is at hand, so there is nothing to take back from a domain that was quick. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void g7_shouldWriteNoEntry_whenAGrantCannotBeMadeWhole(int version) {
        xen = new FakeXen().withVersion(version);
        xen.framesMax = 16;
        table = xen.open();
        assertThat(xen.allocateFrames(512)).isNotNull();
        assertThat(xen.allocateFrames(512)).isNotNull();
        assertThat(xen.allocateFrames(512)).isNotNull();
        assertThat(xen.allocateFrames(400)).isNotNull();

        assertThatThrownBy(() -> table.grant(HOSTILE, 200, GrantAccess.READ_WRITE, "pool"))
                .isInstanceOf(GrantExhaustedException.class);
        for (int gref = 0; gref < 512; gref++) {
            assertThat(xen.word(gref)).isZero();
        }
        assertThat(table.ledger().grantsTotal()).isZero();
        close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void g8_shouldGrantToTheSameDomain_whenAPageIsGrantedAgain(int version) {
        open(version);
        GrantedPages pages = table.grant(HOSTILE, 1, GrantAccess.READ_ONLY, "data");
        pages.revokePage(0);
        pages.regrantPage(0, GrantAccess.READ_WRITE);
        assertThat(xen.map(pages.gref(0), OTHER, false)).isNegative();
        assertThat(xen.map(pages.gref(0), HOSTILE, true)).isPositive();
        close();
    }

    /** B12: what we give to read cannot be written. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void b12_shouldRefuseAWritableMap_whenGrantedReadOnly(int version) {
        open(version);
        GrantedPages pages = table.grant(HOSTILE, 1, GrantAccess.READ_ONLY, "write data");
        assertThat(xen.map(pages.gref(0), HOSTILE, true)).isNegative();
        int handle = xen.map(pages.gref(0), HOSTILE, false);
        assertThat(handle).isPositive();
        assertThat(pages.revokePage(0)).as("mapped read-only is mapped").isFalse();
        xen.unmap(handle);
        assertThat(pages.revokePage(0)).isTrue();
        close();
    }
}
