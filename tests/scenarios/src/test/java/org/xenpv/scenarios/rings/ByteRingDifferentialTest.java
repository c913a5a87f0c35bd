package org.xenpv.scenarios.rings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import net.jqwik.api.lifecycle.PropagationMode;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;
import org.xenpv.ring.FlexRing;
import org.xenpv.testkit.ring.RingArbitraries;

/**
 * Our byte rings against MASK_XENCONS_IDX, MASK_XENSTORE_IDX and the functions of DEFINE_XEN_FLEX_RING: the same writes
 * and reads on two pages, C on both sides of one of them, and after each all bytes of both must be the same.
 */
@AddLifecycleHook(value = RingOracle.Needed.class, propagateTo = PropagationMode.ALL_DESCENDANTS)
class ByteRingDifferentialTest {

    /** In the order of ring_oracle.c. */
    private static final List<ByteRingLayout> LAYOUTS = List.of(
            ByteRingLayout.CONSOLE_IN,
            ByteRingLayout.CONSOLE_OUT,
            ByteRingLayout.XENSTORE_REQ,
            ByteRingLayout.XENSTORE_RSP);

    private static final int FLEX_ORDER_MAX = 4;

    private final RingMacros c = RingOracle.macros();

    @Provide
    Arbitrary<Integer> startIndices() {
        return RingArbitraries.startIndices();
    }

    /** Everything is written and read in pieces of any size, until the indices have gone three times around. */
    @Property(tries = 200)
    void shouldDoWhatTheHeadersMasksDo_inEveryPairing(
            @ForAll @IntRange(max = 3) int kind,
            @ForAll boolean javaWrites,
            @ForAll boolean javaReads,
            @ForAll("startIndices") int startIndex,
            @ForAll Random random) {
        ByteRingLayout layout = LAYOUTS.get(kind);
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1);
                ChronicleMemory twin = ChronicleMemory.allocatePages(1);
                ChronicleMemory scratch = ChronicleMemory.allocatePages(1)) {
            for (ChronicleMemory each : List.of(page, twin)) {
                each.putInt(layout.consAt(), startIndex);
                each.putInt(layout.prodAt(), startIndex);
            }
            ByteRingProducer producer = ByteRingProducer.attach(page, layout);
            ByteRingConsumer consumer = ByteRingConsumer.attach(page, layout);
            long moved = 0;
            while (moved < 3L * layout.dataBytes()) {
                byte[] bytes = new byte[random.nextInt(layout.dataBytes() + 100)];
                random.nextBytes(bytes);
                scratch.copyIn(0, bytes, 0, bytes.length);
                int written = c.byte_write(kind, twin.address(), scratch.address(), bytes.length);
                assertThat(
                                javaWrites
                                        ? producer.write(bytes, 0, bytes.length)
                                        : c.byte_write(kind, page.address(), scratch.address(), bytes.length))
                        .isEqualTo(written);
                requireSamePages(page, twin);

                byte[] target = new byte[random.nextInt(layout.dataBytes() + 100)];
                byte[] expected = new byte[target.length];
                int read = c.byte_read(kind, twin.address(), scratch.address(), expected.length);
                scratch.copyOut(0, expected, 0, read);
                if (javaReads) {
                    assertThat(consumer.read(target, 0, target.length)).isEqualTo(read);
                } else {
                    assertThat(c.byte_read(kind, page.address(), scratch.address(), target.length))
                            .isEqualTo(read);
                    scratch.copyOut(0, target, 0, read);
                }
                assertThat(target).isEqualTo(expected);
                requireSamePages(page, twin);
                moved += read;
            }
            if (startIndex < 0 && startIndex >= -64) {
                assertThat(page.getInt(layout.consAt())).as("crossed 2^32").isNotNegative();
            }
            if (startIndex > Integer.MAX_VALUE - 64) {
                assertThat(page.getInt(layout.consAt())).as("crossed 2^31").isNegative();
            }
        }
    }

    @Example
    void shouldHaveTheSizeThatFlexRingSizeSays() {
        for (int order = 0; order <= FlexRing.ORDER_MAX; order++) {
            assertThat(FlexRing.sizeBytes(order)).isEqualTo(c.flex_size(order));
        }
    }

    /** Packets of any size in both directions, as name_queued, name_write_packet and name_read_packet move them. */
    @Property(tries = 200)
    void shouldDoWhatTheFlexFunctionsDo_inEveryPairing(
            @ForAll @IntRange(max = FLEX_ORDER_MAX) int order,
            @ForAll boolean javaFront,
            @ForAll boolean javaBack,
            @ForAll("startIndices") int startIndex,
            @ForAll Random random) {
        int pages = 1 << order;
        try (ChronicleMemory scratch = ChronicleMemory.allocatePages(pages);
                Flex flex = new Flex(order, startIndex);
                Flex twin = new Flex(order, startIndex)) {
            FlexRing front = FlexRing.front(flex.intf, flex.data, order);
            FlexRing back = FlexRing.back(flex.intf, flex.data, order);
            for (int turn = 0; turn < 40; turn++) {
                boolean out = random.nextBoolean();
                FlexRing writer = out ? front : back;
                FlexRing reader = out ? back : front;
                boolean javaWrites = out ? javaFront : javaBack;
                boolean javaReads = out ? javaBack : javaFront;

                int free = FlexRing.sizeBytes(order) - twin.queued(out);
                byte[] packet = new byte[random.nextInt(free + 1)];
                random.nextBytes(packet);
                scratch.copyIn(0, packet, 0, packet.length);
                twin.write(out, scratch, packet.length);
                if (javaWrites) {
                    assertThat(writer.producer().free()).isEqualTo(free);
                    assertThat(writer.producer().writePacket(packet, 0, packet.length))
                            .isEqualTo(packet.length);
                } else {
                    flex.write(out, scratch, packet.length);
                }
                requireSame(flex, twin);

                int queued = twin.queued(out);
                byte[] target = new byte[random.nextInt(queued + 1)];
                byte[] expected = new byte[target.length];
                twin.read(out, scratch, expected);
                if (javaReads) {
                    assertThat(reader.consumer().queued()).isEqualTo(queued);
                    assertThat(reader.consumer().readPacket(target, 0, target.length))
                            .isEqualTo(target.length);
                } else {
                    flex.read(out, scratch, target);
                }
                assertThat(Arrays.mismatch(target, expected)).as("packet").isEqualTo(-1);
                requireSame(flex, twin);
            }
        }
    }

    /** The two memories of a flexible ring, and the C functions on them. */
    private final class Flex implements AutoCloseable {
        private final int order;
        private final ChronicleMemory intf = ChronicleMemory.allocatePages(1);
        private final ChronicleMemory data;

        Flex(int order, int startIndex) {
            this.order = order;
            data = ChronicleMemory.allocatePages(1 << order);
            FlexRing.init(intf, order, new int[1 << order]);
            intf.putInt(FlexRing.IN_CONS_OFFSET, startIndex);
            intf.putInt(FlexRing.IN_PROD_OFFSET, startIndex);
            intf.putInt(FlexRing.OUT_CONS_OFFSET, startIndex);
            intf.putInt(FlexRing.OUT_PROD_OFFSET, startIndex);
        }

        private int outAndOrder(boolean out) {
            return order << 1 | (out ? 1 : 0);
        }

        int queued(boolean out) {
            return c.flex_queued(intf.address(), out ? 1 : 0, order);
        }

        void write(boolean out, ChronicleMemory source, int length) {
            c.flex_write(intf.address(), data.address(), outAndOrder(out), source.address(), length);
        }

        void read(boolean out, ChronicleMemory scratch, byte[] target) {
            c.flex_read(intf.address(), data.address(), outAndOrder(out), scratch.address(), target.length);
            scratch.copyOut(0, target, 0, target.length);
        }

        @Override
        public void close() {
            intf.close();
            data.close();
        }
    }

    private void requireSame(Flex flex, Flex twin) {
        requireSamePages(flex.intf, twin.intf);
        requireSamePages(flex.data, twin.data);
    }

    private void requireSamePages(ChronicleMemory page, ChronicleMemory twin) {
        assertThat(page.sizeBytes()).isGreaterThanOrEqualTo(SharedMemory.PAGE_BYTES);
        assertThat(c.first_difference(page.address(), twin.address(), page.sizeBytes()))
                .as("first byte that differs from C")
                .isEqualTo(-1);
    }
}
