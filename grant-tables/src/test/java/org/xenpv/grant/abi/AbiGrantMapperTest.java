package org.xenpv.grant.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Collections;
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
import org.xenpv.grant.GrantMapException;
import org.xenpv.grant.GrantedPages;
import org.xenpv.grant.MappedPages;

/** Mapping and copying on a machine whose one domain grants to itself. */
class AbiGrantMapperTest {

    private static final int SELF = FakeXen.SELF;

    private final FakeXen xen = new FakeXen();
    private AbiGrantTable table;
    private AbiGrantMapper mapper;
    private int ownFrames;

    @BeforeEach
    void open() {
        table = xen.open();
        mapper = AbiGrantMapper.open(xen, xen);
        ownFrames = xen.framesUsed();
    }

    @AfterEach
    void checkMachine() {
        assertThat(xen.violations).isEmpty();
        xen.close();
    }

    private static int[] grefs(GrantedPages pages) {
        int[] grefs = new int[pages.pages()];
        Arrays.setAll(grefs, pages::gref);
        return grefs;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 127, 128, 129, 512})
    void shouldMapInOrderAtOnePageSteps_whateverTheCount(int count) {
        GrantedPages pages = table.grant(SELF, count, GrantAccess.READ_WRITE, "ring");
        MappedPages mapped = mapper.map(SELF, grefs(pages), count, GrantAccess.READ_WRITE);

        assertThat(mapped.pages()).isEqualTo(count);
        assertThat(mapper.mappedPages()).isEqualTo(count);
        assertThat(xen.mapAddresses).hasSize(count);
        for (int page = 0; page < count; page++) {
            assertThat(xen.mapAddresses.get(page)).isEqualTo(xen.mapAddresses.get(0) + page * 4096L);
        }
        assertThat(xen.mappings.values())
                .extracting(FakeXen.Mapping::gref)
                .containsExactlyElementsOf(Arrays.stream(grefs(pages)).boxed().toList());
        mapped.memory().putInt(count * 4096 - 4, 0xcafe);
        assertThat(pages.memory().getInt(count * 4096 - 4)).isEqualTo(0xcafe);

        mapped.close();
        mapped.close();
        assertThat(xen.mappings).isEmpty();
        assertThat(xen.pagesReserved()).isZero();
        assertThat(mapper.mappedPages()).isZero();
        assertThatThrownBy(mapped::memory).isInstanceOf(IllegalStateException.class);
        assertThat(pages.release()).isTrue();
    }

    @Test
    void shouldMapReadOnly_whenAskedFor() {
        GrantedPages pages = table.grant(SELF, 1, GrantAccess.READ_ONLY, "data");
        assertThatThrownBy(() -> mapper.map(SELF, grefs(pages), 1, GrantAccess.READ_WRITE))
                .isInstanceOf(GrantMapException.class);
        try (MappedPages mapped = mapper.map(SELF, grefs(pages), 1, GrantAccess.READ_ONLY)) {
            assertThat(xen.mappings.values())
                    .singleElement()
                    .satisfies(mapping -> assertThat(mapping.writable()).isFalse());
            assertThat(mapped.pages()).isEqualTo(1);
        }
    }

    @Test
    void shouldMapOnlyTheFirstCount_whenTheArrayIsLonger() {
        GrantedPages pages = table.grant(SELF, 3, GrantAccess.READ_WRITE, "ring");
        MappedPages mapped = mapper.map(SELF, grefs(pages), 2, GrantAccess.READ_WRITE);
        assertThat(xen.mappings).hasSize(2);
        mapped.close();
    }

    @ParameterizedTest
    @CsvSource({"3, 0", "3, 2", "300, 0", "300, 127", "300, 128", "300, 299"})
    void shouldUndoAll_whenOnePageCannotBeMapped(int count, int bad) {
        GrantedPages pages = table.grant(SELF, count, GrantAccess.READ_WRITE, "ring");
        int[] grefs = grefs(pages);
        pages.revokePage(bad);

        assertThatThrownBy(() -> mapper.map(SELF, grefs, count, GrantAccess.READ_WRITE))
                .isInstanceOfSatisfying(
                        GrantMapException.class, e -> assertThat(e.status()).isEqualTo(-3))
                .hasMessageContaining("gref=" + grefs[bad]);
        assertThat(xen.mappings).isEmpty();
        assertThat(xen.pagesReserved()).isZero();
        assertThat(mapper.mappedPages()).isZero();
        assertThat(mapper.unmapFailures()).isZero();
        assertThat(pages.release()).isTrue();
    }

    @Test
    void shouldTryAgain_whenThePageIsPagedOut() {
        GrantedPages pages = table.grant(SELF, 2, GrantAccess.READ_WRITE, "ring");
        Collections.addAll(xen.scripted, 0, -12, -12, -12);
        MappedPages mapped = mapper.map(SELF, grefs(pages), 2, GrantAccess.READ_WRITE);
        assertThat(xen.mappings).hasSize(2);
        assertThat(xen.mapAddresses).hasSize(5);
        mapped.close();
        assertThat(xen.mappings).isEmpty();
    }

    @Test
    void shouldGiveUp_whenThePageStaysPagedOut() {
        GrantedPages pages = table.grant(SELF, 2, GrantAccess.READ_WRITE, "ring");
        xen.scripted.add(0);
        xen.scripted.addAll(Collections.nCopies(17, -12));
        assertThatThrownBy(() -> mapper.map(SELF, grefs(pages), 2, GrantAccess.READ_WRITE))
                .isInstanceOfSatisfying(
                        GrantMapException.class, e -> assertThat(e.status()).isEqualTo(-12));
        assertThat(xen.scripted).isEmpty();
        assertThat(xen.mappings).isEmpty();
        assertThat(xen.pagesReserved()).isZero();
    }

    @Test
    void shouldFailWhole_whenTheHypercallDoes() {
        GrantedPages pages = table.grant(SELF, 2, GrantAccess.READ_WRITE, "ring");
        MappedPages before = mapper.map(SELF, grefs(pages), 2, GrantAccess.READ_WRITE);
        xen.failWholeCall = true;
        assertThatThrownBy(() -> mapper.map(SELF, grefs(pages), 2, GrantAccess.READ_WRITE))
                .as("and not the statuses of the call before")
                .isInstanceOfSatisfying(
                        GrantMapException.class, e -> assertThat(e.status()).isEqualTo(-1));
        assertThatThrownBy(() -> mapper.copyFrom(SELF, pages.gref(0), 0, new byte[1], 0, 1))
                .isInstanceOf(GrantMapException.class);
        before.close();
        assertThat(mapper.unmapFailures()).isEqualTo(2);
    }

    @Test
    void shouldNeverUseTheAddressesAgain_whenAnUnmapFails() {
        GrantedPages pages = table.grant(SELF, 3, GrantAccess.READ_WRITE, "ring");
        MappedPages mapped = mapper.map(SELF, grefs(pages), 3, GrantAccess.READ_WRITE);
        Collections.addAll(xen.scripted, 0, -1, 0);
        mapped.close();
        assertThat(mapper.unmapFailures()).isEqualTo(1);
        assertThat(mapper.mappedPages()).isEqualTo(1);
        assertThat(xen.pagesReserved()).isEqualTo(3);
        assertThat(pages.release()).as("one page is still mapped").isFalse();
        mapped.close();
        assertThat(mapper.unmapFailures()).isEqualTo(1);
        assertThatThrownBy(mapped::memory).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldKeepTheAddresses_whenUndoingAPartialMapFails() {
        GrantedPages pages = table.grant(SELF, 2, GrantAccess.READ_WRITE, "ring");
        Collections.addAll(xen.scripted, 0, -8, -1);
        assertThatThrownBy(() -> mapper.map(SELF, grefs(pages), 2, GrantAccess.READ_WRITE))
                .isInstanceOfSatisfying(
                        GrantMapException.class, e -> assertThat(e.status()).isEqualTo(-8));
        assertThat(mapper.unmapFailures()).isEqualTo(1);
        assertThat(xen.pagesReserved()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"0, 4096", "0, 1", "4095, 1", "100, 3000", "4096, 0"})
    void shouldCopyBothWays_upToThePageBounds(int offset, int length) {
        GrantedPages pages = table.grant(SELF, 1, GrantAccess.READ_WRITE, "data");
        byte[] sent = new byte[length + 10];
        for (int i = 0; i < sent.length; i++) {
            sent[i] = (byte) (i * 7 + 1);
        }
        mapper.copyTo(SELF, pages.gref(0), offset, sent, 5, length);

        byte[] page = new byte[4096];
        pages.memory().copyOut(0, page, 0, 4096);
        byte[] expected = new byte[4096];
        System.arraycopy(sent, 5, expected, offset, length);
        assertThat(page).as("and nothing beside it").isEqualTo(expected);

        byte[] received = new byte[length + 10];
        mapper.copyFrom(SELF, pages.gref(0), offset, received, 3, length);
        byte[] around = new byte[length + 10];
        System.arraycopy(sent, 5, around, 3, length);
        assertThat(received).isEqualTo(around);
        assertThat(pages.release()).isTrue();
    }

    @Test
    void shouldRefuseToCopyInto_whatIsGrantedReadOnly() {
        GrantedPages pages = table.grant(SELF, 1, GrantAccess.READ_ONLY, "data");
        assertThatThrownBy(() -> mapper.copyTo(SELF, pages.gref(0), 0, new byte[8], 0, 8))
                .isInstanceOfSatisfying(
                        GrantMapException.class, e -> assertThat(e.status()).isEqualTo(-3));
        mapper.copyFrom(SELF, pages.gref(0), 0, new byte[8], 0, 8);
    }

    @Test
    void shouldTryCopyingAgain_aBoundedNumberOfTimes() {
        GrantedPages pages = table.grant(SELF, 1, GrantAccess.READ_WRITE, "data");
        pages.memory().putByte(0, (byte) 9);
        Collections.addAll(xen.scripted, -12, -12);
        byte[] one = new byte[1];
        mapper.copyFrom(SELF, pages.gref(0), 0, one, 0, 1);
        assertThat(one).containsExactly(9);
        xen.scripted.addAll(Collections.nCopies(17, -12));
        byte[] untouched = new byte[1];
        assertThatThrownBy(() -> mapper.copyFrom(SELF, pages.gref(0), 0, untouched, 0, 1))
                .isInstanceOfSatisfying(
                        GrantMapException.class, e -> assertThat(e.status()).isEqualTo(-12));
        assertThat(untouched).containsExactly(0);
        assertThat(xen.scripted).isEmpty();
    }

    @Test
    void shouldCopyABatchInOneCall_retryingWhatIsPagedOut() {
        GrantedPages pages = table.grant(SELF, 2, GrantAccess.READ_WRITE, "data");
        pages.memory().putInt(0, 0x1111);
        try (CopyPages own = mapper.copyPages(2);
                CopyBatch batch = mapper.copyBatch(100)) {
            own.memory().putInt(4096, 0x2222);
            int before = xen.hypercalls;
            batch.from(SELF, pages.gref(0), 0, own, 0, 4);
            batch.to(SELF, pages.gref(1), 8, own, 4096, 4);
            assertThat(batch.run()).isZero();
            assertThat(xen.hypercalls).isEqualTo(before + 1);
            assertThat(own.memory().getInt(0)).isEqualTo(0x1111);
            assertThat(pages.memory().getInt(4104)).isEqualTo(0x2222);

            Collections.addAll(xen.scripted, -12, 0, -12);
            batch.from(SELF, pages.gref(1), 8, own, 8, 4);
            batch.to(SELF, pages.gref(0), 40, own, 4096, 4);
            assertThat(batch.run()).isZero();
            assertThat(own.memory().getInt(8)).isEqualTo(0x2222);
            assertThat(xen.hypercalls).isEqualTo(before + 4);

            xen.scripted.addAll(Collections.nCopies(17, -12));
            batch.from(SELF, pages.gref(1), 8, own, 8, 4);
            assertThat(batch.run()).isEqualTo(1);
            assertThat(batch.status(0)).isEqualTo(-12);
            assertThat(xen.scripted).isEmpty();

            xen.failWholeCall = true;
            batch.from(SELF, pages.gref(1), 8, own, 8, 4);
            assertThat(batch.run()).isEqualTo(1);
            assertThat(batch.status(0)).as("and not of the call before").isEqualTo(-1);
        }
        assertThat(xen.framesUsed()).isEqualTo(ownFrames + 2);
        assertThat(pages.release()).isTrue();
    }

    @Test
    void shouldRefuseBatches_whenThereIsNoMemory() {
        int[] taken = new int[4];
        assertThatThrownBy(() -> {
                    for (; ; taken[0]++) {
                        mapper.copyPages(512);
                    }
                })
                .isInstanceOf(GrantExhaustedException.class)
                .hasMessageContaining("512");
        assertThat(taken[0]).isPositive();
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, 4097", "4096, 1", "1, 4096", "0, -1", "2147483647, 1", "1, 2147483647"})
    void shouldRefuseToCopy_whatDoesNotLieInAPage(int offset, int length) {
        GrantedPages pages = table.grant(SELF, 1, GrantAccess.READ_WRITE, "data");
        int before = xen.hypercalls;
        byte[] bytes = new byte[8192];
        assertThatThrownBy(() -> mapper.copyFrom(SELF, pages.gref(0), offset, bytes, 0, length))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("offset=" + offset)
                .hasMessageContaining("lengthBytes=" + length);
        assertThatThrownBy(() -> mapper.copyTo(SELF, pages.gref(0), offset, bytes, 0, length))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(xen.hypercalls).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 7, 8, Integer.MAX_VALUE})
    void shouldRefuseToCopy_whatDoesNotLieInTheArray(int at) {
        assertThatThrownBy(() -> mapper.copyFrom(SELF, 8, 0, new byte[8], at, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("arrayAt=" + at);
    }

    @Test
    void shouldRefuseToMap_whenArgumentsAreOutOfRange() {
        int[] grefs = new int[600];
        assertThatThrownBy(() -> mapper.map(SELF, grefs, 0, GrantAccess.READ_ONLY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("count=0");
        assertThatThrownBy(() -> mapper.map(SELF, grefs, 513, GrantAccess.READ_ONLY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("512");
        assertThatThrownBy(() -> mapper.map(SELF, new int[2], 3, GrantAccess.READ_ONLY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("count=3");
        assertThatThrownBy(() -> mapper.map(SELF, null, 1, GrantAccess.READ_ONLY))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> mapper.map(0x7ff0, grefs, 1, GrantAccess.READ_ONLY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("domid=32752");
        assertThatThrownBy(() -> mapper.map(SELF, grefs, 1, null)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> mapper.map(9, grefs, 1, GrantAccess.READ_ONLY))
                .isInstanceOfSatisfying(
                        GrantMapException.class, e -> assertThat(e.status()).isEqualTo(-2))
                .hasMessageContaining("GNTST_bad_domain");
        assertThat(xen.pagesReserved()).isZero();
    }

    @Test
    void shouldGiveItsPagesBack_whenClosedAndNothingIsMapped() {
        GrantedPages pages = table.grant(SELF, 1, GrantAccess.READ_WRITE, "ring");
        MappedPages mapped = mapper.map(SELF, grefs(pages), 1, GrantAccess.READ_WRITE);
        mapper.close();
        assertThat(xen.framesUsed()).as("needed to unmap").isEqualTo(ownFrames + 1);
        assertThatThrownBy(() -> mapper.map(SELF, grefs(pages), 1, GrantAccess.READ_WRITE))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> mapper.copyFrom(SELF, 8, 0, new byte[1], 0, 1))
                .isInstanceOf(IllegalStateException.class);
        mapped.close();
        assertThat(xen.mappings).isEmpty();
        pages.release();
        mapper.close();
        assertThat(xen.framesUsed()).isZero();
    }
}
