package org.xenpv.testkit.grant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.grant.CopyBatch;
import org.xenpv.grant.CopyPages;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.GrantLedger;
import org.xenpv.grant.GrantMapException;
import org.xenpv.grant.GrantedPages;
import org.xenpv.grant.MappedPages;
import org.xenpv.memory.SharedMemory;

/**
 * Every promise of {@link org.xenpv.grant.GrantTable}, {@link GrantedPages}, {@link org.xenpv.grant.GrantMapper},
 * {@link MappedPages}, {@link CopyBatch} and {@link GrantLedger}, seen from both ends. Subclass it and open a pair; whatever a test does,
 * the ledger must be empty at its end.
 */
public abstract class GrantTableContract {

    private static final int PAGE = SharedMemory.PAGE_BYTES;
    private static final String PURPOSE = "contract";

    private GrantPair pair;

    /** A fresh pair for one test. */
    protected abstract GrantPair open();

    @BeforeEach
    void openPair() {
        pair = open();
    }

    @AfterEach
    void closePair() {
        try {
            for (int round = 0; round < 1000 && ledger().quarantined() > 0; round++) {
                pair.granter().retryQuarantine();
            }
            assertThat(ledger().entries()).as("ledger at rest").isEmpty();
            assertThat(ledger().lent()).isZero();
            assertThat(ledger().quarantined()).isZero();
        } finally {
            pair.close().run();
        }
    }

    private GrantLedger ledger() {
        return pair.granter().ledger();
    }

    private GrantedPages grant(int pages, GrantAccess access) {
        return pair.granter().grant(pair.mapperDomid(), pages, access, PURPOSE);
    }

    private MappedPages map(GrantAccess access, int... grefs) {
        return pair.mapper().map(pair.granterDomid(), grefs, grefs.length, access);
    }

    private static int[] grefs(GrantedPages pages) {
        int[] grefs = new int[pages.pages()];
        Arrays.setAll(grefs, pages::gref);
        return grefs;
    }

    private void retryAll() {
        for (int tries = 0; tries <= ledger().quarantined(); tries++) {
            pair.granter().retryQuarantine();
        }
    }

    private static byte[] pattern(int length, int seed) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31 + seed);
        }
        return bytes;
    }

    private static byte[] bytes(SharedMemory memory, int at, int length) {
        byte[] bytes = new byte[length];
        memory.copyOut(at, bytes, 0, length);
        return bytes;
    }

    // Granting

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 512})
    void shouldShareTheSamePages_whenGrantedAndMapped(int count) {
        GrantedPages granted = grant(count, GrantAccess.READ_WRITE);
        assertThat(granted.pages()).isEqualTo(count);
        assertThat(granted.memory().sizeBytes()).isEqualTo(count * PAGE);
        assertThat(Arrays.stream(grefs(granted)).distinct().count()).isEqualTo(count);

        MappedPages mapped = map(GrantAccess.READ_WRITE, grefs(granted));
        assertThat(mapped.pages()).isEqualTo(count);
        assertThat(mapped.memory().sizeBytes()).isEqualTo(count * PAGE);
        for (int page = 0; page < count; page++) {
            byte[] there = pattern(PAGE, page + 1);
            granted.memory().copyIn(page * PAGE, there, 0, PAGE);
            assertThat(bytes(mapped.memory(), page * PAGE, PAGE)).isEqualTo(there);
            byte[] back = pattern(PAGE, page + 7);
            mapped.memory().copyIn(page * PAGE, back, 0, PAGE);
            assertThat(bytes(granted.memory(), page * PAGE, PAGE)).isEqualTo(back);
        }
        mapped.close();
        assertThat(granted.release()).isTrue();
    }

    @Test
    void shouldShowZeroes_whenPagesThatWereUsedAreGranted() {
        for (int round = 0; round < 3; round++) {
            GrantedPages granted = grant(4, GrantAccess.READ_WRITE);
            try (MappedPages mapped = map(GrantAccess.READ_ONLY, grefs(granted))) {
                assertThat(bytes(mapped.memory(), 0, 4 * PAGE)).containsOnly(0);
            }
            granted.memory().copyIn(0, pattern(4 * PAGE, 1), 0, 4 * PAGE);
            assertThat(granted.release()).isTrue();
        }
    }

    @Test
    void shouldRefuseToMapWritable_whatIsGrantedReadOnly() {
        GrantedPages granted = grant(1, GrantAccess.READ_ONLY);
        assertThatThrownBy(() -> map(GrantAccess.READ_WRITE, granted.gref(0))).isInstanceOf(GrantMapException.class);
        granted.memory().putInt(0, 42);
        try (MappedPages mapped = map(GrantAccess.READ_ONLY, granted.gref(0))) {
            assertThat(mapped.memory().getInt(0)).isEqualTo(42);
        }
        assertThat(granted.release()).isTrue();
    }

    @Test
    void shouldRefuseOthers_whenGrantedToOneDomain() {
        assumeTrue(pair.stranger() != null, "no third domain");
        GrantedPages granted = grant(1, GrantAccess.READ_WRITE);
        int[] grefs = grefs(granted);
        assertThatThrownBy(() -> pair.stranger().map(pair.granterDomid(), grefs, 1, GrantAccess.READ_ONLY))
                .isInstanceOf(GrantMapException.class);
        assertThatThrownBy(() -> pair.stranger().copyFrom(pair.granterDomid(), grefs[0], 0, new byte[1], 0, 1))
                .isInstanceOf(GrantMapException.class);
        assertThat(granted.release()).isTrue();
    }

    @Test
    void shouldKeepNothing_whenThereIsNotEnough() {
        List<GrantedPages> all = new ArrayList<>();
        GrantExhaustedException exhausted = null;
        while (exhausted == null) {
            int before = ledger().lent();
            try {
                all.add(grant(512, GrantAccess.READ_WRITE));
            } catch (GrantExhaustedException e) {
                exhausted = e;
                assertThat(ledger().lent()).as("after the refusal").isEqualTo(before);
            }
        }
        assertThat(exhausted).hasMessageContaining("512");
        for (GrantedPages granted : all) {
            assertThat(granted.release()).isTrue();
        }
        assertThat(grant(1, GrantAccess.READ_WRITE).release()).as("afterwards").isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 513, Integer.MAX_VALUE})
    void shouldRefuse_whenTheNumberOfPagesIsOutOfRange(int pages) {
        assertThatThrownBy(() -> grant(pages, GrantAccess.READ_WRITE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pages=" + pages);
    }

    @Test
    void shouldRefuse_whenTheDomainIsNone() {
        assertThatThrownBy(() -> pair.granter().grant(-1, 1, GrantAccess.READ_WRITE, PURPOSE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("domid=-1");
        assertThatThrownBy(() -> pair.granter().grant(0x7ff0, 1, GrantAccess.READ_WRITE, PURPOSE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("domid=32752");
    }

    @Test
    void shouldRefuse_whenThePageIsNone() {
        GrantedPages granted = grant(2, GrantAccess.READ_WRITE);
        assertThatThrownBy(() -> granted.gref(2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> granted.gref(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThat(granted.release()).isTrue();
    }

    // Releasing and quarantine

    @Test
    void shouldRefuseToMap_whatHasBeenReleased() {
        GrantedPages granted = grant(1, GrantAccess.READ_WRITE);
        int gref = granted.gref(0);
        assertThat(granted.release()).isTrue();
        assertThat(granted.release()).as("again").isTrue();
        assertThatThrownBy(() -> map(GrantAccess.READ_ONLY, gref)).isInstanceOf(GrantMapException.class);
    }

    @Test
    void shouldQuarantineWhatIsMapped_untilItIsUnmapped() {
        assumeTrue(pair.granter().seesMappings(), "the kernel keeps to itself what is mapped");
        GrantedPages granted = grant(3, GrantAccess.READ_WRITE);
        int held = granted.gref(1);
        MappedPages mapped = map(GrantAccess.READ_WRITE, held);
        mapped.memory().putInt(0, 0x600d);

        assertThat(granted.release()).isFalse();
        assertThat(granted.release()).as("again").isFalse();
        assertThat(ledger().lent()).isZero();
        assertThat(ledger().quarantined()).isEqualTo(1);
        assertThat(ledger().entries()).singleElement().satisfies(entry -> {
            assertThat(entry.gref()).isEqualTo(held);
            assertThat(entry.domid()).isEqualTo(pair.mapperDomid());
            assertThat(entry.purpose()).isEqualTo(PURPOSE);
            assertThat(entry.quarantined()).isTrue();
        });

        // whatever is granted meanwhile is neither this page nor this reference
        for (int round = 0; round < 20; round++) {
            GrantedPages other = grant(8, GrantAccess.READ_WRITE);
            assertThat(grefs(other)).doesNotContain(held);
            other.memory().copyIn(0, pattern(8 * PAGE, round), 0, 8 * PAGE);
            assertThat(other.release()).isTrue();
            pair.granter().retryQuarantine();
        }
        assertThat(ledger().quarantined()).isEqualTo(1);
        assertThat(mapped.memory().getInt(0)).isEqualTo(0x600d);

        mapped.close();
        retryAll();
        assertThat(ledger().quarantined()).isZero();
        assertThat(granted.release()).as("now").isTrue();
    }

    /** Also of a table that does not know of the mapping. */
    @Test
    void shouldNotGiveOutAPageAgain_whileItIsMapped() {
        GrantedPages granted = grant(2, GrantAccess.READ_WRITE);
        MappedPages mapped = map(GrantAccess.READ_WRITE, granted.gref(1));
        mapped.memory().copyIn(0, pattern(PAGE, 42), 0, PAGE);
        assertThat(granted.release()).isEqualTo(!pair.granter().seesMappings());
        for (int round = 0; round < 20; round++) {
            GrantedPages other = grant(8, GrantAccess.READ_WRITE);
            other.memory().copyIn(0, pattern(8 * PAGE, round), 0, 8 * PAGE);
            assertThat(other.release()).isTrue();
            assertThat(bytes(mapped.memory(), 0, PAGE)).isEqualTo(pattern(PAGE, 42));
        }
        mapped.close();
        retryAll();
    }

    @Test
    void shouldCountEachRefusal_whenAPageStaysMapped() {
        assumeTrue(pair.granter().seesMappings(), "the kernel keeps to itself what is mapped");
        GrantedPages granted = grant(1, GrantAccess.READ_WRITE);
        MappedPages mapped = map(GrantAccess.READ_ONLY, granted.gref(0));
        long before = ledger().refusedTotal();
        granted.release();
        assertThat(ledger().refusedTotal()).isEqualTo(before + 1);
        pair.granter().retryQuarantine();
        assertThat(ledger().refusedTotal()).isEqualTo(before + 2);
        mapped.close();
    }

    @Test
    void shouldKeepThePageUntilTheLastMappingIsGone_whenItIsMappedTwice() {
        assumeTrue(pair.granter().seesMappings(), "the kernel keeps to itself what is mapped");
        GrantedPages granted = grant(1, GrantAccess.READ_WRITE);
        MappedPages first = map(GrantAccess.READ_ONLY, granted.gref(0));
        MappedPages second = map(GrantAccess.READ_WRITE, granted.gref(0));
        granted.release();
        second.close();
        retryAll();
        assertThat(ledger().quarantined()).isEqualTo(1);
        first.close();
        retryAll();
        assertThat(ledger().quarantined()).isZero();
    }

    @Test
    void shouldStopGranting_whenADomainHoldsTooMuch() {
        assumeTrue(pair.cap() > 0, "no limit on quarantine");
        List<MappedPages> held = new ArrayList<>();
        for (int i = 0; i < pair.cap(); i++) {
            GrantedPages granted = grant(1, GrantAccess.READ_WRITE);
            held.add(map(GrantAccess.READ_ONLY, granted.gref(0)));
            granted.release();
        }
        assertThatThrownBy(() -> grant(1, GrantAccess.READ_WRITE))
                .isInstanceOf(GrantExhaustedException.class)
                .hasMessageContaining("domid=" + pair.mapperDomid());
        int other = pair.mapperDomid() + 1;
        assertThat(pair.granter()
                        .grant(other, 1, GrantAccess.READ_ONLY, PURPOSE)
                        .release())
                .as("another domain")
                .isTrue();
        held.forEach(MappedPages::close);
        retryAll();
        assertThat(grant(1, GrantAccess.READ_WRITE).release()).as("let go of").isTrue();
    }

    // One page at a time

    @Test
    void shouldRevokeAndGrantAgain_underTheSameReference() {
        assumeTrue(pair.granter().canRegrant(), "pages stay granted");
        GrantedPages granted = grant(2, GrantAccess.READ_WRITE);
        int gref = granted.gref(1);
        assertThat(granted.revokePage(1)).isTrue();
        assertThat(granted.revokePage(1)).as("again").isTrue();
        assertThatThrownBy(() -> map(GrantAccess.READ_ONLY, gref)).isInstanceOf(GrantMapException.class);

        granted.memory().putInt(PAGE, 77);
        granted.regrantPage(1, GrantAccess.READ_ONLY);
        assertThat(granted.gref(1)).isEqualTo(gref);
        assertThatThrownBy(() -> map(GrantAccess.READ_WRITE, gref)).isInstanceOf(GrantMapException.class);
        try (MappedPages mapped = map(GrantAccess.READ_ONLY, gref)) {
            assertThat(mapped.memory().getInt(0)).as("content is kept").isEqualTo(77);
            assertThat(granted.revokePage(1)).as("mapped").isFalse();
            assertThat(granted.revokePage(0)).as("the other page").isTrue();
            assertThat(ledger().lent()).as("both still the owner's").isEqualTo(2);
        }
        assertThat(granted.revokePage(1)).as("unmapped").isTrue();
        assertThat(granted.release()).isTrue();
    }

    @Test
    void shouldQuarantineThePage_whenItsRevokeWasRefused() {
        assumeTrue(pair.granter().canRegrant(), "pages stay granted");
        GrantedPages granted = grant(2, GrantAccess.READ_WRITE);
        MappedPages mapped = map(GrantAccess.READ_WRITE, grefs(granted));
        assertThat(granted.revokePage(0)).isFalse();
        assertThatThrownBy(() -> granted.regrantPage(0, GrantAccess.READ_WRITE))
                .isInstanceOf(IllegalStateException.class);
        assertThat(ledger().lent()).isEqualTo(2);
        assertThat(granted.release()).isFalse();
        assertThat(ledger().quarantined()).isEqualTo(2);
        mapped.close();
    }

    @Test
    void shouldSaySo_whenPagesCannotBeGrantedAgain() {
        assumeTrue(!pair.granter().canRegrant(), "pages can be granted again");
        GrantedPages granted = grant(1, GrantAccess.READ_WRITE);
        assertThatThrownBy(() -> granted.revokePage(0)).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> granted.regrantPage(0, GrantAccess.READ_ONLY))
                .isInstanceOf(UnsupportedOperationException.class);
        granted.release();
    }

    // The ledger

    @Test
    void shouldSayWhoHoldsWhatAndWhy_inOrderOfReference() {
        long before = ledger().grantsTotal();
        GrantedPages ring = pair.granter().grant(pair.mapperDomid(), 2, GrantAccess.READ_WRITE, "ring");
        GrantedPages data = pair.granter().grant(pair.mapperDomid() + 1, 1, GrantAccess.READ_ONLY, "data");
        List<GrantLedger.Entry> entries = ledger().entries();
        assertThat(entries)
                .containsExactlyInAnyOrder(
                        new GrantLedger.Entry(ring.gref(0), pair.mapperDomid(), GrantAccess.READ_WRITE, "ring", false),
                        new GrantLedger.Entry(ring.gref(1), pair.mapperDomid(), GrantAccess.READ_WRITE, "ring", false),
                        new GrantLedger.Entry(
                                data.gref(0), pair.mapperDomid() + 1, GrantAccess.READ_ONLY, "data", false));
        assertThat(entries).isSortedAccordingTo((a, b) -> Integer.compareUnsigned(a.gref(), b.gref()));
        assertThat(ledger().grantsTotal()).isEqualTo(before + 3);
        assertThat(ledger().lent()).isEqualTo(3);
        ring.release();
        assertThat(entries).as("a snapshot").hasSize(3);
        assertThat(ledger().entries()).hasSize(1);
        data.release();
    }

    // Mapping

    @Test
    void shouldMapPagesInAnyOrder_asOneRange() {
        GrantedPages first = grant(2, GrantAccess.READ_WRITE);
        GrantedPages second = grant(2, GrantAccess.READ_WRITE);
        first.memory().putInt(0, 10);
        first.memory().putInt(PAGE, 11);
        second.memory().putInt(0, 20);
        second.memory().putInt(PAGE, 21);
        MappedPages mapped = map(GrantAccess.READ_WRITE, second.gref(1), first.gref(0), second.gref(0), first.gref(1));
        int[] seen = new int[4];
        Arrays.setAll(seen, page -> mapped.memory().getInt(page * PAGE));
        assertThat(seen).containsExactly(21, 10, 20, 11);
        byte[] across = pattern(200, 3);
        mapped.memory().copyIn(2 * PAGE - 100, across, 0, 200);
        assertThat(bytes(first.memory(), PAGE - 100, 100)).isEqualTo(Arrays.copyOf(across, 100));
        assertThat(bytes(second.memory(), 0, 100)).isEqualTo(Arrays.copyOfRange(across, 100, 200));
        mapped.close();
        assertThat(first.release()).isTrue();
        assertThat(second.release()).isTrue();
    }

    @Test
    void shouldLeaveNothingMapped_whenOnePageCannotBe() {
        GrantedPages granted = grant(4, GrantAccess.READ_WRITE);
        int[] grefs = grefs(granted);
        for (int bad = 0; bad < 4; bad++) {
            int[] broken = grefs.clone();
            broken[bad] = -1;
            int at = bad;
            assertThatThrownBy(() -> map(GrantAccess.READ_WRITE, broken))
                    .as("page " + at)
                    .isInstanceOfSatisfying(
                            GrantMapException.class, e -> assertThat(e.status()).isNegative())
                    .hasMessageContaining("gref=4294967295");
        }
        assertThat(granted.release()).as("nothing is mapped").isTrue();
    }

    @Test
    void shouldRefuseToMap_whenTheDomainIsNotThere() {
        assertThatThrownBy(() -> pair.mapper().map(0x7fef, new int[] {8}, 1, GrantAccess.READ_ONLY))
                .isInstanceOf(GrantMapException.class)
                .hasMessageContaining("domid=32751");
    }

    @Test
    void shouldRefuseToMap_whenArgumentsMakeNoSense() {
        assertThatThrownBy(() -> pair.mapper().map(pair.granterDomid(), new int[1], 0, GrantAccess.READ_ONLY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("count=0");
        assertThatThrownBy(() -> pair.mapper().map(pair.granterDomid(), new int[1], 2, GrantAccess.READ_ONLY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("count=2");
        assertThatThrownBy(() -> pair.mapper().map(-1, new int[1], 1, GrantAccess.READ_ONLY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("domid=-1");
    }

    @Test
    void shouldBeDead_whenUnmapped() {
        GrantedPages granted = grant(1, GrantAccess.READ_WRITE);
        MappedPages mapped = map(GrantAccess.READ_WRITE, granted.gref(0));
        SharedMemory kept = mapped.memory();
        mapped.close();
        assertThatCode(mapped::close).as("again").doesNotThrowAnyException();
        assertThatThrownBy(() -> kept.check(0, 4, 4)).isInstanceOf(IllegalStateException.class);
        assertThat(granted.release()).isTrue();
    }

    // Copying

    @ParameterizedTest
    @CsvSource({"0, 4096", "0, 1", "4095, 1", "17, 2001", "4096, 0"})
    void shouldCopyBothWays_insideAPage(int offset, int length) {
        GrantedPages granted = grant(1, GrantAccess.READ_WRITE);
        byte[] before = pattern(PAGE, 5);
        granted.memory().copyIn(0, before, 0, PAGE);

        byte[] target = new byte[length + 4];
        pair.mapper().copyFrom(pair.granterDomid(), granted.gref(0), offset, target, 2, length);
        byte[] expected = new byte[length + 4];
        System.arraycopy(before, offset, expected, 2, length);
        assertThat(target).isEqualTo(expected);

        byte[] source = pattern(length + 4, 99);
        pair.mapper().copyTo(pair.granterDomid(), granted.gref(0), offset, source, 1, length);
        System.arraycopy(source, 1, before, offset, length);
        assertThat(bytes(granted.memory(), 0, PAGE)).isEqualTo(before);
        assertThat(granted.release()).as("a copy leaves no mapping").isTrue();
    }

    @ParameterizedTest
    @CsvSource({"4096, 1", "1, 4096", "-1, 1", "0, -1", "0, 4097", "2147483647, 2"})
    void shouldRefuseToCopy_acrossThePageBoundary(int offset, int length) {
        GrantedPages granted = grant(1, GrantAccess.READ_WRITE);
        byte[] bytes = new byte[8192];
        assertThatThrownBy(() -> pair.mapper().copyFrom(pair.granterDomid(), granted.gref(0), offset, bytes, 0, length))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> pair.mapper().copyTo(pair.granterDomid(), granted.gref(0), offset, bytes, 0, length))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(granted.release()).isTrue();
    }

    @Test
    void shouldRefuseToCopy_whatIsNotGrantedThatWay() {
        GrantedPages granted = grant(1, GrantAccess.READ_ONLY);
        int gref = granted.gref(0);
        byte[] bytes = new byte[8];
        assertThatThrownBy(() -> pair.mapper().copyTo(pair.granterDomid(), gref, 0, bytes, 0, 8))
                .isInstanceOf(GrantMapException.class);
        pair.mapper().copyFrom(pair.granterDomid(), gref, 0, bytes, 0, 8);
        granted.release();
        assertThatThrownBy(() -> pair.mapper().copyFrom(pair.granterDomid(), gref, 0, bytes, 0, 8))
                .isInstanceOf(GrantMapException.class);
    }

    // Copying in batches

    @Test
    void shouldCopyABatchBothWays_acrossTheEndsOfOurOwnPages() {
        GrantedPages granted = grant(3, GrantAccess.READ_WRITE);
        byte[] before = pattern(3 * PAGE, 5);
        granted.memory().copyIn(0, before, 0, 3 * PAGE);
        int domid = pair.granterDomid();
        try (CopyPages own = pair.mapper().copyPages(4);
                CopyBatch batch = pair.mapper().copyBatch(8)) {
            assertThat(own.memory().sizeBytes()).isEqualTo(4 * PAGE);
            own.memory().copyIn(0, pattern(4 * PAGE, 77), 0, 4 * PAGE);
            batch.from(domid, granted.gref(0), 0, own, PAGE - 100, PAGE);
            batch.from(domid, granted.gref(1), 17, own, 2 * PAGE, 2001);
            batch.from(domid, granted.gref(1), PAGE, own, 4 * PAGE, 0);
            batch.to(domid, granted.gref(2), 40, own, 3 * PAGE - 60, 4000);
            batch.to(domid, granted.gref(2), PAGE - 1, own, 3 * PAGE + 1000, 1);
            assertThat(batch.copies()).isEqualTo(5);
            byte[] ours = pattern(4 * PAGE, 77);
            System.arraycopy(before, 0, ours, PAGE - 100, PAGE);
            System.arraycopy(before, PAGE + 17, ours, 2 * PAGE, 2001);
            System.arraycopy(ours, 3 * PAGE - 60, before, 2 * PAGE + 40, 4000);
            before[3 * PAGE - 1] = ours[3 * PAGE + 1000];

            assertThat(batch.run()).isZero();
            assertThat(batch.copies()).isZero();
            for (int copy = 0; copy < 5; copy++) {
                assertThat(batch.status(copy)).isZero();
            }
            assertThat(bytes(own.memory(), 0, 4 * PAGE)).isEqualTo(ours);
            assertThat(bytes(granted.memory(), 0, 3 * PAGE)).isEqualTo(before);
            assertThat(batch.run()).as("nothing to do").isZero();
        }
        assertThat(granted.release()).as("a copy leaves no mapping").isTrue();
    }

    @Test
    void shouldSayWhichCopiesOfABatchFailed_andDoTheOthers() {
        GrantedPages granted = grant(1, GrantAccess.READ_WRITE);
        GrantedPages readOnly = grant(1, GrantAccess.READ_ONLY);
        granted.memory().copyIn(0, pattern(PAGE, 9), 0, PAGE);
        int domid = pair.granterDomid();
        try (CopyPages own = pair.mapper().copyPages(3);
                CopyBatch batch = pair.mapper().copyBatch(4)) {
            own.memory().copyIn(0, pattern(3 * PAGE, 1), 0, 3 * PAGE);
            byte[] untouched = bytes(own.memory(), 0, PAGE);
            int none = batch.from(domid, -1, 0, own, 0, 10);
            int good = batch.from(domid, granted.gref(0), 0, own, PAGE, 10);
            int forbidden = batch.to(domid, readOnly.gref(0), 0, own, 2 * PAGE - 50, 100);
            int nobody = batch.from(0x7fef, granted.gref(0), 0, own, 0, 10);
            assertThat(batch.run()).isEqualTo(3);
            assertThat(batch.status(none)).isNegative();
            assertThat(batch.status(good)).isZero();
            assertThat(batch.status(forbidden)).isNegative();
            assertThat(batch.status(nobody)).isNegative();
            assertThatThrownBy(() -> batch.status(4)).isInstanceOf(IllegalArgumentException.class);
            assertThat(bytes(own.memory(), 0, PAGE)).isEqualTo(untouched);
            assertThat(bytes(own.memory(), PAGE, 10)).isEqualTo(pattern(10, 9));
            assertThat(bytes(readOnly.memory(), 0, PAGE)).containsOnly(0);

            batch.from(domid, granted.gref(0), 5, own, 0, 1);
            assertThat(batch.run()).as("the next batch").isZero();
            assertThat(batch.status(0)).isZero();
            assertThatThrownBy(() -> batch.status(1)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(granted.release()).isTrue();
        assertThat(readOnly.release()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "4096, 0, 1",
        "1, 0, 4096",
        "-1, 0, 1",
        "0, 0, -1",
        "0, 0, 4097",
        "0, -1, 1",
        "0, 8192, 1",
        "0, 8191, 2",
        "0, 2147483647, 1",
        "2147483647, 0, 1"
    })
    void shouldRefuseToAddACopy_thatDoesNotLieInItsPages(int offset, int at, int length) {
        try (CopyPages own = pair.mapper().copyPages(2);
                CopyBatch batch = pair.mapper().copyBatch(1)) {
            assertThatThrownBy(() -> batch.from(pair.granterDomid(), 8, offset, own, at, length))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("lengthBytes=" + length);
            assertThatThrownBy(() -> batch.to(pair.granterDomid(), 8, offset, own, at, length))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(batch.copies()).isZero();
        }
    }

    @Test
    void shouldRefuseToAddACopy_whenTheBatchIsFullOrSomethingIsClosed() {
        CopyPages own = pair.mapper().copyPages(1);
        CopyBatch batch = pair.mapper().copyBatch(2);
        batch.from(pair.granterDomid(), 8, 0, own, 0, 0);
        batch.from(pair.granterDomid(), 8, 0, own, 0, 0);
        assertThatThrownBy(() -> batch.from(pair.granterDomid(), 8, 0, own, 0, 0))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("copies=2");
        assertThat(batch.run()).isZero();
        own.close();
        own.close();
        assertThatThrownBy(own::memory).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> batch.to(pair.granterDomid(), 8, 0, own, 0, 1))
                .isInstanceOf(IllegalStateException.class);
        batch.close();
        batch.close();
        assertThatThrownBy(batch::run).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1025, Integer.MAX_VALUE})
    void shouldRefuseBatches_ofNoSize(int size) {
        assertThatThrownBy(() -> pair.mapper().copyBatch(size))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("copiesMax=" + size);
        int pages = size == 1025 ? 513 : size;
        assertThatThrownBy(() -> pair.mapper().copyPages(pages))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pages=" + pages);
    }

    // Everything together

    /** Many allocations come and go in a drawn order; each page keeps its content, and no reference is in two hands. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldKeepEveryPageApart_whateverTheOrder(long seed) {
        long random = seed * 0x9e3779b97f4a7c15L;
        List<GrantedPages> lent = new ArrayList<>();
        List<MappedPages> maps = new ArrayList<>();
        List<Integer> marks = new ArrayList<>();
        for (int step = 0; step < 300; step++) {
            random = random * 6364136223846793005L + 1442695040888963407L;
            int draw = (int) (random >>> 33);
            if (draw % 3 != 0 || lent.isEmpty()) {
                GrantedPages granted = grant(1 + draw / 3 % 4, GrantAccess.READ_WRITE);
                for (int page = 0; page < granted.pages(); page++) {
                    granted.memory().putInt(page * PAGE + 8, step * 8 + page);
                }
                lent.add(granted);
                maps.add(draw / 12 % 2 == 0 ? map(GrantAccess.READ_WRITE, grefs(granted)) : null);
                marks.add(step * 8);
            } else {
                int which = draw / 3 % lent.size();
                GrantedPages granted = lent.remove(which);
                MappedPages mapped = maps.remove(which);
                int mark = marks.remove(which);
                for (int page = 0; page < granted.pages(); page++) {
                    assertThat(granted.memory().getInt(page * PAGE + 8)).isEqualTo(mark + page);
                }
                boolean closeFirst = draw / 48 % 2 == 0;
                if (mapped != null && closeFirst) {
                    mapped.close();
                }
                assertThat(granted.release())
                        .isEqualTo(
                                mapped == null || closeFirst || !pair.granter().seesMappings());
                if (mapped != null && !closeFirst) {
                    assertThat(mapped.memory().getInt(8)).isEqualTo(mark);
                    mapped.close();
                }
                pair.granter().retryQuarantine();
            }
            Set<Integer> refs = new HashSet<>();
            for (GrantedPages granted : lent) {
                for (int gref : grefs(granted)) {
                    assertThat(refs.add(gref)).as("gref %d in two hands", gref).isTrue();
                }
            }
            assertThat(ledger().lent()).isEqualTo(refs.size());
        }
        for (int i = 0; i < lent.size(); i++) {
            if (maps.get(i) != null) {
                maps.get(i).close();
            }
            assertThat(lent.get(i).release()).isTrue();
        }
    }
}
