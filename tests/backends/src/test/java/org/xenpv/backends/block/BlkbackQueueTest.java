package org.xenpv.backends.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenpv.backends.block.QueueBench.seg;
import static org.xenpv.backends.block.QueueBench.wholePages;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_INDIRECT;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_READ;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_WRITE;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_ERROR;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_OKAY;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.QueueBench.Answer;
import org.xenpv.backends.block.QueueBench.Seg;
import org.xenpv.fault.PeerFault;
import org.xenpv.grant.GrantAccess;
import org.xenpv.io.blkif.BlkifAbi;
import org.xenpv.ring.SharedRing;

/** What a queue does with good requests, with its pages, its ring and its events. */
class BlkbackQueueTest {

    private static final int DISK_BYTES = 1 << 20;
    private static final BlkbackConfig PERSISTENT = BlkbackConfig.DEFAULT;
    private static final BlkbackConfig PER_REQUEST =
            BlkbackConfig.DEFAULT.with().persistent(false).build();

    static byte[] noise(int bytes, long seed) {
        byte[] noise = new byte[bytes];
        new Random(seed).nextBytes(noise);
        return noise;
    }

    private final byte[] content = noise(DISK_BYTES, 1);

    private static byte[] sectors(byte[] disk, int sector, int count) {
        return Arrays.copyOfRange(disk, sector * 512, (sector + count) * 512);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldReadIntoExactlyTheSectorsNamed(boolean persistent) {
        BlkbackConfig config = persistent ? PERSISTENT : PER_REQUEST;
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), config)) {
            assertThat(bench.read(7, seg(3, 2, 4), seg(9, 0, 7), seg(1, 7, 7))).isEqualTo(BLKIF_RSP_OKAY);
            assertThat(bench.guest.bytes(3, 2, 3)).isEqualTo(sectors(content, 7, 3));
            assertThat(bench.guest.bytes(9, 0, 8)).isEqualTo(sectors(content, 10, 8));
            assertThat(bench.guest.bytes(1, 7, 1)).isEqualTo(sectors(content, 18, 1));
            assertThat(bench.guest.bytes(3, 0, 2)).containsOnly(0);
            assertThat(bench.guest.bytes(3, 5, 3)).containsOnly(0);
            assertThat(bench.guest.bytes(1, 0, 7)).containsOnly(0);
            assertThat(bench.counters.reads).isEqualTo(1);
            assertThat(bench.counters.bytesRead).isEqualTo(12 * 512);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldWriteExactlyTheSectorsNamed(boolean persistent) {
        BlkbackConfig config = persistent ? PERSISTENT : PER_REQUEST;
        MemoryStore store = MemoryStore.of(content);
        try (QueueBench bench = new QueueBench(store, config)) {
            byte[] data = noise(12 * 512, 2);
            bench.guest.fill(3, 2, 3, data, 0);
            bench.guest.fill(9, 0, 8, data, 3 * 512);
            bench.guest.fill(1, 7, 1, data, 11 * 512);
            assertThat(bench.write(100, seg(3, 2, 4), seg(9, 0, 7), seg(1, 7, 7)))
                    .isEqualTo(BLKIF_RSP_OKAY);
            byte[] expected = content.clone();
            System.arraycopy(data, 0, expected, 100 * 512, data.length);
            assertThat(store.content()).isEqualTo(expected);
            assertThat(bench.counters.writes).isEqualTo(1);
            assertThat(bench.counters.bytesWritten).isEqualTo(12 * 512);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldUseOnePageTwiceInARequest(boolean persistent) {
        BlkbackConfig config = persistent ? PERSISTENT : PER_REQUEST;
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), config)) {
            assertThat(bench.read(0, seg(5, 4, 7), seg(5, 0, 3))).isEqualTo(BLKIF_RSP_OKAY);
            assertThat(bench.guest.bytes(5, 4, 4)).isEqualTo(sectors(content, 0, 4));
            assertThat(bench.guest.bytes(5, 0, 4)).isEqualTo(sectors(content, 4, 4));
        }
    }

    @ParameterizedTest
    @EnumSource(BlkifAbi.class)
    void shouldServeEveryOperationInBothAbis(BlkifAbi abi) {
        MemoryStore store = MemoryStore.of(content);
        BlkbackConfig config = BlkbackConfig.DEFAULT.with().discardSecure(true).build();
        try (QueueBench bench = new QueueBench(store, config, ServiceModel.PROMPT, abi, 0, 0)) {
            assertThat(bench.front.nrEnts()).isEqualTo(32);
            assertThat(bench.read(8, wholePages(11))).isEqualTo(BLKIF_RSP_OKAY);
            assertThat(bench.guest.bytes(10, 0, 8)).isEqualTo(sectors(content, 88, 8));
            assertThat(bench.write(0, seg(10, 0, 7))).isEqualTo(BLKIF_RSP_OKAY);
            assertThat(sectors(store.content(), 0, 8)).isEqualTo(sectors(content, 88, 8));
            long id = bench.stageIndirect(BLKIF_OP_READ, 32, 1000, new int[] {40}, wholePages(32));
            assertThat(bench.statusOf(id, BLKIF_OP_READ)).isEqualTo(BLKIF_RSP_OKAY);
            assertThat(bench.guest.bytes(31, 0, 8)).isEqualTo(sectors(content, 1000 + 31 * 8, 8));
            id = bench.stageDiscard(0, 16, 8);
            assertThat(bench.statusOf(id, 5)).isEqualTo(BLKIF_RSP_OKAY);
            id = bench.stageDiscard(1, 24, 8);
            assertThat(bench.statusOf(id, 5)).isEqualTo(BLKIF_RSP_OKAY);
            assertThat(sectors(store.content(), 16, 16)).containsOnly(0);
            assertThat(store.discards()).isEqualTo(1);
            assertThat(store.secureDiscards()).isEqualTo(1);
            id = bench.stage(3, 0);
            assertThat(bench.statusOf(id, 3)).isEqualTo(BLKIF_RSP_OKAY);
            assertThat(store.flushes()).isEqualTo(1);
        }
    }

    @Test
    void shouldAnswerAnIndirectRequestWithWhatItDoes_asLinuxFrontendsExpect() {
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), PERSISTENT)) {
            bench.stageIndirect(BLKIF_OP_WRITE, 12, 0, new int[] {40}, wholePages(12));
            assertThat(bench.run())
                    .singleElement()
                    .extracting(Answer::operation)
                    .isEqualTo(BLKIF_OP_WRITE);
            assertThat(BLKIF_OP_WRITE).isNotEqualTo(BLKIF_OP_INDIRECT);
            assertThat(bench.counters.indirect).isEqualTo(1);
        }
    }

    @Test
    void shouldReadIndirectSegmentsFromSeveralPages() {
        BlkbackConfig config =
                BlkbackConfig.DEFAULT.with().indirectSegmentsMax(1024).build();
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), config)) {
            Seg[] segs = new Seg[513];
            for (int i = 0; i < segs.length; i++) {
                segs[i] = seg(i % 32, i / 32 % 8, i / 32 % 8);
            }
            segs[512] = seg(33, 5, 5);
            long id = bench.stageIndirect(BLKIF_OP_READ, 513, 64, new int[] {40, 50}, segs);
            assertThat(bench.statusOf(id, BLKIF_OP_READ)).isEqualTo(BLKIF_RSP_OKAY);
            assertThat(bench.guest.bytes(33, 5, 1)).isEqualTo(sectors(content, 64 + 512, 1));
        }
    }

    @Test
    void shouldMapPerRequestAndUnmapBeforeTheAnswer() {
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), PER_REQUEST)) {
            bench.read(0, wholePages(4));
            assertThat(bench.guest.mappedNow).isZero();
            assertThat(bench.guest.mapCalls).isEqualTo(1);
            bench.write(0, wholePages(4));
            assertThat(bench.guest.accesses).containsExactly(GrantAccess.READ_WRITE, GrantAccess.READ_ONLY);
            assertThat(bench.counters.grantsMapped).isEqualTo(8);
            assertThat(bench.counters.persistentHits).isZero();
        }
    }

    @Test
    void shouldMapPersistentPagesOnceTogetherAndWritable() {
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), PERSISTENT)) {
            bench.write(0, wholePages(4));
            bench.read(8, wholePages(4));
            bench.read(16, wholePages(5));
            assertThat(bench.guest.mapCalls).isEqualTo(2); // four pages, then the fifth
            assertThat(bench.guest.mappedNow).isEqualTo(5);
            assertThat(bench.guest.accesses).containsOnly(GrantAccess.READ_WRITE);
            assertThat(bench.counters.persistentHits).isEqualTo(8);
            bench.queue.stop();
            assertThat(bench.guest.mappedNow).isZero();
        }
    }

    @Test
    void shouldGiveUpTheLeastRecentlyUsedPage_whenTheCapIsReached() {
        BlkbackConfig config =
                BlkbackConfig.DEFAULT.with().persistentGrantsMax(2).build();
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), config)) {
            bench.read(0, seg(0, 0, 7));
            bench.read(0, seg(1, 0, 7));
            bench.read(0, seg(0, 0, 7)); // page 1 is the oldest now
            bench.read(0, seg(2, 0, 7));
            assertThat(bench.counters.persistentEvictions).isEqualTo(1);
            long hits = bench.counters.persistentHits;
            bench.read(0, seg(0, 0, 7));
            assertThat(bench.counters.persistentHits).isEqualTo(hits + 1);
            bench.read(0, seg(1, 0, 7));
            assertThat(bench.counters.persistentHits).isEqualTo(hits + 1);
            assertThat(bench.guest.mappedNow).isEqualTo(2);
        }
    }

    @Test
    void shouldMapForTheRequestOnly_whenItHasMorePagesThanMayBeKept() {
        BlkbackConfig config =
                BlkbackConfig.DEFAULT.with().persistentGrantsMax(2).build();
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), config)) {
            assertThat(bench.read(0, wholePages(5))).isEqualTo(BLKIF_RSP_OKAY);
            assertThat(bench.guest.bytes(4, 0, 8)).isEqualTo(sectors(content, 32, 8));
            assertThat(bench.guest.mappedNow).isZero();
            assertThat(bench.counters.persistentEvictions).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldFailTheRequestAndMapNothing_whenAPageIsNotGranted(boolean persistent) {
        BlkbackConfig config = persistent ? PERSISTENT : PER_REQUEST;
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), config)) {
            Seg missing = new Seg(7, 0, 7);
            assertThat(bench.read(0, seg(0, 0, 7), missing)).isEqualTo(BLKIF_RSP_ERROR);
            assertThat(bench.guest.mappedNow).isZero();
            assertThat(bench.guest.bytes(0, 0, 8)).containsOnly(0);
            assertThat(bench.counters.errors).isEqualTo(1);
            assertThat(bench.read(0, seg(0, 0, 7))).isEqualTo(BLKIF_RSP_OKAY); // the device stays up
        }
    }

    @Test
    void shouldAnswerAFullRingOfRequestsInOrder() {
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), PERSISTENT)) {
            long[] ids = new long[32];
            for (int i = 0; i < 32; i++) {
                ids[i] = bench.stage(BLKIF_OP_READ, i * 8L, seg(i, 0, 7));
            }
            assertThat(bench.front.isFull()).isTrue();
            assertThat(bench.run()).extracting(Answer::id).containsExactly(box(ids));
            for (int i = 0; i < 32; i++) {
                assertThat(bench.guest.bytes(i, 0, 8)).isEqualTo(sectors(content, i * 8, 8));
            }
        }
    }

    private static Long[] box(long[] values) {
        return Arrays.stream(values).boxed().toArray(Long[]::new);
    }

    @Test
    void shouldStopAtItsBudgetAndGoOnInTheNextTurn() {
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), PERSISTENT)) {
            for (int i = 0; i < 10; i++) {
                bench.stage(BLKIF_OP_READ, 0, seg(0, 0, 0));
            }
            bench.front.pushRequests();
            assertThat(bench.queue.poll(4)).isEqualTo(4);
            assertThat(bench.answers()).hasSize(4);
            assertThat(bench.queue.poll(4)).isEqualTo(4);
            assertThat(bench.queue.poll(4)).isEqualTo(2);
            assertThat(bench.answers()).hasSize(6);
            assertThat(bench.queue.poll(4)).isZero();
        }
    }

    @Test
    void shouldAskForAnEventWithTheNextRequest_whenTheRingIsEmpty() {
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), PERSISTENT)) {
            bench.read(0, seg(0, 0, 7));
            bench.stage(BLKIF_OP_READ, 0, seg(0, 0, 0));
            assertThat(bench.front.pushRequestsAndCheckNotify()).isTrue();
            bench.stage(BLKIF_OP_READ, 0, seg(0, 0, 0));
            assertThat(bench.front.pushRequestsAndCheckNotify()).isFalse(); // it has not looked yet
        }
    }

    @Test
    void shouldSendEventsOnlyWhenTheFrontendWantsThem() {
        BlkbackConfig config = BlkbackConfig.DEFAULT.with().responseBatch(2).build();
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), config)) {
            bench.front.finalCheckForResponses(7); // wake me with the seventh
            for (int i = 0; i < 10; i++) {
                bench.stage(BLKIF_OP_READ, 0, seg(0, 0, 0));
            }
            bench.front.pushRequests();
            bench.queue.poll(1000);
            assertThat(bench.events).isEqualTo(1);
            assertThat(bench.counters.notificationsSent).isEqualTo(1);
            assertThat(bench.counters.notificationsSuppressed).isEqualTo(4);
            assertThat(bench.answers()).hasSize(10);
        }
    }

    @Test
    void shouldStopForGood_whenTheRequestProducerRunsPastTheRing() {
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), PERSISTENT)) {
            bench.stage(BLKIF_OP_READ, 0, seg(0, 0, 0));
            bench.front.pushRequests();
            bench.queue.poll(1000);
            assertThat(bench.answers()).hasSize(1);
            bench.ringMemory.putIntRelease(SharedRing.REQ_PROD_OFFSET, 1 + 33);
            assertThat(bench.queue.poll(1000)).isZero();
            assertThat(bench.fault).isEqualTo(PeerFault.REQ_PROD_OVERFLOW);
            bench.ringMemory.putIntRelease(SharedRing.REQ_PROD_OFFSET, 2);
            assertThat(bench.queue.poll(1000)).isZero();
            assertThat(bench.counters.requests).isEqualTo(1);
        }
    }

    @Test
    void shouldTakeAsManyRequestsAsTheRingHolds() {
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), PERSISTENT)) {
            bench.ringMemory.putIntRelease(SharedRing.REQ_PROD_OFFSET, 32); // the other side of the check
            assertThat(bench.queue.poll(1000)).isEqualTo(32);
            assertThat(bench.fault).isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0x7fff_fff0, 0xffff_fff0})
    void shouldServeAcrossTheWrapOfTheIndices(int start) {
        MemoryStore store = MemoryStore.of(content);
        try (QueueBench bench = new QueueBench(store, PERSISTENT, ServiceModel.PROMPT, BlkifAbi.X86_64, 1, start)) {
            assertThat(bench.front.nrEnts()).isEqualTo(64);
            for (int i = 0; i < 100; i++) {
                bench.read(i, seg(i % 32, 0, 0));
                assertThat(bench.guest.bytes(i % 32, 0, 1)).isEqualTo(sectors(content, i, 1));
            }
            int end = bench.front.rspCons();
            assertThat(end).isEqualTo(start + 100);
            assertThat(Integer.signum(start)).as("it wrapped").isNotEqualTo(Integer.signum(end));
        }
    }

    @Test
    void shouldServeAMultiPageRing() {
        try (QueueBench bench =
                new QueueBench(MemoryStore.of(content), PERSISTENT, ServiceModel.PROMPT, BlkifAbi.X86_64, 4, 0)) {
            assertThat(bench.front.nrEnts()).isEqualTo(512);
            IntStream.range(0, 512).forEach(i -> bench.stage(BLKIF_OP_READ, i, seg(i % 64, i / 64, i / 64)));
            List<Answer> answers = bench.run();
            assertThat(answers).hasSize(512).allMatch(answer -> answer.status() == BLKIF_RSP_OKAY);
            assertThat(bench.guest.bytes(63, 7, 1)).isEqualTo(sectors(content, 511, 1));
        }
    }

    @Test
    void shouldReadAnImageThroughScatteredPages() {
        try (QueueBench bench = new QueueBench(MemoryStore.of(content), PER_REQUEST)) {
            assertThat(bench.read(3, seg(9, 0, 7), seg(2, 1, 7), seg(5, 0, 0))).isEqualTo(BLKIF_RSP_OKAY);
            assertThat(bench.guest.bytes(9, 0, 8)).isEqualTo(sectors(content, 3, 8));
            assertThat(bench.guest.bytes(2, 1, 7)).isEqualTo(sectors(content, 11, 7));
            assertThat(bench.guest.bytes(5, 0, 1)).isEqualTo(sectors(content, 18, 1));
        }
    }
}
