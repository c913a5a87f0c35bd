package org.xenpv.backends.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.xenpv.backends.block.QueueBench.seg;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifRequest;
import org.xenpv.io.blkif.BlkifRequestSegment;

/** In steady state, with persistent grants, a request allocates nothing, image file included. */
class BlkbackAllocationTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir
    Path directory;

    private static void serve(QueueBench bench, int rounds) {
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < 32; i++) {
                int at = bench.front.nextRequest();
                int operation = i % 4 == 0 ? Blkif.BLKIF_OP_WRITE : Blkif.BLKIF_OP_READ;
                BlkifRequest.putHeader(bench.front.memory(), at, operation, 3, 0, i, i * 8L);
                for (int s = 0; s < 3; s++) {
                    BlkifRequestSegment.put(
                            bench.front.memory(),
                            BlkifRequest.segmentAt(at, s),
                            QueueBench.GREF_BASE + (i * 7 + s * 11) % 64,
                            0,
                            7);
                }
            }
            bench.front.pushRequests();
            bench.queue.poll(1000);
            for (int ready = bench.front.unconsumedResponses(); ready > 0; ready--) {
                bench.front.nextResponse();
            }
        }
    }

    @Test
    void shouldAllocateNothingPerRequest() throws IOException {
        assumeThat(THREADS.isThreadAllocatedMemorySupported()).isTrue();
        Path path = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
        try (RawImage image = RawImage.openWritable(path);
                QueueBench bench = new QueueBench(image, BlkbackConfig.DEFAULT)) {
            serve(bench, 1000); // compiled, pages mapped, tables grown
            long thread = Thread.currentThread().getId();
            long fewest = Long.MAX_VALUE;
            for (int window = 0; window < 5; window++) { // an allocation per request would show in every window
                long before = THREADS.getThreadAllocatedBytes(thread);
                serve(bench, 200);
                fewest = Math.min(fewest, THREADS.getThreadAllocatedBytes(thread) - before);
            }
            assertThat(bench.counters.requests).isEqualTo(32 * 2000);
            assertThat(bench.counters.errors).isZero();
            assertThat(fewest).as("bytes for 6400 requests").isZero();
            assertThat(bench.read(0, seg(0, 0, 7))).isEqualTo(Blkif.BLKIF_RSP_OKAY);
        }
    }
}
