package org.xenpv.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** Both halves of byte rings and flexible rings on shared memory against a queue of bytes. */
class ByteRingProperties {

    @Provide
    Arbitrary<Integer> starts() {
        Arbitrary<Integer> near = Arbitraries.integers().between(-4000, -1);
        return Arbitraries.oneOf(
                near, near.map(k -> Integer.MIN_VALUE + k), Arbitraries.just(0), Arbitraries.integers());
    }

    @Provide
    Arbitrary<ByteRingLayout> layouts() {
        return Arbitraries.of(
                ByteRingLayout.CONSOLE_IN,
                ByteRingLayout.CONSOLE_OUT,
                ByteRingLayout.XENSTORE_REQ,
                ByteRingLayout.XENSTORE_RSP);
    }

    /** A stream of ever different bytes and what of it is in the ring. */
    private static final class Stream {
        final ByteRingProducer producer;
        final ByteRingConsumer consumer;
        final int dataBytes;
        final Deque<Byte> queue = new ArrayDeque<>();
        int next = 0x5eed;
        long moved;

        Stream(ByteRingProducer producer, ByteRingConsumer consumer, int dataBytes) {
            this.producer = producer;
            this.consumer = consumer;
            this.dataBytes = dataBytes;
        }

        void step(int draw) {
            int length = (draw >>> 2) % (dataBytes + dataBytes / 4);
            boolean packet = (draw & 2) != 0;
            if ((draw & 1) == 0) {
                write(length, packet && length <= dataBytes);
            } else {
                read(length, packet && length <= dataBytes);
            }
            assertThat(consumer.queued()).isEqualTo(queue.size());
            assertThat(producer.free()).isEqualTo(dataBytes - queue.size());
        }

        void write(int length, boolean packet) {
            byte[] bytes = new byte[length + 2];
            int seed = next;
            for (int i = 1; i <= length; i++) {
                seed = seed * 1103515245 + 12345;
                bytes[i] = (byte) (seed >>> 16);
            }
            int room = dataBytes - queue.size();
            int expected = packet ? (length <= room ? length : 0) : Math.min(length, room);
            int accepted = packet ? producer.writePacket(bytes, 1, length) : producer.write(bytes, 1, length);
            assertThat(accepted).isEqualTo(expected);
            for (int i = 1; i <= accepted; i++) {
                queue.add(bytes[i]);
            }
            next += accepted;
        }

        void read(int length, boolean packet) {
            byte[] bytes = new byte[length + 2];
            int expected = packet ? (length <= queue.size() ? length : 0) : Math.min(length, queue.size());
            int got = packet ? consumer.readPacket(bytes, 1, length) : consumer.read(bytes, 1, length);
            assertThat(got).isEqualTo(expected);
            for (int i = 1; i <= length; i++) {
                assertThat(bytes[i]).isEqualTo(i <= got ? queue.remove() : 0);
            }
            moved += got;
        }

        /** To the end, and on until more has moved than any start is away from its boundary. */
        void drain(long bytes) {
            while (moved < bytes || !queue.isEmpty()) {
                if (moved < bytes) {
                    write(dataBytes - 7, false);
                }
                read(dataBytes, false);
            }
        }
    }

    private static void assertWrapped(int start, int end) {
        if (start >= -4000 && start < 0) {
            assertThat(end).as("wrapped at 2^32").isNotNegative();
        }
        if (start > Integer.MAX_VALUE - 4000) {
            assertThat(end).as("wrapped at 2^31").isNegative();
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void shouldDeliverEveryByteInOrder_whenHalvesTakeAnySteps(
            @ForAll("layouts") ByteRingLayout layout,
            @ForAll("starts") int start,
            @ForAll @Size(max = 60) List<@IntRange(min = 0) Integer> draws) {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            page.putInt(layout.consAt(), start);
            page.putInt(layout.prodAt(), start);
            Stream stream = new Stream(
                    ByteRingProducer.attach(page, layout), ByteRingConsumer.attach(page, layout), layout.dataBytes());
            draws.forEach(stream::step);
            stream.drain(4096);
            assertThat(stream.consumer.consPvt()).isEqualTo((int) (start + stream.moved));
            assertThat(page.getInt(layout.consAt())).isEqualTo(stream.consumer.consPvt());
            assertThat(page.getInt(layout.prodAt())).isEqualTo(stream.producer.prodPvt());
            assertWrapped(start, stream.consumer.consPvt());
        }
    }

    @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
    void shouldDeliverBothDirections_whenItIsAFlexRing(
            @ForAll @IntRange(max = 3) int order,
            @ForAll("starts") int start,
            @ForAll @Size(max = 40) List<@IntRange(min = 0) Integer> draws) {
        try (ChronicleMemory intf = ChronicleMemory.allocatePages(1);
                ChronicleMemory data = ChronicleMemory.allocatePages(1 << order)) {
            FlexRing.init(intf, order, new int[1 << order]);
            for (int at : new int[] {
                FlexRing.IN_CONS_OFFSET, FlexRing.IN_PROD_OFFSET, FlexRing.OUT_CONS_OFFSET, FlexRing.OUT_PROD_OFFSET
            }) {
                intf.putInt(at, start);
            }
            FlexRing front = FlexRing.front(intf, data, order);
            FlexRing back = FlexRing.back(intf, data, order);
            Stream out = new Stream(front.producer(), back.consumer(), FlexRing.sizeBytes(order));
            Stream in = new Stream(back.producer(), front.consumer(), FlexRing.sizeBytes(order));
            for (int i = 0; i < draws.size(); i++) {
                ((i & 1) == 0 ? out : in).step(draws.get(i));
            }
            out.drain(4096);
            in.drain(4096);
            assertThat(intf.getInt(FlexRing.OUT_PROD_OFFSET)).isEqualTo((int) (start + out.moved));
            assertThat(intf.getInt(FlexRing.IN_CONS_OFFSET)).isEqualTo((int) (start + in.moved));
            assertWrapped(start, back.consumer().consPvt());
            assertWrapped(start, front.consumer().consPvt());
        }
    }

    /** Each half accepts exactly the peer's indices that can be, and touches nothing at any other. */
    @Property(tries = 3000, edgeCases = EdgeCasesMode.NONE)
    void shouldAcceptExactlyWhatCanBe_whenThePeerWritesAnyIndex(
            @ForAll("layouts") ByteRingLayout layout, @ForAll("starts") int start, @ForAll("distances") int written) {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            int size = layout.dataBytes();
            int queued = 100;
            page.putInt(layout.consAt(), start);
            page.putInt(layout.prodAt(), start);
            ByteRingProducer producer = ByteRingProducer.attach(page, layout);
            assertThat(producer.write(new byte[queued], 0, queued)).isEqualTo(queued);
            ByteRingConsumer consumer = ByteRingConsumer.attach(page, layout);

            page.putInt(layout.consAt(), start + written);
            boolean consLegal = written >= 0 && written <= queued;
            assertThat(producer.free()).isEqualTo(consLegal ? size - queued + written : ByteRingProducer.BROKEN);
            page.putInt(layout.prodAt(), start + written);
            boolean prodLegal = written >= queued && written <= size;
            assertThat(consumer.queued()).isEqualTo(prodLegal ? written : ByteRingConsumer.BROKEN);
        }
    }

    @Provide
    Arbitrary<Integer> distances() {
        return Arbitraries.oneOf(
                Arbitraries.integers().between(-2, 102),
                Arbitraries.integers().between(1020, 1030),
                Arbitraries.integers().between(2044, 2052),
                Arbitraries.integers());
    }

    /** Pages of the two rings do not overlap: what one direction moves, the other never sees. */
    @Property(tries = 20)
    void shouldShareNoByte_whenAPageHoldsTwoRings(@ForAll boolean console) {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            ByteRingLayout one = console ? ByteRingLayout.CONSOLE_IN : ByteRingLayout.XENSTORE_REQ;
            ByteRingLayout two = console ? ByteRingLayout.CONSOLE_OUT : ByteRingLayout.XENSTORE_RSP;
            byte[] full = new byte[one.dataBytes()];
            Arrays.fill(full, (byte) -1);
            assertThat(ByteRingProducer.attach(page, one).write(full, 0, full.length))
                    .isEqualTo(full.length);
            assertThat(ByteRingConsumer.attach(page, two).queued()).isZero();
            SharedMemory other = page.slice(two.dataAt(), two.dataBytes());
            for (int at = 0; at < other.sizeBytes(); at += 8) {
                assertThat(other.getLong(at)).isZero();
            }
        }
    }
}
