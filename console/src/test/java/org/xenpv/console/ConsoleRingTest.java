package org.xenpv.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.io.console.XenconsInterface;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;

/** The page in service, without a hypervisor: the test is the backend. */
class ConsoleRingTest {

    private static final int PORT = 5;
    private static final long MS = 1_000_000L;

    private final ChronicleMemory page = ChronicleMemory.allocatePages(1);
    private final SentEvents events = new SentEvents();
    private long nowNs = 17;

    /** The back half; in {@link #restart} its successor. */
    private ByteRingConsumer taken;

    private ByteRingProducer typed;

    @AfterEach
    @AfterProperty
    void free() {
        page.close();
    }

    private ConsoleRing ring(int outputBytes, int inputBytes, FullPolicy whenFull) {
        return new ConsoleRing(
                ConsoleConfig.DEFAULT.buffers(outputBytes, inputBytes).whenFull(whenFull));
    }

    private ConsoleRing attached(int outputBytes, FullPolicy whenFull) {
        ConsoleRing ring = ring(outputBytes, 4096, whenFull);
        attach(ring, 0);
        return ring;
    }

    private void attach(ConsoleRing ring, int start) {
        page.zero(0, page.sizeBytes());
        page.putInt(XenconsInterface.IN_CONS_OFFSET, start);
        page.putInt(XenconsInterface.IN_PROD_OFFSET, start);
        page.putInt(XenconsInterface.OUT_CONS_OFFSET, start);
        page.putInt(XenconsInterface.OUT_PROD_OFFSET, start);
        ring.attach(page, events, PORT, nowNs);
        taken = ByteRingConsumer.attach(page, ByteRingLayout.CONSOLE_OUT);
        typed = ByteRingProducer.attach(page, ByteRingLayout.CONSOLE_IN);
    }

    private byte[] take(int max) {
        byte[] bytes = new byte[max];
        return Arrays.copyOf(bytes, taken.read(bytes, 0, max));
    }

    private static byte[] pattern(int count, int seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static byte[] read(ConsoleRing ring, int max) {
        byte[] bytes = new byte[max];
        return Arrays.copyOf(bytes, ring.read(bytes, 0, max));
    }

    @Provide
    Arbitrary<Integer> starts() {
        return Arbitraries.oneOf(
                Arbitraries.just(0),
                Arbitraries.integers().between(1, 3000).map(k -> Integer.MIN_VALUE - k),
                Arbitraries.integers().between(1, 3000).map(k -> -k),
                Arbitraries.integers());
    }

    @Property(tries = 300)
    void shouldCarryTheSameBytesBothWays_whereverTheIndicesStand(@ForAll("starts") int start, @ForAll long seed) {
        Random random = new Random(seed);
        ConsoleRing ring = ring(1 + random.nextInt(5000), 1 + random.nextInt(3000), FullPolicy.KEEP);
        attach(ring, start);
        byte[] printed = pattern(8000, random.nextInt());
        byte[] keys = pattern(5000, random.nextInt());
        ByteArrayOutputStream arrived = new ByteArrayOutputStream();
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        int written = 0;
        int pressed = 0;
        for (int step = 0; arrived.size() < printed.length || read.size() < keys.length; step++) {
            assertThat(step).as("steps").isLessThan(100_000);
            switch (random.nextInt(5)) {
                case 0 ->
                    written += ring.write(printed, written, Math.min(random.nextInt(4000), printed.length - written));
                case 1 -> arrived.writeBytes(take(random.nextInt(3000)));
                case 2 -> pressed += typed.write(keys, pressed, Math.min(random.nextInt(1500), keys.length - pressed));
                case 3 -> read.writeBytes(read(ring, random.nextInt(2000)));
                default -> ring.serve(nowNs);
            }
        }
        assertThat(arrived.toByteArray()).isEqualTo(printed);
        assertThat(read.toByteArray()).isEqualTo(keys);
        assertThat(ring.stats())
                .extracting(
                        ConsoleStats::bytesOut,
                        ConsoleStats::bytesIn,
                        ConsoleStats::bytesDropped,
                        ConsoleStats::tampered)
                .containsExactly(8000L, 5000L, 0L, 0L);
        assertThat(page.getInt(XenconsInterface.OUT_PROD_OFFSET)).isEqualTo(start + 8000);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x7fff_fe00, 0xffff_fe00})
    void shouldCrossTheWrap_whenTheIndexRunsOver(int start) {
        ConsoleRing ring = ring(4096, 4096, FullPolicy.KEEP);
        attach(ring, start);
        byte[] bytes = pattern(2048, 3);

        assertThat(ring.write(bytes, 0, 2048)).isEqualTo(2048);

        int end = page.getInt(XenconsInterface.OUT_PROD_OFFSET);
        assertThat(end < 0).as("the index has crossed").isNotEqualTo(start < 0);
        assertThat(take(4096)).isEqualTo(bytes);
    }

    @Test
    void shouldTakeLess_whenFullAndKeeping() {
        ConsoleRing ring = attached(100, FullPolicy.KEEP);

        assertThat(ring.write(pattern(5000, 1), 0, 5000)).isEqualTo(2048 + 100);
        assertThat(ring.write(new byte[1], 0, 1)).isZero();
        assertThat(ring.stats().bytesDropped()).isZero();
        take(30);
        assertThat(ring.write(new byte[50], 0, 50)).isEqualTo(30);
    }

    @Test
    void shouldDropWhatComes_whenFullAndDroppingTheNewest() {
        ConsoleRing ring = attached(100, FullPolicy.DROP_NEWEST);
        byte[] bytes = pattern(5000, 1);

        assertThat(ring.write(bytes, 0, 5000)).isEqualTo(5000);

        assertThat(ring.stats().bytesDropped()).isEqualTo(5000 - 2148);
        assertThat(take(4096)).isEqualTo(Arrays.copyOf(bytes, 2048));
        ring.serve(nowNs);
        assertThat(take(4096)).isEqualTo(Arrays.copyOfRange(bytes, 2048, 2148));
    }

    @Test
    void shouldDropTheOldestBuffered_whenFullAndDroppingTheOldest() {
        ConsoleRing ring = attached(100, FullPolicy.DROP_OLDEST);
        byte[] bytes = pattern(5000, 1);

        assertThat(ring.write(bytes, 0, 2100)).isEqualTo(2100);
        assertThat(ring.write(bytes, 2100, 70)).isEqualTo(70); // 22 too many
        assertThat(ring.stats().bytesDropped()).isEqualTo(22);
        assertThat(ring.write(bytes, 2170, 1000)).isEqualTo(1000); // far too many: its end stays
        assertThat(ring.stats().bytesDropped()).isEqualTo(22 + 1000);

        assertThat(take(4096)).isEqualTo(Arrays.copyOf(bytes, 2048));
        ring.serve(nowNs);
        assertThat(take(4096)).isEqualTo(Arrays.copyOfRange(bytes, 3070, 3170));
    }

    @Property(tries = 200)
    void shouldCountEveryByteOnce_whateverThePolicy(@ForAll FullPolicy policy, @ForAll long seed) {
        Random random = new Random(seed);
        ConsoleRing ring = attached(1 + random.nextInt(3000), policy);
        long given = 0;
        long arrived = 0;
        for (int step = 0; step < 100; step++) {
            given += ring.write(pattern(3000, 1), 0, random.nextInt(3000));
            if (random.nextBoolean()) {
                arrived += take(random.nextInt(4096)).length;
            }
            if (random.nextInt(10) == 0) {
                ring.reclaim(); // the next backend gets what this one left
                attach(ring, random.nextInt());
            }
        }
        assertThat(arrived + ring.stats().bytesDropped() + ring.buffered() + (taken.queued()))
                .isEqualTo(given);
    }

    @Test
    void shouldHoldOutput_whenNothingIsAttached() {
        ConsoleRing ring = ring(100, 100, FullPolicy.KEEP);

        assertThat(ring.write(pattern(150, 1), 0, 150)).isEqualTo(100);
        attach(ring, 9);
        ring.serve(nowNs);

        assertThat(take(4096)).isEqualTo(Arrays.copyOf(pattern(150, 1), 100));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 0x7fff_fc00, 0xffff_fc00, 12345})
    void shouldGiveTheNextBackendWhatTheLastOneLeft_whenReclaimed(int start) {
        ConsoleRing ring = ring(5000, 100, FullPolicy.KEEP);
        attach(ring, start);
        byte[] bytes = pattern(4000, 1);
        ring.write(bytes, 0, 4000);
        byte[] first = take(700);
        page.zero(XenconsInterface.OUT_OFFSET, XenconsInterface.OUT_BYTES); // not read back from there

        ring.reclaim();
        attach(ring, start * 7);
        ring.serve(nowNs);
        byte[] second = take(4096);
        ring.serve(nowNs);
        byte[] third = take(4096);

        assertThat(first).isEqualTo(Arrays.copyOf(bytes, 700));
        assertThat(second).isEqualTo(Arrays.copyOfRange(bytes, 700, 2748));
        assertThat(third).isEqualTo(Arrays.copyOfRange(bytes, 2748, 4000));
    }

    @Test
    void shouldSendAgainOnlyWhatIsOurs_whenThePageHeldSomebodyElsesOutput() {
        ConsoleRing ring = ring(5000, 100, FullPolicy.KEEP);
        page.zero(0, page.sizeBytes());
        page.putInt(XenconsInterface.OUT_PROD_OFFSET, 1000); // the boot loader's
        ring.attach(page, events, PORT, nowNs);
        ring.write(pattern(10, 1), 0, 10);

        ring.reclaim();

        assertThat(ring.buffered()).isEqualTo(10);
    }

    @Test
    void shouldSendOneEventPerWriteAndRead_whenSomethingMoved() {
        ConsoleRing ring = attached(100, FullPolicy.KEEP);

        ring.write(new byte[3], 0, 3);
        assertThat(events.sent).isEqualTo(1);
        ring.write(new byte[0], 0, 0);
        assertThat(events.sent).isEqualTo(1);
        typed.write(new byte[5], 0, 5);
        ring.serve(nowNs);
        assertThat(events.sent).isEqualTo(2);
        ring.serve(nowNs);
        assertThat(events.sent).isEqualTo(2);
        assertThat(ring.stats().notifications()).isEqualTo(2);
    }

    @Test
    void shouldCallAnEventWorthIt_whenTheBackendOnlyTookOutput() {
        ConsoleRing ring = attached(100, FullPolicy.KEEP);
        ring.write(new byte[3], 0, 3);
        assertThat(ring.serve(nowNs)).isFalse();

        take(1);
        assertThat(ring.serve(nowNs)).isTrue();
        assertThat(ring.serve(nowNs)).isFalse();
    }

    @Test
    void shouldCallAnEventWorthIt_whenItsWorkWasSeenWhileReadingOrWriting() {
        ConsoleRing ring = ring(100, 4, FullPolicy.KEEP);
        attach(ring, 0);
        typed.write(new byte[6], 0, 6);
        ring.serve(nowNs);
        read(ring, 4); // makes room, and takes the other two

        assertThat(ring.serve(nowNs)).isTrue();

        ring.write(new byte[3], 0, 3);
        take(3);
        ring.write(new byte[3], 0, 3);
        assertThat(ring.serve(nowNs)).isTrue();
        assertThat(ring.serve(nowNs)).isFalse();
    }

    @Test
    void shouldSendTheEventAgain_whenNothingIsHeardFor100Ms() {
        ConsoleRing ring = attached(100, FullPolicy.KEEP);
        ring.serve(nowNs);
        ring.write(new byte[3], 0, 3);

        nowNs += 100 * MS - 1;
        ring.serve(nowNs);
        assertThat(ring.stats().nudges()).isZero();
        nowNs += 1;
        ring.serve(nowNs);
        assertThat(ring.stats().nudges()).isEqualTo(1);
        assertThat(events.sent).isEqualTo(2);
        ring.serve(nowNs);
        assertThat(ring.stats().nudges()).isEqualTo(1);
        take(3);
        nowNs += 200 * MS;
        ring.serve(nowNs);
        assertThat(ring.stats().nudges()).isEqualTo(1);
    }

    @Test
    void shouldNotNudge_whenTheBackendIsSlowButAlive() {
        ConsoleRing ring = attached(100, FullPolicy.KEEP);
        ring.write(new byte[2000], 0, 2000);
        for (int i = 0; i < 20; i++) {
            nowNs += 90 * MS;
            take(1);
            ring.serve(nowNs);
        }
        assertThat(ring.stats().nudges()).isZero();
    }

    @Test
    void shouldLeaveInputOnTheRing_whenNobodyReads() {
        ConsoleRing ring = ring(100, 10, FullPolicy.KEEP);
        attach(ring, 0);
        typed.write(pattern(1024, 1), 0, 1024);

        ring.serve(nowNs);

        assertThat(ring.readable()).isEqualTo(10);
        assertThat(typed.free()).isEqualTo(10);
        assertThat(read(ring, 4)).isEqualTo(Arrays.copyOf(pattern(1024, 1), 4));
        assertThat(typed.free()).isEqualTo(14);
    }

    @Test
    void shouldDropAndCountWhatIsLeft_whenAbandoned() {
        ConsoleRing ring = attached(100, FullPolicy.KEEP);
        ring.write(new byte[2100], 0, 2100);

        ring.abandon();

        assertThat(ring.buffered()).isZero();
        assertThat(ring.stats().bytesDropped()).isEqualTo(52);
        assertThat(ring.isServed()).isFalse();
    }

    @Test
    void shouldTellWhetherSomebodyListens_asTheConnectionByteSays() {
        ConsoleRing ring = attached(100, FullPolicy.KEEP);
        assertThat(ring.isServed()).isTrue();
        XenconsInterface.putConnection(page, XenconsInterface.XENCONSOLE_DISCONNECTED);
        assertThat(ring.isServed()).isFalse();
        XenconsInterface.putConnection(page, 0x7f);
        assertThat(ring.isServed()).isTrue();
    }

    enum BadIndex {
        IN_PROD_TOO_FAR(XenconsInterface.IN_PROD_OFFSET, 1025, "in_prod"),
        IN_PROD_BACK(XenconsInterface.IN_PROD_OFFSET, -1, "in_prod"),
        OUT_CONS_AHEAD(XenconsInterface.OUT_CONS_OFFSET, 1, "out_cons"),
        OUT_CONS_BACK(XenconsInterface.OUT_CONS_OFFSET, -1, "out_cons");

        final int offset;
        final int step;
        final String named;

        BadIndex(int offset, int step, String named) {
            this.offset = offset;
            this.step = step;
            this.named = named;
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldRefuse_whenTheBackendsIndexIsImpossible(BadIndex bad) {
        ConsoleRing ring = attached(100, FullPolicy.KEEP);
        page.putInt(bad.offset, bad.step);

        assertThatThrownBy(() -> ring.serve(nowNs))
                .isInstanceOfSatisfying(
                        XenProtocolException.class, e -> assertThat(e.fault()).isEqualTo(PeerFault.BYTE_RING_INDEX))
                .hasMessageContaining(bad.named);
        assertThat(ring.readable()).isZero();
        assertThat(ring.fault()).isNotNull();
    }

    @Test
    void shouldTakeAllThereCanBe_whenTheIndexIsAtItsLimit() {
        ConsoleRing ring = attached(100, FullPolicy.KEEP);
        page.putInt(XenconsInterface.IN_PROD_OFFSET, 1024);
        ring.serve(nowNs);
        assertThat(ring.readable()).isEqualTo(1024);
    }

    @Test
    void shouldNotAttach_whenThePageIsNonsenseFromTheStart() {
        ConsoleRing ring = ring(100, 100, FullPolicy.KEEP);
        page.zero(0, page.sizeBytes());
        page.putInt(XenconsInterface.OUT_CONS_OFFSET, 1);

        assertThatThrownBy(() -> ring.attach(page, events, PORT, nowNs)).isInstanceOf(XenProtocolException.class);
        assertThat(ring.isServed()).isFalse();
        assertThat(ring.write(new byte[10], 0, 10)).isEqualTo(10);
        assertThat(events.sent).isZero();
    }

    @Test
    void shouldGoOnWithItsOwnIndices_whenTheBackendEditsThem() {
        ConsoleRing ring = attached(100, FullPolicy.KEEP);
        ring.write(pattern(10, 1), 0, 10);
        typed.write(pattern(6, 2), 0, 6);
        page.putInt(XenconsInterface.OUT_PROD_OFFSET, 5000);
        page.putInt(XenconsInterface.IN_CONS_OFFSET, 77);

        ring.serve(nowNs);
        ring.write(pattern(4, 3), 0, 4);

        assertThat(ring.stats().tampered()).isEqualTo(2);
        assertThat(page.getInt(XenconsInterface.OUT_PROD_OFFSET)).isEqualTo(14);
        assertThat(page.getInt(XenconsInterface.IN_CONS_OFFSET)).isEqualTo(6);
        assertThat(read(ring, 100)).isEqualTo(pattern(6, 2));
    }
}
