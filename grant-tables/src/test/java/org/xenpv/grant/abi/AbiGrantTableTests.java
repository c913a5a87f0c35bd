package org.xenpv.grant.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.XenConfigException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.GrantLedger;
import org.xenpv.grant.GrantedPages;
import org.xenpv.memory.SharedMemory;

/** What the table does with a well-meaning domain; the others are in {@link GrantAttacksTest}. */
abstract class AbiGrantTableTests {

    private static final int BACKEND = 3;
    private static final int OTHER = 4;

    private final int version;
    private FakeXen xen;
    private AbiGrantTable table;

    AbiGrantTableTests(int version) {
        this.version = version;
    }

    @BeforeEach
    void open() {
        xen = new FakeXen().withVersion(version);
        table = xen.open();
    }

    @AfterEach
    void checkMachine() {
        assertThat(xen.violations).isEmpty();
        xen.close();
    }

    private int refsPerFrame() {
        return version == 1 ? 512 : 256;
    }

    @Test
    void shouldWriteTheEntryXenExpects_whenPagesAreGranted() {
        GrantedPages pages = table.grant(BACKEND, 2, GrantAccess.READ_WRITE, "ring");
        GrantedPages readOnly = table.grant(OTHER, 1, GrantAccess.READ_ONLY, "data");

        assertThat(xen.word(pages.gref(0))).isEqualTo(BACKEND << 16 | 1);
        assertThat(xen.word(pages.gref(1))).isEqualTo(BACKEND << 16 | 1);
        assertThat(xen.word(readOnly.gref(0))).isEqualTo(OTHER << 16 | 4 | 1);
        assertThat(xen.frame(pages.gref(1))).isEqualTo(xen.frame(pages.gref(0)) + 1);
        pages.memory().putInt(4096 + 12, 0x1234);
        assertThat(xen.page(xen.frame(pages.gref(1))).getInt(12)).isEqualTo(0x1234);
        assertThat(table.version()).isEqualTo(version);
    }

    @Test
    void shouldNeverTouchReservedEntries_howeverManyAreGranted() {
        int all = xen.framesMax * refsPerFrame() - 8;
        int left = all;
        while (left > 0) {
            int count = Math.min(512, left);
            GrantedPages pages = table.grant(BACKEND, count, GrantAccess.READ_ONLY, "all");
            for (int page = 0; page < count; page++) {
                assertThat(pages.gref(page)).isGreaterThanOrEqualTo(8).isLessThan(all + 8);
            }
            left -= count;
        }
        for (int gref = 0; gref < 8; gref++) {
            assertThat(xen.word(gref)).as("reserved entry").isZero();
        }
        assertThat(table.ledger().lent()).isEqualTo(all);
        assertThat(table.freeRefs()).isZero();
    }

    @Test
    void shouldGrowByWhatIsMissing_whenReferencesRunOut() {
        assertThat(table.frames()).isEqualTo(1);
        GrantedPages first = table.grant(BACKEND, 200, GrantAccess.READ_WRITE, "first");
        assertThat(table.frames()).isEqualTo(1);
        GrantedPages second = table.grant(BACKEND, 512, GrantAccess.READ_WRITE, "second");
        assertThat(table.frames()).isEqualTo(version == 1 ? 2 : 3);
        assertThat(table.freeRefs()).isEqualTo(table.frames() * refsPerFrame() - 8 - 712);

        assertThat(xen.word(second.gref(511))).isEqualTo(BACKEND << 16 | 1);
        assertThat(first.release()).isTrue();
        assertThat(second.release()).isTrue();
        assertThat(table.freeRefs()).isEqualTo(table.frames() * refsPerFrame() - 8);
    }

    @Test
    void shouldSayTheNumbersAndKeepNothing_whenTheTableIsFull() {
        int all = xen.framesMax * refsPerFrame() - 8;
        for (int left = all - 1; left > 0; left -= 512) {
            table.grant(BACKEND, Math.min(512, left), GrantAccess.READ_WRITE, "filler");
        }
        int frames = xen.framesUsed();

        assertThatThrownBy(() -> table.grant(BACKEND, 2, GrantAccess.READ_WRITE, "too much"))
                .isInstanceOf(GrantExhaustedException.class)
                .hasMessageContaining("wanted=2")
                .hasMessageContaining("free=1")
                .hasMessageContaining("lent=" + (all - 1))
                .hasMessageContaining("4 of 4");
        assertThat(table.ledger().lent()).isEqualTo(all - 1);
        assertThat(xen.framesUsed()).isEqualTo(frames);
        assertThat(table.grant(BACKEND, 1, GrantAccess.READ_WRITE, "the last").pages())
                .isEqualTo(1);
    }

    @Test
    void shouldKeepNothing_whenPagesRunOut() {
        xen.framesMax = 16;
        table = xen.open();
        for (int i = 0; i < 4; i++) {
            GrantPlatform.Frames taken = xen.allocateFrames(i < 3 ? 512 : 500);
            assertThat(taken).isNotNull();
        }
        int free = table.freeRefs();

        assertThatThrownBy(() -> table.grant(BACKEND, 13, GrantAccess.READ_WRITE, "pool"))
                .isInstanceOf(GrantExhaustedException.class)
                .hasMessageContaining("wanted=13 contiguous");
        assertThat(table.freeRefs()).isEqualTo(free);
        assertThat(table.ledger().entries()).isEmpty();
        assertThat(table.ledger().grantsTotal()).isZero();
        assertThat(table.grant(BACKEND, 12, GrantAccess.READ_WRITE, "pool").release())
                .isTrue();
    }

    @Test
    void shouldRefuseHighFrames_whenTheEntryCannotHoldThem() {
        xen.firstFrame = 1L << 32;
        if (version == 1) {
            int used = xen.framesUsed();
            assertThatThrownBy(() -> table.grant(BACKEND, 1, GrantAccess.READ_WRITE, "high"))
                    .isInstanceOf(GrantExhaustedException.class)
                    .hasMessageContaining("frame=4294967296")
                    .hasMessageContaining("2^32");
            assertThat(xen.framesUsed()).isEqualTo(used);
            assertThat(table.ledger().lent()).isZero();
        } else {
            GrantedPages pages = table.grant(BACKEND, 1, GrantAccess.READ_WRITE, "high");
            assertThat(xen.frame(pages.gref(0))).isEqualTo(1L << 32);
            pages.release();
        }
    }

    @Test
    void shouldUseReferencesInTurn_whenTheyComeBack() {
        GrantedPages first = table.grant(BACKEND, 1, GrantAccess.READ_WRITE, "a");
        int gref = first.gref(0);
        first.release();
        for (int i = 0; i < refsPerFrame() - 8 - 1; i++) {
            GrantedPages next = table.grant(BACKEND, 1, GrantAccess.READ_WRITE, "b");
            assertThat(next.gref(0)).as("round " + i).isNotEqualTo(gref);
            next.release();
        }
        assertThat(table.grant(BACKEND, 1, GrantAccess.READ_WRITE, "c").gref(0)).isEqualTo(gref);
        assertThat(table.frames()).isEqualTo(1);
    }

    @Test
    void shouldShowZeroes_whenDirtyPagesAreGranted() {
        GrantedPages pages = table.grant(BACKEND, 3, GrantAccess.READ_WRITE, "ring");
        assertZero(pages.memory(), 3);
    }

    /** The platform hands out what it gets back; our data must not be in it. */
    @Test
    void shouldLeaveZeroes_whenPagesAreReleased() {
        GrantedPages pages = table.grant(BACKEND, 2, GrantAccess.READ_WRITE, "data");
        SharedMemory memory = pages.memory();
        memory.copyIn(4000, "private".getBytes(StandardCharsets.US_ASCII), 0, 7);
        pages.release();
        assertZero(memory, 2);
    }

    private static void assertZero(SharedMemory memory, int pages) {
        byte[] bytes = new byte[pages * 4096];
        memory.copyOut(0, bytes, 0, bytes.length);
        assertThat(bytes).containsOnly(0);
    }

    @Test
    void shouldInvalidateEntriesAndFreeFrames_whenReleased() {
        int used = xen.framesUsed();
        GrantedPages pages = table.grant(BACKEND, 4, GrantAccess.READ_WRITE, "ring");
        assertThat(xen.framesUsed()).isEqualTo(used + 4);
        int gref = pages.gref(2);

        assertThat(pages.release()).isTrue();
        assertThat(pages.release()).as("second release").isTrue();

        assertThat(xen.word(gref)).isZero();
        assertThat(xen.map(gref, BACKEND, false)).isNegative();
        assertThat(xen.framesUsed()).isEqualTo(used);
        assertThat(table.ledger().entries()).isEmpty();
        assertThat(table.ledger().lent()).isZero();
        assertThat(table.ledger().grantsTotal()).isEqualTo(4);
        assertThat(table.ledger().refusedTotal()).isZero();
    }

    @Test
    void shouldRevokeAndRegrantOnePage_underTheSameReference() {
        GrantedPages pages = table.grant(BACKEND, 2, GrantAccess.READ_WRITE, "pool");
        int gref = pages.gref(1);
        long frame = xen.frame(gref);

        assertThat(pages.revokePage(1)).isTrue();
        assertThat(pages.revokePage(1)).as("already revoked").isTrue();
        assertThat(xen.map(gref, BACKEND, false)).isNegative();
        assertThat(table.ledger().lent()).as("still the owner's").isEqualTo(2);

        pages.regrantPage(1, GrantAccess.READ_ONLY);
        assertThat(pages.gref(1)).isEqualTo(gref);
        assertThat(xen.word(gref)).isEqualTo(BACKEND << 16 | 4 | 1);
        assertThat(xen.frame(gref)).isEqualTo(frame);
        assertThat(xen.map(gref, BACKEND, true)).as("read-only now").isNegative();
        assertThat(table.ledger().grantsTotal()).isEqualTo(3);
        assertThat(table.ledger().entries())
                .containsExactly(
                        new GrantLedger.Entry(pages.gref(0), BACKEND, GrantAccess.READ_WRITE, "pool", false),
                        new GrantLedger.Entry(gref, BACKEND, GrantAccess.READ_ONLY, "pool", false));
        assertThat(table.canRegrant()).isTrue();
        assertThat(pages.revokePage(0)).isTrue();
        assertThat(pages.release()).isTrue();
        assertThat(table.freeRefs()).isEqualTo(refsPerFrame() - 8);
    }

    @Test
    void shouldListWhoHoldsWhatAndWhy() {
        GrantedPages ring = table.grant(BACKEND, 1, GrantAccess.READ_WRITE, "vbd/51712 ring");
        GrantedPages data = table.grant(OTHER, 1, GrantAccess.READ_ONLY, "vif/0 tx");
        int handle = xen.map(data.gref(0), OTHER, false);
        data.release();

        assertThat(table.ledger().entries())
                .containsExactly(
                        new GrantLedger.Entry(ring.gref(0), BACKEND, GrantAccess.READ_WRITE, "vbd/51712 ring", false),
                        new GrantLedger.Entry(data.gref(0), OTHER, GrantAccess.READ_ONLY, "vif/0 tx", true));
        assertThat(table.ledger().lent()).isEqualTo(1);
        assertThat(table.ledger().quarantined()).isEqualTo(1);
        xen.unmap(handle);
    }

    @Test
    void shouldMakeNoHypercall_whenGrantingAndRevoking() {
        int before = xen.hypercalls;
        GrantedPages pages = table.grant(BACKEND, 8, GrantAccess.READ_WRITE, "ring");
        pages.revokePage(3);
        pages.release();
        assertThat(xen.hypercalls).isEqualTo(before);
    }

    @Test
    void shouldComeBackEmpty_whenTheDomainHasMoved() {
        GrantedPages lent = table.grant(BACKEND, 2, GrantAccess.READ_WRITE, "ring");
        GrantedPages held = table.grant(BACKEND, 2, GrantAccess.READ_WRITE, "data");
        xen.map(lent.gref(0), BACKEND, true);
        xen.map(held.gref(1), BACKEND, true);
        assertThat(held.release()).isFalse();

        xen.move();
        table.resume();

        GrantedPages fresh = table.grant(BACKEND, 1, GrantAccess.READ_WRITE, "new ring");
        assertThat(xen.map(fresh.gref(0), BACKEND, true)).isPositive();
        assertThat(xen.map(lent.gref(1), BACKEND, true)).as("granted before").isNegative();
        assertThat(lent.release()).isTrue();
        table.retryQuarantine();
        assertThat(table.ledger().quarantined()).isZero();
        assertThat(table.heldFrames(BACKEND)).isZero();
        assertThat(table.ledger().lent()).isEqualTo(1);
    }

    @Test
    void shouldKeepGrants_whenTheSuspendWasCancelled() {
        GrantedPages pages = table.grant(BACKEND, 1, GrantAccess.READ_WRITE, "ring");
        int handle = xen.map(pages.gref(0), BACKEND, true);
        table.resume();
        assertThat(pages.revokePage(0)).as("mapped all the time").isFalse();
        xen.unmap(handle);
        assertThat(pages.release()).isTrue();
    }

    @Test
    void shouldRefuseToResume_whenTheNewHostHasASmallerTable() {
        table.grant(BACKEND, 512, GrantAccess.READ_WRITE, "pool");
        xen.move();
        xen.reportedFramesMax = 1;
        int used = xen.framesUsed();
        assertThatThrownBy(table::resume)
                .isInstanceOf(XenConfigException.class)
                .hasMessageContaining("frames")
                .hasMessageContaining("\"1\"");
        assertThat(xen.framesUsed()).isEqualTo(used);
    }

    @Test
    void shouldRefuseToResume_whenTheNewHostHasAnotherVersion() {
        xen.move();
        xen.knowsVersions = version == 1;
        if (version == 1) {
            table.resume();
        } else {
            assertThatThrownBy(table::resume)
                    .isInstanceOf(XenConfigException.class)
                    .hasMessageContaining("version");
        }
    }

    @Test
    void shouldGiveItsArgumentsPageBack_whenOpened() {
        assertThat(xen.framesUsed()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0x7ff0, 0x7ff1, 0x10003, Integer.MIN_VALUE})
    void shouldRefuse_whenDomidIsNone(int domid) {
        assertThatThrownBy(() -> table.grant(domid, 1, GrantAccess.READ_WRITE, "x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("domid=" + domid)
                .hasMessageContaining("32751");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 513, Integer.MAX_VALUE})
    void shouldRefuse_whenPagesAreOutOfRange(int pages) {
        assertThatThrownBy(() -> table.grant(BACKEND, pages, GrantAccess.READ_WRITE, "x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pages=" + pages)
                .hasMessageContaining("512");
    }

    @Test
    void shouldAcceptTheLimits() {
        assertThat(table.grant(0x7fef, 512, GrantAccess.READ_WRITE, "x").release())
                .isTrue();
        assertThat(table.grant(0, 1, GrantAccess.READ_WRITE, "x").release()).isTrue();
    }

    @Test
    void shouldRefuse_whenArgumentsAreMissing() {
        assertThatThrownBy(() -> table.grant(BACKEND, 1, null, "x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("access=null");
        assertThatThrownBy(() -> table.grant(BACKEND, 1, GrantAccess.READ_ONLY, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("purpose=null");
    }

    @Test
    void shouldRefuse_whenPagesAreUsedWrongly() {
        GrantedPages pages = table.grant(BACKEND, 2, GrantAccess.READ_WRITE, "ring");
        assertThatThrownBy(() -> pages.gref(2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("page=2");
        assertThatThrownBy(() -> pages.revokePage(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> pages.regrantPage(0, GrantAccess.READ_ONLY))
                .as("not revoked")
                .isInstanceOf(IllegalStateException.class);
        pages.revokePage(0);
        assertThatThrownBy(() -> pages.regrantPage(0, null)).isInstanceOf(IllegalArgumentException.class);
        pages.release();
        assertThatThrownBy(pages::memory)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("ring");
        assertThatThrownBy(() -> pages.revokePage(1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pages.regrantPage(0, GrantAccess.READ_ONLY)).isInstanceOf(IllegalStateException.class);
    }
}
