package org.xenpv.backends.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenpv.backends.block.QueueBench.seg;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.xenpv.backends.block.QueueBench.Answer;
import org.xenpv.backends.block.QueueBench.Seg;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifAbi;

/**
 * Random requests, good and bad, on random rings and configurations, against a plain byte array: every request is
 * answered once, good ones do what they say, bad ones nothing.
 */
class RandomRequestsTest {

    private static final int SECTORS = 256;

    @Property(tries = 200)
    void shouldAgreeWithAPlainArray(@ForAll long seed) {
        Random random = new Random(seed);
        byte[] model = BlkbackQueueTest.noise(SECTORS * 512, seed);
        MemoryStore store = MemoryStore.of(model);
        BlkbackConfig config = BlkbackConfig.DEFAULT
                .with()
                .persistent(random.nextBoolean())
                .persistentGrantsMax(1 + random.nextInt(40))
                .responseBatch(1 + random.nextInt(40))
                .build();
        BlkifAbi abi = random.nextBoolean() ? BlkifAbi.X86_64 : BlkifAbi.X86_32;
        int index = random.nextBoolean() ? -20 : 0x7fff_ffff - 20;
        try (QueueBench bench = new QueueBench(store, config, ServiceModel.PROMPT, abi, random.nextInt(3), index)) {
            for (int batch = 0; batch < 12; batch++) {
                // a batch uses a page or a sector once only, so its requests do not depend on each other
                Map<Long, Short> expected = new HashMap<>();
                Map<Seg, Integer> reads = new HashMap<>();
                int page = 0;
                int sector = random.nextInt(40);
                while (page < 24 && sector < SECTORS && !bench.front.isFull()) {
                    int count = 1 + random.nextInt(random.nextInt(4) == 0 ? 20 : 11);
                    boolean write = random.nextBoolean();
                    boolean bad = random.nextInt(5) == 0;
                    Seg[] segs = new Seg[count];
                    int at = sector;
                    for (int i = 0; i < count; i++, page++) {
                        int first = random.nextInt(8);
                        segs[i] = seg(page, first, first + random.nextInt(8 - first));
                        at += segs[i].last() - first + 1;
                    }
                    boolean good = !bad && at <= SECTORS;
                    long id =
                            stage(bench, random, write, sector, 63 - expected.size(), bad ? spoil(segs, random) : segs);
                    expected.put(id, good ? Blkif.BLKIF_RSP_OKAY : Blkif.BLKIF_RSP_ERROR);
                    int where = sector * 512;
                    for (Seg seg : segs) {
                        int bytes = (seg.last() - seg.first() + 1) * 512;
                        byte[] data = BlkbackQueueTest.noise(bytes, random.nextLong());
                        bench.guest.fill(
                                seg.gref() - QueueBench.GREF_BASE, seg.first(), seg.last() - seg.first() + 1, data, 0);
                        if (good && write) {
                            System.arraycopy(data, 0, model, where, bytes);
                        } else if (good) {
                            reads.put(seg, where);
                        }
                        where += bytes;
                    }
                    sector = at;
                }
                for (Answer answer : bench.run()) {
                    assertThat(expected.remove(answer.id()))
                            .as("seed %d", seed)
                            .isNotNull()
                            .isEqualTo(answer.status());
                }
                assertThat(expected).as("unanswered, seed %d", seed).isEmpty();
                assertThat(store.content()).as("seed %d", seed).isEqualTo(model);
                reads.forEach((seg, at) -> {
                    int sectors = seg.last() - seg.first() + 1;
                    assertThat(bench.guest.bytes(seg.gref() - QueueBench.GREF_BASE, seg.first(), sectors))
                            .as("seed %d", seed)
                            .isEqualTo(Arrays.copyOfRange(model, at, at + sectors * 512));
                });
            }
            assertThat(bench.counters.requests).isPositive();
        }
    }

    private static long stage(
            QueueBench bench, Random random, boolean write, int sector, int indirectPage, Seg[] segs) {
        int operation = write ? Blkif.BLKIF_OP_WRITE : Blkif.BLKIF_OP_READ;
        if (segs.length > 11 || random.nextBoolean()) {
            return bench.stageIndirect(operation, segs.length, sector, new int[] {indirectPage}, segs);
        }
        return bench.stage(operation, sector, segs);
    }

    private static Seg[] spoil(Seg[] segs, Random random) {
        Seg[] spoilt = segs.clone();
        int victim = random.nextInt(segs.length);
        Seg seg = segs[victim];
        spoilt[victim] = switch (random.nextInt(3)) {
            case 0 -> new Seg(7, seg.first(), seg.last()); // not granted
            case 1 -> new Seg(seg.gref(), seg.first(), 8 + random.nextInt(248));
            default -> new Seg(seg.gref(), seg.last() + 1, seg.last());
        };
        return spoilt;
    }
}
