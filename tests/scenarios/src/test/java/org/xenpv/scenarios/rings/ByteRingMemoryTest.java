package org.xenpv.scenarios.rings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;
import org.xenpv.testkit.memory.FlipOnSecondRead;
import org.xenpv.testkit.memory.InterleavingMemory;
import org.xenpv.testkit.memory.StaleLoadMemory;
import org.xenpv.testkit.memory.StoreBufferMemory;
import org.xenpv.testkit.ring.RingArbitraries;

/** Byte rings on the memory doubles: one fetch per index, no byte before its index, and a peer in the middle of it all. */
class ByteRingMemoryTest {

    private static final List<ByteRingLayout> LAYOUTS = List.of(
            ByteRingLayout.CONSOLE_IN,
            ByteRingLayout.CONSOLE_OUT,
            ByteRingLayout.XENSTORE_REQ,
            ByteRingLayout.XENSTORE_RSP);

    @Provide
    Arbitrary<Integer> startIndices() {
        return RingArbitraries.startIndices();
    }

    private static void start(ChronicleMemory page, ByteRingLayout layout, int index) {
        page.putInt(layout.consAt(), index);
        page.putInt(layout.prodAt(), index);
    }

    /** The n-th byte of the stream. */
    private static byte at(long n) {
        return (byte) (n * 31 + (n >>> 8));
    }

    /** Stores arrive late and out of order, loads may be old, and either end acts in the middle of the other. */
    @Property(tries = 100)
    void shouldCarryTheStream_whenMemoryReorders(
            @ForAll @IntRange(max = 3) int kind, @ForAll("startIndices") int startIndex, @ForAll long seed) {
        ByteRingLayout layout = LAYOUTS.get(kind);
        Random random = new Random(seed);
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            start(page, layout, startIndex);
            StoreBufferMemory producerBuffer = new StoreBufferMemory(page, seed);
            StoreBufferMemory consumerBuffer = new StoreBufferMemory(page, seed + 1);
            InterleavingMemory producerMemory = new InterleavingMemory(new StaleLoadMemory(producerBuffer, seed, 30));
            ByteRingProducer producer = ByteRingProducer.attach(producerMemory, layout);
            ByteRingConsumer consumer = ByteRingConsumer.attach(new StaleLoadMemory(consumerBuffer, seed, 30), layout);
            long total = 3L * layout.dataBytes();
            long[] written = {0};
            long[] read = {0};
            Runnable consume = () -> {
                byte[] bytes = new byte[1 + random.nextInt(layout.dataBytes())];
                int count = consumer.read(bytes, 0, bytes.length);
                assertThat(count).isNotNegative();
                for (int i = 0; i < count; i++) {
                    assertThat(bytes[i]).as("byte %d, seed %d", read[0], seed).isEqualTo(at(read[0]++));
                }
            };
            producerMemory.onAccess(n -> {
                if (random.nextInt(100) < 10) {
                    producerBuffer.drainNewest();
                    consume.run();
                }
            });
            for (int turn = 0; read[0] < total && turn < 100_000; turn++) {
                byte[] bytes = new byte[random.nextInt(300)];
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = at(written[0] + i);
                }
                int accepted = producer.write(bytes, 0, bytes.length);
                assertThat(accepted).isNotNegative();
                written[0] += accepted;
                consume.run();
                consumerBuffer.drainOne();
            }
            assertThat(read[0]).as("seed %d", seed).isGreaterThanOrEqualTo(total);
        }
    }

    @Property(tries = 100)
    void shouldReadEachIndexAndEachByteOnce_perCall(
            @ForAll @IntRange(max = 3) int kind,
            @ForAll("startIndices") int startIndex,
            @ForAll @IntRange(min = 1, max = 2048) int length) {
        ByteRingLayout layout = LAYOUTS.get(kind);
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            start(page, layout, startIndex);
            FlipOnSecondRead producerMemory = new FlipOnSecondRead(page);
            FlipOnSecondRead consumerMemory = new FlipOnSecondRead(page);
            ByteRingProducer producer = ByteRingProducer.attach(producerMemory, layout);
            ByteRingConsumer consumer = ByteRingConsumer.attach(consumerMemory, layout);
            int expected = Math.min(length, layout.dataBytes());
            byte[] bytes = new byte[length];
            for (int i = 0; i < length; i++) {
                bytes[i] = at(i);
            }
            producerMemory.newPass();
            assertThat(producer.write(bytes, 0, length)).isEqualTo(expected);
            assertThat(producerMemory.readsOf(layout.consAt(), 4)).isEqualTo(1);
            assertThat(producerMemory.readsOf(layout.prodAt(), 4))
                    .as("its own index")
                    .isZero();
            assertThat(producerMemory.readsOf(layout.dataAt(), layout.dataBytes()))
                    .isZero();

            byte[] got = new byte[length];
            consumerMemory.newPass();
            assertThat(consumer.read(got, 0, length)).isEqualTo(expected);
            assertThat(got).startsWith(Arrays.copyOf(bytes, expected));
            assertThat(consumerMemory.readsOf(layout.prodAt(), 4)).isEqualTo(1);
            assertThat(consumerMemory.readsOf(layout.consAt(), 4))
                    .as("its own index")
                    .isZero();
            assertThat(consumerMemory.readsOf(0, SharedMemory.PAGE_BYTES)).isEqualTo(1);
        }
    }

    /** The peer sets both indices to anything, before each access there is. */
    @Property(tries = 200)
    void shouldStayWithinItsRing_whenThePeerMovesBothIndices(
            @ForAll @IntRange(max = 3) int kind,
            @ForAll("startIndices") int startIndex,
            @ForAll int cons,
            @ForAll int prod) {
        ByteRingLayout layout = LAYOUTS.get(kind);
        byte[] bytes = new byte[layout.dataBytes()];
        for (long position = 0, accesses = 1; position < accesses; position++) {
            try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
                start(page, layout, startIndex);
                InterleavingMemory memory = new InterleavingMemory(page);
                ByteRingProducer producer = ByteRingProducer.attach(memory, layout);
                ByteRingConsumer consumer = ByteRingConsumer.attach(memory, layout);
                memory.beforeAccess(position, () -> {
                    page.putInt(layout.consAt(), cons);
                    page.putInt(layout.prodAt(), prod);
                });
                for (int i = 0; i < 3; i++) {
                    assertThat(producer.write(bytes, 0, 100)).isBetween(-1, 100);
                    assertThat(consumer.read(bytes, 0, 100)).isBetween(-1, 100);
                    assertThat(consumer.queued()).isBetween(-1, layout.dataBytes());
                    assertThat(producer.free()).isBetween(-1, layout.dataBytes());
                }
                accesses = Math.min(memory.accesses(), 60);
            }
        }
    }
}
