package org.xenpv.scenarios.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.console.ConsoleConfig;
import org.xenpv.console.FullPolicy;
import org.xenpv.event.EventLoopStats;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantLedger;
import org.xenpv.grant.GrantedPages;
import org.xenpv.io.console.ConsoleKeys;
import org.xenpv.io.console.XenconsInterface;
import org.xenpv.memory.SharedMemory;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.Faults;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.XenbusState;

/** What a console backend can do to a guest, row by row. */
class HostileConsoleTest {

    private static final long HANDSHAKE_NS = TimeUnit.SECONDS.toNanos(2);
    private static final ConsoleConfig KEEP =
            ConsoleConfig.DEFAULT.whenFull(FullPolicy.KEEP).deadlines(1_000_000_000L, HANDSHAKE_NS);

    private static SimDomain guest(SimulatedXen xen) {
        return xen.createDomain(DomainConfig.named("guest"));
    }

    private static byte[] pattern(int count, long seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static GrantLedger ledger(SimDomain guest) {
        return guest.guest().grants().ledger();
    }

    /** A connected console and the daemon that serves it, over either kind of page. */
    private record Pair(HandDaemon daemon, Watched console) implements AutoCloseable {

        static Pair of(int number, SimulatedXen xen, SimDomain guest, ConsoleConfig config) {
            HandDaemon daemon = new HandDaemon(xen, guest);
            if (number == 0) {
                return new Pair(daemon.primary(), Watched.primary(guest, config));
            }
            daemon.attach(number);
            Watched console = Watched.xenbus(guest, number, config);
            daemon.handshake();
            return new Pair(daemon, console);
        }

        /** One round trip. */
        void assertWorks(SimulatedXen xen, int seed) {
            byte[] line = pattern(20, seed);
            console.write(line);
            assertThat(daemon.read(100)).isEqualTo(line);
            daemon.type(line);
            assertThat(xen.runUntil(() -> console.device.readable() == 20, HandDaemon.SOON))
                    .isTrue();
            assertThat(console.read(100)).isEqualTo(line);
        }

        @Override
        public void close() {
            if (!console.hasEnded()) {
                console.close();
                if (daemon.device() != null) {
                    daemon.state(XenbusState.CLOSED);
                }
            }
            console.awaitEnd();
            daemon.letGo();
        }
    }

    // ---- C: the page

    @ParameterizedTest
    @ValueSource(ints = {1025, 2048, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    @OnSimulatedXen
    void C1_anInProdBeyondTheRingBreaksThePrimaryConsole(int ahead, SimulatedXen xen) {
        inProdBreaks(0, ahead, xen);
    }

    @ParameterizedTest
    @ValueSource(ints = {1025, 2048, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    @OnSimulatedXen
    void C1_anInProdBeyondTheRingBreaksAXenbusConsole(int ahead, SimulatedXen xen) {
        inProdBreaks(1, ahead, xen);
    }

    private static void inProdBreaks(int number, int ahead, SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (Pair pair = Pair.of(number, xen, guest, KEEP)) {
            pair.daemon.type(pattern(10, 1));
            assertThat(xen.runUntil(() -> pair.console.device.readable() == 10, HandDaemon.SOON))
                    .isTrue();

            pair.daemon.put(XenconsInterface.IN_PROD_OFFSET, 10 + ahead);
            pair.daemon.event();

            if (number != 0) {
                pair.daemon.requireFront(XenbusState.CLOSING);
                assertThat(xen.toolstack().read(guest.home() + "/error/device/console/1/error"))
                        .contains("in_prod");
                pair.daemon.state(XenbusState.CLOSED);
            }
            pair.console.assertBroken("in_prod");
            // What had come before is still good; what came with the fault is not there.
            assertThat(pair.console.read(4096)).isEqualTo(pattern(10, 1));
            assertThat(pair.console.device.stats().bytesIn()).isEqualTo(10);
        }
    }

    @SimulatedXenTest
    void C1_aRingFilledToTheLastByteIsLegal(SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (Pair pair = Pair.of(1, xen, guest, KEEP)) {
            byte[] line = pattern(1024, 1);
            assertThat(pair.daemon.type(line)).isEqualTo(1024);
            assertThat(xen.runUntil(() -> pair.console.device.readable() == 1024, HandDaemon.SOON))
                    .isTrue();
            assertThat(pair.console.read(4096)).isEqualTo(line);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2048, Integer.MIN_VALUE, -100})
    @OnSimulatedXen
    void C2_anOutConsBeyondWhatWasWrittenBreaksTheConsole(int ahead, SimulatedXen xen) {
        SimDomain guest = guest(xen);
        for (int number = 0; number < 2; number++) {
            try (Pair pair = Pair.of(number, xen, guest, KEEP)) {
                pair.console.write(pattern(100, 1));
                pair.daemon.read(50);
                pair.daemon.put(XenconsInterface.OUT_CONS_OFFSET, ahead < 0 ? ahead : 100 + ahead);
                pair.daemon.event();
                if (number != 0) {
                    pair.daemon.requireFront(XenbusState.CLOSING);
                    pair.daemon.state(XenbusState.CLOSED);
                }
                pair.console.assertBroken("out_cons");
            }
            xen.runFor(Duration.ofMillis(1));
        }
    }

    @SimulatedXenTest
    void C2_aPageThatIsNonsenseFromTheStartIsRefused(SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (HandDaemon daemon = new HandDaemon(xen, guest).primary()) {
            daemon.put(XenconsInterface.OUT_CONS_OFFSET, 1);
            Watched.primary(guest, KEEP).assertBroken("out_cons");
        }
        try (HandDaemon daemon = new HandDaemon(xen, guest).attach(1)) {
            Watched console = Watched.xenbus(guest, 1, KEEP);
            daemon.advertise();
            daemon.take();
            daemon.put(XenconsInterface.IN_PROD_OFFSET, 5000);
            daemon.state(XenbusState.CONNECTED);
            daemon.requireFront(XenbusState.CLOSING);
            daemon.state(XenbusState.CLOSED);
            console.assertBroken("in_prod");
            assertThat(console.told).doesNotContain("connected");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @OnSimulatedXen
    void C3_editsOfOurIndicesMoveNothing(int number, SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (Pair pair = Pair.of(number, xen, guest, KEEP)) {
            Random random = new Random(xen.seed());
            for (int round = 0; round < 50; round++) {
                pair.daemon.put(XenconsInterface.OUT_PROD_OFFSET, random.nextInt());
                pair.daemon.put(XenconsInterface.IN_CONS_OFFSET, random.nextInt());
                pair.console.write(pattern(100, round));
                assertThat(pair.daemon.page().getInt(XenconsInterface.OUT_PROD_OFFSET))
                        .isEqualTo(100 * (round + 1));
                assertThat(pair.daemon.read(4096)).isEqualTo(pattern(100, round));

                pair.daemon.put(XenconsInterface.IN_CONS_OFFSET, 60 * round);
                pair.daemon.typeSilently(pattern(60, round));
                pair.daemon.put(XenconsInterface.IN_CONS_OFFSET, random.nextInt());
                pair.daemon.event();
                assertThat(xen.runUntil(() -> pair.console.device.readable() == 60, HandDaemon.SOON))
                        .isTrue();
                assertThat(pair.console.read(4096)).isEqualTo(pattern(60, round));
                assertThat(pair.daemon.page().getInt(XenconsInterface.IN_CONS_OFFSET))
                        .isEqualTo(60 * (round + 1));
            }
            assertThat(pair.console.device.stats().tampered()).isGreaterThanOrEqualTo(100);
            assertThat(pair.console.hasEnded()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    @OnSimulatedXen
    void C4_aBackendThatNeverTakesOutputDelaysNobody(FullPolicy policy, SimulatedXen xen) {
        SimDomain guest = guest(xen);
        ConsoleConfig config = KEEP.whenFull(policy).buffers(5000, 100);
        try (Pair deaf = Pair.of(0, xen, guest, config);
                Pair healthy = Pair.of(1, xen, guest, KEEP)) {
            long accepted = 0;
            for (int i = 0; i < 200; i++) {
                long sinceNs = xen.clock().nanoTime();
                accepted += deaf.console.write(pattern(1000, i));
                assertThat(xen.clock().nanoTime() - sinceNs).isZero();
                assertThat(deaf.console.device.buffered()).isLessThanOrEqualTo(5000);
                healthy.assertWorks(xen, i);
            }
            boolean keeps = policy == FullPolicy.KEEP;
            assertThat(accepted).isEqualTo(keeps ? 7048 : 200_000);
            assertThat(deaf.console.device.stats().bytesDropped()).isEqualTo(keeps ? 0 : 200_000 - 7048);
            assertThat(deaf.console.hasEnded()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @OnSimulatedXen
    void C4_closingIsBoundedWhenTheBackendNeverTakesOutput(int number, SimulatedXen xen) {
        SimDomain guest = guest(xen);
        Pair pair = Pair.of(number, xen, guest, KEEP);
        pair.console.write(new byte[10_000]);
        long sinceNs = xen.clock().nanoTime();

        pair.console.close();

        assertThat(xen.runUntil(pair.console::hasEnded, Duration.ofSeconds(30))).isTrue();
        // draining, closing, closed: a handshake's deadline each
        assertThat(xen.clock().nanoTime() - sinceNs).isBetween(HANDSHAKE_NS, 3 * HANDSHAKE_NS + 10_000_000L);
        assertThat(pair.console.reason).isNull();
        assertThat(pair.console.device.stats().bytesDropped()).isGreaterThanOrEqualTo(10_000 - 2048);
        pair.daemon.letGo();
        xen.runFor(Duration.ofSeconds(2));
    }

    @SimulatedXenTest
    void C5_everyByteComesThroughAsItIs(SimulatedXen xen) {
        SimDomain guest = guest(xen);
        byte[] all = new byte[1024];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        byte[] escapes = "\u001b]0;title\u0007\u001b[2J\u0000\r\n\u001b[6n".getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(escapes, 0, all, 512, escapes.length);
        try (Pair pair = Pair.of(1, xen, guest, KEEP)) {
            pair.daemon.type(all);
            assertThat(xen.runUntil(() -> pair.console.device.readable() == 1024, HandDaemon.SOON))
                    .isTrue();
            assertThat(pair.console.read(4096)).isEqualTo(all);
            pair.console.write(all);
            assertThat(pair.daemon.read(4096)).isEqualTo(all);
        }
    }

    @SimulatedXenTest
    void C6_thePrimaryPageIsNeverGivenToAnybodyElse(SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (Pair pair = Pair.of(0, xen, guest, KEEP)) {
            pair.console.close();
            pair.console.awaitEnd();
            guest.run(g -> {
                List<GrantedPages> lent = new ArrayList<>();
                for (int i = 0; i < 500; i++) {
                    lent.add(g.grants().grant(0, 1, GrantAccess.READ_WRITE, "others"));
                }
                // The daemon still has the console page, and writes all over it.
                for (int at = 0; at < SharedMemory.PAGE_BYTES; at += 4) {
                    pair.daemon.put(at, 0xdead_beef);
                }
                for (GrantedPages pages : lent) {
                    assertThat(Integer.toUnsignedLong(pages.gref(0))).isGreaterThanOrEqualTo(8);
                    byte[] bytes = new byte[SharedMemory.PAGE_BYTES];
                    pages.memory().copyOut(0, bytes, 0, bytes.length);
                    assertThat(bytes).containsOnly(0);
                    pages.release();
                }
            });
        }
    }

    // ---- E: events

    private static EventLoopStats loop(SimDomain guest) {
        return guest.guest().loop().stats();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @OnSimulatedXen
    void C7_E1_aStormOfEventsForNothingIsSlowedDown(int number, SimulatedXen xen) throws Exception {
        SimDomain guest = guest(xen);
        try (Pair noisy = Pair.of(number, xen, guest, KEEP);
                Pair healthy = Pair.of(2, xen, guest, KEEP)) {
            long before = loop(guest).spuriousEvents();
            try (AutoCloseable storm = noisy.daemon.storm(20_000, () -> {})) {
                xen.runFor(Duration.ofSeconds(1));
                assertThat(loop(guest).spuriousEvents() - before).isBetween(3L, 40L);
                for (int i = 0; i < 20; i++) {
                    healthy.assertWorks(xen, i);
                }
            }
            assertThat(noisy.console.hasEnded()).isFalse();
        }
    }

    @SimulatedXenTest
    void E2_aStormWithOneByteEachIsRead_andTheOtherConsoleIsServed(SimulatedXen xen) throws Exception {
        SimDomain guest = guest(xen);
        try (Pair noisy = Pair.of(0, xen, guest, KEEP);
                Pair healthy = Pair.of(2, xen, guest, KEEP)) {
            int[] typed = new int[1];
            int read = 0;
            try (AutoCloseable storm = noisy.daemon.storm(
                    1_000, () -> typed[0] += noisy.daemon.typeSilently(new byte[] {(byte) typed[0]}))) {
                for (int i = 0; i < 50; i++) {
                    healthy.assertWorks(xen, i);
                    xen.runFor(Duration.ofMillis(1));
                    for (byte each : noisy.console.read(8192)) {
                        assertThat(each).isEqualTo((byte) read++);
                    }
                }
            }
            assertThat(read).isGreaterThan(10_000);
            // Nobody reads: the storm goes on, the buffer stays what it is.
            try (AutoCloseable storm = noisy.daemon.storm(
                    1_000, () -> typed[0] += noisy.daemon.typeSilently(new byte[] {(byte) typed[0]}))) {
                xen.runFor(Duration.ofMillis(100));
            }
            assertThat(noisy.console.device.readable()).isEqualTo(KEEP.inputBytes());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @OnSimulatedXen
    void E3_anEventThatIsLostIsSentAgain(int number, SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (Pair pair = Pair.of(number, xen, guest, KEEP)) {
            xen.runFor(Duration.ofMillis(1));
            int before = pair.daemon.events;
            xen.inject(Faults.none().withEventsDropped(1000));
            pair.console.write(pattern(10, 1));
            xen.runFor(Duration.ofMillis(1));
            xen.heal();
            assertThat(pair.daemon.events).isEqualTo(before);

            assertThat(xen.runUntil(() -> pair.daemon.events > before, Duration.ofMillis(250)))
                    .isTrue();
            assertThat(pair.console.device.stats().nudges()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @OnSimulatedXen
    void E3_inputIsFoundWithoutItsEvent(int number, SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (Pair pair = Pair.of(number, xen, guest, KEEP)) {
            xen.runFor(Duration.ofMillis(1));
            pair.daemon.typeSilently(pattern(10, 1));
            assertThat(xen.runUntil(() -> pair.console.device.readable() == 10, Duration.ofMillis(250)))
                    .isTrue();
        }
    }

    // ---- G, R14: the page after the end

    @SimulatedXenTest
    void G2_G6_R14_aPageStillMappedAfterTheEndGoesToQuarantine(SimulatedXen xen) {
        SimDomain guest = guest(xen);
        Pair pair = Pair.of(1, xen, guest, KEEP);
        int gref = Integer.parseInt(pair.daemon.front(ConsoleKeys.RING_REF));
        pair.console.close();
        pair.daemon.state(XenbusState.CLOSED);
        pair.console.awaitEnd();

        assertThat(ledger(guest).quarantined()).isEqualTo(1);
        guest.run(g -> {
            List<GrantedPages> lent = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                lent.add(g.grants().grant(0, 1, GrantAccess.READ_WRITE, "others"));
            }
            pair.daemon.put(0, 0xdead_beef);
            for (GrantedPages pages : lent) {
                assertThat(pages.gref(0)).isNotEqualTo(gref);
                assertThat(pages.memory().getInt(0)).isZero();
                pages.release();
            }
        });
        pair.daemon.letGo();
        assertThat(xen.runUntil(() -> ledger(guest).quarantined() == 0, HandDaemon.SOON))
                .isTrue();
    }

    @SimulatedXenTest
    void R14_aNewConnectionHasAFreshPage(SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (Pair pair = Pair.of(1, xen, guest, KEEP)) {
            pair.console.write(pattern(10, 1));
            SharedMemory old = pair.daemon.page();
            String oldRef = pair.daemon.front(ConsoleKeys.RING_REF);

            pair.daemon.state(XenbusState.INITIALISING); // died; another took its place, and the page is still mapped
            pair.daemon.requireFront(XenbusState.INITIALISING);
            pair.daemon.handshake();
            assertThat(pair.daemon.front(ConsoleKeys.RING_REF)).isNotEqualTo(oldRef);
            assertThat(ledger(guest).quarantined()).isEqualTo(1);
            for (int at = 0; at < SharedMemory.PAGE_BYTES; at += 4) {
                old.putInt(at, -1);
            }

            assertThat(xen.runUntil(
                            () -> pair.daemon.page().getInt(XenconsInterface.OUT_PROD_OFFSET) == 10, HandDaemon.SOON))
                    .isTrue();
            assertThat(pair.daemon.read(100)).isEqualTo(pattern(10, 1));
            pair.assertWorks(xen, 7);
            assertThat(pair.console.told.stream().filter("connected"::equals)).hasSize(2);
        }
    }

    // ---- K: xenbus

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void K7_aBackendThatFlapsIsFollowedOrGivenUp(long seed) {
        try (SimulatedXen xen = SimulatedXen.deterministic(seed)) {
            SimDomain guest = guest(xen);
            HandDaemon daemon = new HandDaemon(xen, guest).attach(1);
            Watched console = Watched.xenbus(guest, 1, KEEP);
            Random random = new Random(seed);
            int handshakes = 0;
            for (int step = 0; step < 100 && !console.hasEnded(); step++) {
                if (random.nextInt(4) == 0) {
                    daemon.state(XenbusState.INIT_WAIT);
                    if (xen.toolstack()
                            .awaitState(
                                    daemon.device().frontendPath(), Duration.ofMillis(5), XenbusState.INITIALISED)) {
                        handshakes++;
                        daemon.state(XenbusState.CONNECTED);
                    }
                } else {
                    daemon.state(XenbusState.values()[1 + random.nextInt(8)]);
                }
                xen.runFor(Duration.ofMillis(random.nextInt(5)));
                if (!console.hasEnded()) {
                    console.write(pattern(10, step));
                }
            }
            assertThat(handshakes).as("seed=%d", seed).isPositive();
            if (!console.hasEnded()) {
                console.close();
                daemon.state(XenbusState.CLOSED);
            }
            assertThat(xen.runUntil(console::hasEnded, Duration.ofSeconds(10))).isTrue();
            assertThat(console.told.stream().filter("ended"::equals)).hasSize(1);
            daemon.letGo();
            xen.assertNothingLeaked();
            xen.assertNoErrors();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = XenbusState.class,
            names = {"INITIALISING", "INIT_WAIT", "INITIALISED", "CONNECTED"})
    @OnSimulatedXen
    void K10_closingEndsThoughTheBackendNeverLeavesItsState(XenbusState stuck, SimulatedXen xen) {
        SimDomain guest = guest(xen);
        Pair pair = Pair.of(1, xen, guest, KEEP);
        if (stuck != XenbusState.CONNECTED) {
            pair.daemon.state(stuck);
            xen.runFor(Duration.ofMillis(5));
        }
        long sinceNs = xen.clock().nanoTime();
        pair.console.close();

        assertThat(xen.runUntil(pair.console::hasEnded, Duration.ofSeconds(30))).isTrue();
        assertThat(xen.clock().nanoTime() - sinceNs).isLessThan(4 * HANDSHAKE_NS);
        assertThat(ledger(guest).quarantined()).isEqualTo(1);
        pair.daemon.letGo();
        xen.runFor(Duration.ofSeconds(2));
    }

    @SimulatedXenTest
    void K10_connectingEndsThoughTheBackendNeverLeavesItsState(SimulatedXen xen) {
        SimDomain guest = guest(xen);
        HandDaemon daemon = new HandDaemon(xen, guest).attach(1);
        Watched console = Watched.xenbus(guest, 1, KEEP);
        daemon.advertise();

        assertThat(xen.runUntil(console::hasEnded, Duration.ofSeconds(30))).isTrue();
        assertThat(console.reason).isInstanceOf(XenTimeoutException.class);
    }

    @SimulatedXenTest
    void K11_aDeviceThatVanishesEndsTheConsole(SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (Pair pair = Pair.of(1, xen, guest, KEEP)) {
            pair.console.write(pattern(10, 1));
            xen.toolstack().forceDetach(pair.daemon.device());
            pair.console.awaitEnd();
            assertThat(pair.console.reason).isInstanceOf(XenPeerGoneException.class);
            // Nothing of it comes to life again.
            xen.runFor(Duration.ofSeconds(1));
            assertThat(xen.toolstack().read(pair.daemon.device().frontendPath() + "/state"))
                    .isNull();
        }
    }

    @SimulatedXenTest
    void K12_aDeviceThatIsReplacedUnnoticedIsConnectedAnew(SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (Pair pair = Pair.of(1, xen, guest, KEEP)) {
            pair.console.write(pattern(10, 1));
            String oldRef = pair.daemon.front(ConsoleKeys.RING_REF);
            // The backend crashes, and the toolstack makes the device again at the same path.
            xen.toolstack().writeFrontend(pair.daemon.device(), "state", "1");
            pair.daemon.state(XenbusState.INITIALISING);
            xen.runFor(Duration.ofMillis(5));
            assertThat(pair.daemon.front("state")).isEqualTo("1"); // no Closing, no Closed in the successor's way

            pair.daemon.handshake();

            assertThat(pair.daemon.front(ConsoleKeys.RING_REF)).isNotEqualTo(oldRef);
            assertThat(xen.runUntil(() -> Arrays.equals(pair.daemon.read(100), pattern(10, 1)), HandDaemon.SOON))
                    .isTrue();
            pair.assertWorks(xen, 3);
        }
    }

    // ---- L: lives and stages

    @SimulatedXenTest
    void L1_whatTheOldBackendDoesAfterAResumeConcernsNobody(SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (Pair pair = Pair.of(1, xen, guest, KEEP)) {
            pair.console.write(pattern(10, 1));
            SharedMemory old = pair.daemon.page();
            xen.toolstack().suspend(guest);
            xen.toolstack().restore(guest);
            for (int at = 0; at < SharedMemory.PAGE_BYTES; at += 4) {
                old.putInt(at, -1);
            }
            pair.console.write(pattern(5, 2));
            pair.daemon.event();
            xen.runFor(Duration.ofMillis(5));

            pair.daemon.reattached();
            pair.daemon.handshake();

            assertThat(guest.await(() -> pair.console.device.outstanding() == 15, HandDaemon.SOON))
                    .isTrue();
            assertThat(pair.daemon.read(10)).isEqualTo(pattern(10, 1));
            assertThat(pair.daemon.read(100)).isEqualTo(pattern(5, 2));
            pair.assertWorks(xen, 3);
        }
    }

    @SimulatedXenTest
    void L1_aPrimaryPageThatIsNonsenseAfterAResumeBreaksTheConsole(SimulatedXen xen) {
        SimDomain guest = guest(xen);
        Watched console = Watched.primary(guest, KEEP);
        xen.toolstack().suspend(guest);
        xen.toolstack().restore(guest);
        try (HandDaemon daemon = new HandDaemon(xen, guest).primary()) {
            daemon.put(XenconsInterface.OUT_CONS_OFFSET, 1); // before the guest has looked
            assertThat(console.hasEnded()).isFalse();
            console.assertBroken("out_cons");
        }
    }

    /** How far a connection had come. */
    enum Stage {
        STARTED,
        PUBLISHED,
        MAPPED,
        CONNECTED
    }

    private static Watched reach(Stage stage, HandDaemon daemon, SimDomain guest) {
        daemon.attach(1);
        Watched console = Watched.xenbus(guest, 1, KEEP);
        if (stage.compareTo(Stage.PUBLISHED) >= 0) {
            daemon.advertise();
        }
        if (stage.compareTo(Stage.MAPPED) >= 0) {
            daemon.take();
        }
        if (stage.compareTo(Stage.CONNECTED) >= 0) {
            daemon.connected();
        }
        return console;
    }

    @ParameterizedTest
    @EnumSource
    @OnSimulatedXen
    void L3_removalAtAnyStageLeavesNothingBehind(Stage stage, SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (HandDaemon daemon = new HandDaemon(xen, guest)) {
            Watched console = reach(stage, daemon, guest);
            console.write(pattern(10, 1));
            xen.toolstack().forceDetach(daemon.device());
            assertThat(xen.runUntil(console::hasEnded, Duration.ofSeconds(30))).isTrue();
            assertThat(console.told.stream().filter("ended"::equals)).hasSize(1);
        }
        xen.runFor(Duration.ofSeconds(2));
    }

    @ParameterizedTest
    @EnumSource
    @OnSimulatedXen
    void L3_closingAtAnyStageLeavesNothingBehind(Stage stage, SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (HandDaemon daemon = new HandDaemon(xen, guest)) {
            Watched console = reach(stage, daemon, guest);
            console.close();
            assertThat(xen.runUntil(console::hasEnded, Duration.ofSeconds(30))).isTrue();
            assertThat(console.reason).isNull();
            console.close();
            assertThat(console.told.stream().filter("ended"::equals)).hasSize(1);
        }
        xen.runFor(Duration.ofSeconds(2));
    }

    @ParameterizedTest
    @EnumSource
    @OnSimulatedXen
    void L3_removalAfterAResumeAtAnyStageLeavesNothingBehind(Stage stage, SimulatedXen xen) {
        SimDomain guest = guest(xen);
        try (HandDaemon daemon = new HandDaemon(xen, guest)) {
            Watched console = reach(stage, daemon, guest);
            xen.toolstack().suspend(guest);
            xen.toolstack().restore(guest);
            daemon.reattached();
            xen.toolstack().forceDetach(daemon.device());
            assertThat(xen.runUntil(console::hasEnded, Duration.ofSeconds(30))).isTrue();
            assertThat(console.told.stream().filter("ended"::equals)).hasSize(1);
        }
        xen.runFor(Duration.ofSeconds(2));
    }
}
