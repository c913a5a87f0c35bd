package org.xenpv.backends.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenpv.backends.block.QueueBench.seg;
import static org.xenpv.backends.block.QueueBench.wholePages;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_DISCARD;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_FLUSH_DISKCACHE;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_INDIRECT;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_READ;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_WRITE;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_WRITE_BARRIER;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_EOPNOTSUPP;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_ERROR;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_OKAY;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.QueueBench.Seg;

/** Every check of a request, on both of its sides. After each, the queue still serves and nothing is mapped. */
class RequestJudgingTest {

    private static final int SECTORS = 1024;
    private static final BlkbackConfig CONFIG =
            BlkbackConfig.DEFAULT.with().persistent(false).build();

    private MemoryStore store = new MemoryStore(SECTORS * 512, false);
    private QueueBench bench = new QueueBench(store, CONFIG);

    private void use(MemoryStore other, BlkbackConfig config) {
        bench.close();
        store = other;
        bench = new QueueBench(store, config);
    }

    @AfterEach
    void shouldStillServeAndMapNothing() {
        assertThat(bench.read(0, seg(0, 0, 0))).isEqualTo(BLKIF_RSP_OKAY);
        assertThat(bench.guest.mappedNow).isZero();
        assertThat(bench.fault).isNull();
        bench.close();
    }

    private short direct(int operation, int nrSegments, long sector) {
        Seg[] segs = Arrays.copyOf(wholePages(11), Math.min(nrSegments, 11));
        return bench.statusOf(bench.stage(operation, nrSegments, sector, segs), operation);
    }

    @ParameterizedTest
    @CsvSource({"0,-1", "1,0", "11,0", "12,-1", "255,-1"})
    void shouldAcceptOneToElevenDirectSegments(int segments, short status) {
        assertThat(direct(BLKIF_OP_READ, segments, 0)).isEqualTo(status);
        assertThat(direct(BLKIF_OP_WRITE, segments, 0)).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({"0,0", "1,0", "11,0", "12,-1", "255,-1"})
    void shouldAcceptFlushAndBarrierWithAndWithoutData(int segments, short status) {
        assertThat(direct(BLKIF_OP_FLUSH_DISKCACHE, segments, 0)).isEqualTo(status);
        assertThat(direct(BLKIF_OP_WRITE_BARRIER, segments, 0)).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({"0,0,0", "0,7,0", "7,7,0", "3,4,0", "1,0,-1", "7,6,-1", "0,8,-1", "8,8,-1", "0,255,-1", "255,255,-1"})
    void shouldAcceptSectorsWithinAPageInOrder(int first, int last, short status) {
        assertThat(bench.read(0, seg(0, first, last))).isEqualTo(status);
        assertThat(bench.read(0, seg(1, 0, 7), seg(0, first, last))).isEqualTo(status);
        long id = bench.stageIndirect(BLKIF_OP_WRITE, 1, 0, new int[] {40}, seg(0, first, last));
        assertThat(bench.statusOf(id, BLKIF_OP_WRITE)).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({
        "0,0",
        "1016,0",
        "1017,-1",
        "1023,-1",
        "1024,-1",
        "-1,-1",
        "-8,-1",
        "9223372036854775807,-1",
        "9223372036854775800,-1",
        "-9223372036854775808,-1"
    })
    void shouldAcceptRangesOnTheDisk(long sector, short status) {
        assertThat(bench.read(sector, seg(0, 0, 7))).isEqualTo(status);
        assertThat(bench.write(sector, seg(0, 0, 7))).isEqualTo(status);
        long id = bench.stageIndirect(BLKIF_OP_READ, 1, sector, new int[] {40}, seg(0, 0, 7));
        assertThat(bench.statusOf(id, BLKIF_OP_READ)).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({
        "0,0,0",
        "0,1024,0",
        "1,1024,-1",
        "1023,1,0",
        "1024,0,0",
        "1024,1,-1",
        "1025,0,-1",
        "0,-1,-1",
        "-1,1,-1",
        "8,9223372036854775807,-1",
        "9223372036854775807,1,-1"
    })
    void shouldAcceptDiscardsOnTheDisk(long sector, long sectors, short status) {
        assertThat(bench.statusOf(bench.stageDiscard(0, sector, sectors), BLKIF_OP_DISCARD))
                .isEqualTo(status);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 7, 128, 255})
    void shouldRefuseOperationsNobodyKnows(int operation) {
        assertThat(direct(operation, 1, 0)).isEqualTo(BLKIF_RSP_EOPNOTSUPP);
        assertThat(bench.counters.refused).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0,-1", "1,0", "256,0", "257,-1", "65535,-1"})
    void shouldAcceptIndirectSegmentsUpToTheLimitOffered(int segments, short status) {
        Seg[] segs = new Seg[Math.min(segments, 256)];
        Arrays.fill(segs, seg(0, 0, 0));
        long id = bench.stageIndirect(BLKIF_OP_READ, segments, 0, new int[] {40}, segs);
        assertThat(bench.statusOf(id, BLKIF_OP_READ)).isEqualTo(status);
    }

    @ParameterizedTest
    @ValueSource(ints = {BLKIF_OP_WRITE_BARRIER, BLKIF_OP_FLUSH_DISKCACHE, 4, BLKIF_OP_DISCARD, BLKIF_OP_INDIRECT, 255})
    void shouldFailIndirectRequestsThatAreNeitherReadNorWrite(int indirectOp) {
        long id = bench.stageIndirect(indirectOp, 1, 0, new int[] {40}, seg(0, 0, 0));
        assertThat(bench.statusOf(id, indirectOp)).isEqualTo(BLKIF_RSP_ERROR);
    }

    @Test
    void shouldFailAnIndirectRequest_whenItsSegmentPageIsNotGranted() {
        int notGranted = 7 - QueueBench.GREF_BASE; // as a page number: reference 7
        long id = bench.stageIndirect(BLKIF_OP_READ, 1, 0, new int[] {notGranted}, new Seg[0]);
        assertThat(bench.statusOf(id, BLKIF_OP_READ)).isEqualTo(BLKIF_RSP_ERROR);
    }

    @Test
    void shouldRefuseIndirectRequests_whenNotOffered() {
        use(store, CONFIG.with().indirectSegmentsMax(0).build());
        long id = bench.stageIndirect(BLKIF_OP_READ, 1, 0, new int[] {40}, seg(0, 0, 0));
        assertThat(bench.statusOf(id, BLKIF_OP_READ)).isEqualTo(BLKIF_RSP_EOPNOTSUPP);
    }

    @Test
    void shouldRefuseOptionalOperations_whenNotOffered() {
        use(store, BlkbackConfig.PLAIN);
        assertThat(direct(BLKIF_OP_FLUSH_DISKCACHE, 0, 0)).isEqualTo(BLKIF_RSP_EOPNOTSUPP);
        assertThat(direct(BLKIF_OP_WRITE_BARRIER, 1, 0)).isEqualTo(BLKIF_RSP_EOPNOTSUPP);
        assertThat(bench.statusOf(bench.stageDiscard(0, 0, 8), BLKIF_OP_DISCARD))
                .isEqualTo(BLKIF_RSP_EOPNOTSUPP);
        assertThat(store.flushes() + store.discards()).isZero();
        assertThat(bench.counters.refused).isEqualTo(3);
    }

    @Test
    void shouldNotChangeAReadOnlyDisk() {
        use(new MemoryStore(SECTORS * 512, true), CONFIG);
        assertThat(direct(BLKIF_OP_READ, 1, 0)).isEqualTo(BLKIF_RSP_OKAY);
        assertThat(direct(BLKIF_OP_WRITE, 1, 0)).isEqualTo(BLKIF_RSP_ERROR);
        assertThat(direct(BLKIF_OP_WRITE_BARRIER, 1, 0)).isEqualTo(BLKIF_RSP_ERROR);
        assertThat(direct(BLKIF_OP_FLUSH_DISKCACHE, 1, 0)).isEqualTo(BLKIF_RSP_ERROR);
        assertThat(direct(BLKIF_OP_FLUSH_DISKCACHE, 0, 0)).isEqualTo(BLKIF_RSP_OKAY);
        assertThat(bench.statusOf(bench.stageDiscard(0, 0, 8), BLKIF_OP_DISCARD))
                .isEqualTo(BLKIF_RSP_ERROR);
        long id = bench.stageIndirect(BLKIF_OP_WRITE, 1, 0, new int[] {40}, seg(0, 0, 0));
        assertThat(bench.statusOf(id, BLKIF_OP_WRITE)).isEqualTo(BLKIF_RSP_ERROR);
    }

    @Test
    void shouldIgnoreTheSecureFlag_whenSecureDiscardIsNotOffered() {
        assertThat(bench.statusOf(bench.stageDiscard(1, 0, 8), BLKIF_OP_DISCARD))
                .isEqualTo(BLKIF_RSP_OKAY);
        assertThat(store.secureDiscards()).isZero();
        assertThat(store.discards()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0,0,7,0", "8,0,7,0", "4,0,7,-1", "0,0,3,-1", "0,1,7,-1"})
    void shouldWantWholeBlocks_whenTheSectorSizeIs4096(long sector, int first, int last, short status) {
        bench.close();
        BlockStore large = new LargeBlocks(store);
        bench = new QueueBench(large, CONFIG);
        assertThat(bench.read(sector, seg(0, first, last))).isEqualTo(status);
        bench.close();
        bench = new QueueBench(store, CONFIG);
    }

    @Test
    void shouldFailWhatLiesBeyondTheEnd_whenTheDiskHasShrunkMeanwhile() {
        ServiceScript script = new ServiceScript(1).delay(10, 10);
        bench.close();
        bench = new QueueBench(store, CONFIG, script);
        bench.stage(BLKIF_OP_READ, SECTORS - 8, seg(0, 0, 7));
        bench.stage(BLKIF_OP_READ, 0, seg(1, 0, 7));
        assertThat(bench.run()).isEmpty();
        store.resize(SECTORS / 2 * 512);
        assertThat(bench.sleepUntilWoken())
                .extracting(QueueBench.Answer::status)
                .containsExactly(BLKIF_RSP_ERROR, BLKIF_RSP_OKAY);
        bench.close();
        bench = new QueueBench(store, CONFIG);
    }

    /** The same disk with blocks of 4096 bytes. */
    private record LargeBlocks(MemoryStore store) implements BlockStore {

        @Override
        public long sizeBytes() {
            return store.sizeBytes();
        }

        @Override
        public int sectorBytes() {
            return 4096;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public void read(long positionBytes, ByteBuffer[] targets, int count) throws IOException {
            store.read(positionBytes, targets, count);
        }

        @Override
        public void write(long positionBytes, ByteBuffer[] sources, int count) throws IOException {
            store.write(positionBytes, sources, count);
        }

        @Override
        public void flush() {}

        @Override
        public void discard(long positionBytes, long lengthBytes) {}

        @Override
        public void secureDiscard(long positionBytes, long lengthBytes) {}

        @Override
        public void close() {}
    }
}
