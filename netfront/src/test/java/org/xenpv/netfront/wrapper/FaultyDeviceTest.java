package org.xenpv.netfront.wrapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.event.EventLoop;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.netfront.NetOffloads;
import org.xenpv.netfront.NetPacket;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/** On a guest's loop in virtual time. */
class FaultyDeviceTest {

    private static final long SEED = 0x5eed_0001L;
    private static final int MANY = 2000;

    private final SimulatedXen xen = SimulatedXen.deterministic(1);
    private final SimDomain domain = xen.createDomain(DomainConfig.named("guest"));
    private final EventLoop loop = domain.guest().loop();
    private final MemoryDevice below = new MemoryDevice(64);
    private final ChronicleMemory memory = ChronicleMemory.allocatePages(4 * 17);
    private final Frames above = new Frames();

    @AfterEach
    void nothingIsLeft() {
        assertThat(below.outstanding()).as("packets acquired and forgotten").isZero();
        assertThat(xen.errors()).isEmpty();
        below.close();
        memory.close();
        xen.close();
    }

    private FaultyDevice faulty(long seed, FaultConfig forSent, FaultConfig forReceived) {
        FaultyDevice device = new FaultyDevice(below, loop, seed, forSent, forReceived, memory);
        device.receiver(above);
        return device;
    }

    private List<Integer> sentNumbers() {
        return below.sent.stream().map(sent -> Frames.numberOf(sent.bytes())).toList();
    }

    /** Sends so many frames a millisecond apart; the devices below tells what came through. */
    private void sendMany(FaultyDevice device, int count) {
        for (int i = 0; i < count; i++) {
            int number = i;
            domain.run(guest -> {
                Frames.send(device, Frames.numbered(number, 60));
                device.flush();
            });
            xen.runFor(Duration.ofMillis(1));
        }
    }

    private void receiveMany(int count) {
        for (int i = 0; i < count; i++) {
            int number = i;
            domain.run(guest -> below.deliver(Frames.numbered(number, 60)));
            xen.runFor(Duration.ofMillis(1));
        }
    }

    private static List<Integer> allTo(int count) {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            numbers.add(i);
        }
        return numbers;
    }

    @Test
    void shouldChangeNothing_whenNothingIsSwitchedOn() {
        FaultyDevice device = faulty(SEED, FaultConfig.NONE, FaultConfig.NONE);
        sendMany(device, 100);
        receiveMany(100);
        assertThat(sentNumbers()).isEqualTo(allTo(100));
        assertThat(above.numbers()).isEqualTo(allTo(100));
        assertThat(device.sentStats()).isEqualTo(new FaultStats(100, 0, 0, 0, 0, 0, 0, 0, 0));
        assertThat(device.receivedStats()).isEqualTo(new FaultStats(100, 0, 0, 0, 0, 0, 0, 0, 0));
    }

    @Test
    void shouldLoseSomeBothWays() {
        FaultyDevice device = faulty(SEED, FaultConfig.NONE.withDrops(100), FaultConfig.NONE.withDrops(200));
        sendMany(device, MANY);
        receiveMany(MANY);
        assertThat(device.sentStats().dropped()).isBetween(120L, 280L);
        assertThat(device.receivedStats().dropped()).isBetween(300L, 500L);
        assertThat(sentNumbers())
                .hasSize(MANY - (int) device.sentStats().dropped())
                .isSorted();
        assertThat(above.numbers())
                .hasSize(MANY - (int) device.receivedStats().dropped())
                .isSorted();
    }

    @Test
    void shouldRepeatSomeBothWays_unchangedByWhoSawThemFirst() {
        FaultConfig twice = FaultConfig.NONE.withDuplicates(300);
        FaultyDevice device = faulty(SEED, twice, twice);
        sendMany(device, 500);
        receiveMany(500);
        assertThat(below.sent).hasSize(500 + (int) device.sentStats().duplicated());
        assertThat(above.received).hasSize(500 + (int) device.receivedStats().duplicated());
        assertThat(device.sentStats().duplicated()).isPositive();
        assertThat(device.receivedStats().duplicated()).isPositive();
        assertThat(device.receivedStats().skipped()).as("memory is used again").isZero();
        assertThat(sentNumbers()).isSorted();
        assertThat(above.received).allMatch(frame -> Arrays.equals(frame, Frames.numbered(Frames.numberOf(frame), 60)));
    }

    @Test
    void shouldDamageOneByteOfSome_andSayThatNobodyVouchesForIt() {
        FaultyDevice device = faulty(SEED, FaultConfig.NONE.withCorruption(250), FaultConfig.NONE);
        for (int i = 0; i < 1000; i++) {
            boolean blank = i >= 500;
            Frames.send(device, Frames.numbered(7, 60), packet -> {
                packet.csumBlank(blank);
                packet.dataValidated(true);
            });
        }
        int damaged = 0;
        byte[] whole = Frames.numbered(7, 60);
        TreeSet<Integer> positions = new TreeSet<>();
        for (MemoryDevice.Sent sent : below.sent) {
            int position = Arrays.mismatch(sent.bytes(), whole);
            assertThat(sent.dataValidated()).isEqualTo(position < 0);
            if (position >= 0) {
                damaged++;
                positions.add(position);
                assertThat(sent.csumBlank()).isFalse();
                sent.bytes()[position] = whole[position];
                assertThat(sent.bytes()).isEqualTo(whole);
            }
        }
        assertThat(damaged).isBetween(70, 180).isEqualTo((int)
                device.sentStats().corrupted());
        assertThat(positions).hasSizeGreaterThan(30);
    }

    @Test
    void shouldLetOthersGoFirst_butLoseNone() {
        FaultConfig swap = FaultConfig.NONE.withReordering(200);
        FaultyDevice device = faulty(SEED, swap, swap);
        sendMany(device, 500);
        receiveMany(500);
        xen.runFor(Duration.ofMillis(20));
        assertThat(sentNumbers()).isNotEqualTo(allTo(500)).containsExactlyInAnyOrderElementsOf(allTo(500));
        assertThat(above.numbers()).isNotEqualTo(allTo(500)).containsExactlyInAnyOrderElementsOf(allTo(500));
        assertThat(device.sentStats().reordered()).isPositive();
        assertThat(device.receivedStats().reordered()).isPositive();
    }

    @Test
    void shouldGoRightBehindTheNextThatPasses() {
        FaultConfig swap = FaultConfig.NONE.withReordering(500);
        FaultyDevice device = faulty(SEED, swap.withHeldMax(64), swap);
        domain.run(guest -> {
            for (int i = 0; i < 60; i++) {
                Frames.send(device, Frames.numbered(i, 60));
                below.deliver(Frames.numbered(i, 60));
            }
        });
        for (List<Integer> passed : List.of(sentNumbers(), above.numbers())) {
            int last = passed.stream().mapToInt(i -> i).max().orElseThrow();
            assertThat(passed).as("all up to the last").containsExactlyInAnyOrderElementsOf(allTo(last + 1));
            assertThat(passed).isNotEqualTo(allTo(last + 1)).hasSizeGreaterThan(45);
        }
        assertThat(device.sentStats().held()).isEqualTo(60 - below.sent.size());
        domain.run(guest -> device.heal());
        assertThat(below.sent).hasSize(60);
    }

    @Test
    void shouldKeepTheRoomInFrontOfAPacket_whenItIsCopied() {
        List<Integer> headrooms = new ArrayList<>();
        FaultyDevice device = faulty(SEED, FaultConfig.NONE, FaultConfig.NONE.withDuplicates(1000));
        device.receiver(packet -> {
            headrooms.add(packet.headroom());
            above.received(packet);
        });
        below.deliver(Frames.numbered(5, 9000), packet -> packet.pull(0));
        below.deliver(Frames.numbered(5, 9000), packet -> packet.pull(14));
        below.deliver(Frames.numbered(5, 9000), packet -> packet.pull(300));
        assertThat(headrooms).containsExactly(0, 0, 14, 14, 300, 256);
        for (int i = 0; i < 6; i += 2) {
            assertThat(above.received.get(i + 1)).isEqualTo(above.received.get(i));
        }
        assertThat(above.received.get(2)).isEqualTo(Arrays.copyOfRange(Frames.numbered(5, 9000), 14, 9000));
    }

    @Test
    void shouldGoWithoutCompany_whenNothingElseComes() {
        FaultConfig swap = FaultConfig.NONE.withReordering(1000);
        FaultyDevice device = faulty(SEED, swap, swap);
        sendMany(device, 1);
        receiveMany(1);
        assertThat(below.sent).isEmpty();
        assertThat(above.received).isEmpty();
        int flushes = below.flushes;
        xen.runFor(Duration.ofMillis(10));
        assertThat(below.sent).hasSize(1);
        assertThat(below.flushes).as("flushed by the timer").isEqualTo(flushes + 1);
        assertThat(above.numbers()).containsExactly(0);
        assertThat(above.batches).isEqualTo(1);
    }

    @Test
    void shouldDelaySome_noLongerThanSaid() {
        FaultConfig late = FaultConfig.NONE.withDelays(500, 5_000_000);
        FaultyDevice device = faulty(SEED, late, late);
        sendMany(device, 300);
        receiveMany(300);
        xen.runFor(Duration.ofMillis(6));
        assertThat(sentNumbers()).isNotEqualTo(allTo(300)).containsExactlyInAnyOrderElementsOf(allTo(300));
        for (int place = 0; place < 300; place++) {
            assertThat(sentNumbers().get(place) - place).as("place " + place).isBetween(-6, 6);
        }
        assertThat(above.numbers()).isNotEqualTo(allTo(300)).containsExactlyInAnyOrderElementsOf(allTo(300));
        assertThat(device.sentStats().delayed()).isBetween(80L, 220L);
        assertThat(device.sentStats().held() + device.receivedStats().held()).isZero();
    }

    @Test
    void shouldHoldNoMoreThanItMay() {
        FaultConfig late = FaultConfig.NONE.withDelays(1000, 1_000_000_000).withHeldMax(3);
        FaultyDevice device = faulty(SEED, late, late.withHeldMax(1000));
        domain.run(guest -> {
            for (int i = 0; i < 10; i++) {
                Frames.send(device, Frames.numbered(i, 60));
                below.deliver(Frames.numbered(i, 60));
            }
        });
        assertThat(device.sentStats()).isEqualTo(new FaultStats(10, 0, 0, 0, 0, 3, 7, 0, 3));
        assertThat(sentNumbers()).containsExactly(3, 4, 5, 6, 7, 8, 9);
        assertThat(device.receivedStats()).as("memory for four").isEqualTo(new FaultStats(10, 0, 0, 0, 0, 4, 6, 0, 4));
        assertThat(above.numbers()).containsExactly(4, 5, 6, 7, 8, 9);
        xen.runFor(Duration.ofSeconds(1));
        assertThat(below.sent).hasSize(10);
        assertThat(above.received).hasSize(10);
    }

    @Test
    void shouldNotRepeat_whenTheDeviceHasNoRoom() {
        FaultyDevice device = faulty(SEED, FaultConfig.NONE.withDuplicates(1000), FaultConfig.NONE);
        List<NetPacket> taken = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            taken.add(device.acquire(60));
        }
        assertThat(device.send(taken.remove(0))).isTrue();
        assertThat(device.sentStats().skipped()).isEqualTo(1);
        assertThat(below.sent).hasSize(1);
        taken.forEach(device::release);
    }

    @Test
    void shouldGiveBackWhatTheDeviceRejects() {
        FaultyDevice device =
                faulty(SEED, FaultConfig.NONE.withDuplicates(1000).withDelays(0, 1_000_000), FaultConfig.NONE);
        NetPacket tooLong = device.acquire(2000);
        assertThatThrownBy(() -> device.send(tooLong)).isInstanceOf(IllegalArgumentException.class);
        assertThat(below.outstanding()).as("the caller's").isEqualTo(1);
        device.release(tooLong);
        assertThat(below.sent).isEmpty();

        FaultyDevice late = faulty(SEED, FaultConfig.NONE.withDelays(1000, 1_000_000), FaultConfig.NONE);
        domain.run(guest -> Frames.send(late, Frames.numbered(1, 1514)));
        below.offloads = new NetOffloads(false, false, false, false, 1000, 1000);
        xen.runFor(Duration.ofMillis(1));
        assertThat(late.sentStats().refused()).isEqualTo(1);
        domain.run(guest -> Frames.send(late, Frames.numbered(2, 60)));
        below.carrier = false;
        xen.runFor(Duration.ofMillis(1));
        assertThat(late.sentStats().refused()).isEqualTo(2);
        assertThat(below.sent).isEmpty();
    }

    @Test
    void shouldHandOnWhatIsHeld_whenHealed() {
        FaultConfig late = FaultConfig.NONE.withDelays(1000, 1_000_000_000);
        FaultyDevice device = faulty(SEED, late, late);
        sendMany(device, 3);
        receiveMany(3);
        domain.run(guest -> device.heal());
        assertThat(sentNumbers()).isEqualTo(allTo(3));
        assertThat(above.numbers()).isEqualTo(allTo(3));
        sendMany(device, 2);
        receiveMany(2);
        assertThat(below.sent).hasSize(5);
        assertThat(above.received).hasSize(5);
        xen.runFor(Duration.ofSeconds(2));
        assertThat(below.sent).hasSize(5);
    }

    @Test
    void shouldGiveBackWhatIsHeld_whenClosed() {
        FaultConfig late = FaultConfig.NONE.withReordering(1000);
        FaultyDevice device = faulty(SEED, late, late);
        sendMany(device, 3);
        receiveMany(3);
        domain.run(guest -> {
            device.close();
            device.close();
        });
        assertThat(below.outstanding()).isZero();
        assertThat(device.receivedStats().held()).isZero();
        xen.runFor(Duration.ofSeconds(1));
        assertThat(below.sent).isEmpty();
        assertThat(above.received).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, -1})
    void shouldDoTheSameAgain_withTheSameSeed(long seed) {
        FaultConfig all = FaultConfig.NONE
                .withDrops(100)
                .withDuplicates(100)
                .withCorruption(100)
                .withReordering(100)
                .withDelays(100, 3_000_000);
        List<List<String>> runs = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            below.sent.clear();
            above.received.clear();
            FaultyDevice device = faulty(seed, all, all);
            sendMany(device, 300);
            receiveMany(300);
            domain.run(guest -> device.heal());
            List<String> seen = new ArrayList<>();
            below.sent.forEach(sent -> seen.add(Arrays.toString(sent.bytes())));
            above.received.forEach(frame -> seen.add(Arrays.toString(frame)));
            seen.add(device.sentStats() + " " + device.receivedStats());
            runs.add(seen);
        }
        assertThat(runs.get(0)).as("seed " + seed).isEqualTo(runs.get(1));
        assertThat(runs.get(0)).hasSizeGreaterThan(450);
    }

    @Test
    void shouldLoseTheSamePackets_whateverElseIsSwitchedOn() {
        FaultyDevice device = faulty(SEED, FaultConfig.NONE.withDrops(300), FaultConfig.NONE);
        sendMany(device, 200);
        TreeSet<Integer> alone = new TreeSet<>(sentNumbers());
        below.sent.clear();
        FaultyDevice busy =
                faulty(SEED, FaultConfig.NONE.withDrops(300).withDuplicates(500).withReordering(500), FaultConfig.NONE);
        sendMany(busy, 200);
        domain.run(guest -> busy.heal());
        assertThat(new TreeSet<>(sentNumbers())).isEqualTo(alone).hasSizeBetween(100, 180);
        below.sent.clear();
        FaultyDevice other = faulty(SEED + 1, FaultConfig.NONE.withDrops(300), FaultConfig.NONE);
        sendMany(other, 200);
        assertThat(new TreeSet<>(sentNumbers())).isNotEqualTo(alone);
    }

    @Test
    void shouldRefuseConfigurationsThatCannotBe() {
        FaultConfig none = FaultConfig.NONE;
        assertThatThrownBy(() -> none.withDrops(1001)).hasMessageContaining("dropPerMille=1001, must be 0 to 1000");
        assertThatThrownBy(() -> none.withDuplicates(-1)).hasMessageContaining("duplicatePerMille=-1");
        assertThatThrownBy(() -> none.withCorruption(-1)).hasMessageContaining("corruptPerMille=-1");
        assertThatThrownBy(() -> none.withReordering(-1)).hasMessageContaining("reorderPerMille=-1");
        assertThatThrownBy(() -> none.withDelays(1, 0)).hasMessageContaining("holdNs=0");
        assertThatThrownBy(() -> none.withDelays(-1, 1)).hasMessageContaining("delayPerMille=-1");
        assertThatThrownBy(() -> none.withHeldMax(0)).hasMessageContaining("heldMax=0");
        assertThatThrownBy(() -> new FaultyDevice(below, loop, 1, none, none.withReordering(1), null))
                .hasMessageContaining("memory=null, must have at least 69632");
        new FaultyDevice(below, loop, 1, none.withReordering(1), none.withDrops(1), null).close();
    }
}
