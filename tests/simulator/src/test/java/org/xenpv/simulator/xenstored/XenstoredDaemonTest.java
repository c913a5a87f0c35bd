package org.xenpv.simulator.xenstored;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LocalInbox;
import org.xenpv.io.xs.XenstoreDomainInterface;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdSockmsg;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;

/** The daemon on guests' ring pages, on one thread: the test plays the guests and the clock. */
class XenstoredDaemonTest {

    private static final int PORT = 11;

    private final AtomicLong nowNs = new AtomicLong();
    private final LocalEvents events = new LocalEvents();
    private final EventLoop loop = new EventLoop(events, nowNs::get, new LocalInbox());
    private final List<String> log = new ArrayList<>();
    private final List<Integer> unmapped = new ArrayList<>();
    private final List<ChronicleMemory> pages = new ArrayList<>();
    private XenstoredDaemon daemon = new XenstoredDaemon(loop, config());

    private XenstoredConfig config() {
        return XenstoredConfig.defaults().withLog(log::add);
    }

    /** A guest's half of its page. */
    private final class Guest {
        final int domid;
        final ChronicleMemory page = ChronicleMemory.allocatePages(1);
        ByteRingProducer requests;
        ByteRingConsumer replies;

        Guest(int domid, int reqIndex, int rspIndex) {
            this.domid = domid;
            pages.add(page);
            page.putInt(XenstoreDomainInterface.REQ_CONS_OFFSET, reqIndex);
            page.putInt(XenstoreDomainInterface.REQ_PROD_OFFSET, reqIndex);
            page.putInt(XenstoreDomainInterface.RSP_CONS_OFFSET, rspIndex);
            page.putInt(XenstoreDomainInterface.RSP_PROD_OFFSET, rspIndex);
            attach();
        }

        Guest(int domid) {
            this(domid, 0, 0);
        }

        Guest introduced() {
            daemon.introduce(domid, new GuestRing(page, port(), () -> unmapped.add(domid)));
            settle();
            return this;
        }

        int port() {
            return PORT + domid;
        }

        void attach() {
            requests = ByteRingProducer.attach(page, ByteRingLayout.XENSTORE_REQ);
            replies = ByteRingConsumer.attach(page, ByteRingLayout.XENSTORE_RSP);
        }

        int send(byte[] bytes) {
            int sent = requests.write(bytes, 0, bytes.length);
            kick();
            return sent;
        }

        void kick() {
            events.raise(port());
            settle();
        }

        /** Reads what is there and gives the room back. */
        byte[] receive() {
            byte[] all = {};
            byte[] some = new byte[1024];
            int count = replies.read(some, 0, some.length);
            while (count > 0) {
                all = Arrays.copyOf(all, all.length + count);
                System.arraycopy(some, 0, all, all.length - count, count);
                kick();
                count = replies.read(some, 0, some.length);
            }
            return all;
        }

        List<String> ask(XsMessageType type, String... strings) {
            byte[] request = ConnectionRig.message(type, 7, strings);
            assertThat(send(request)).isEqualTo(request.length);
            return ConnectionRig.parse(receive());
        }

        int error() {
            return XenstoreDomainInterface.error(page);
        }

        int connection() {
            return XenstoreDomainInterface.connection(page);
        }
    }

    /** Turns until nothing happens any more, at the present time. */
    private void settle() {
        int turns = 0;
        while (loop.runOnce()) {
            assertThat(++turns).as("the loop comes to rest").isLessThan(10_000);
        }
    }

    private void pass(long ns) {
        nowNs.addAndGet(ns);
        settle();
    }

    /** What dom0's toolstack does for a guest. */
    private Guest home(Guest guest) {
        Guest dom0 = new Guest(0).introduced();
        String path = "/local/domain/" + guest.domid;
        assertThat(dom0.ask(XsMessageType.MKDIR, path)).containsExactly("MKDIR 7 0 OK|");
        assertThat(dom0.ask(XsMessageType.SET_PERMS, path, "n" + guest.domid)).containsExactly("SET_PERMS 7 0 OK|");
        return dom0;
    }

    @AfterEach
    void close() {
        assertThat(daemon.check()).isNull();
        daemon.close();
        daemon.close();
        pages.forEach(ChronicleMemory::close);
    }

    @Test
    void shouldServeAGuest_andShowItsFeatures() {
        Guest guest = new Guest(1).introduced();
        home(guest);
        assertThat(XenstoreDomainInterface.serverFeatures(guest.page)).isEqualTo(3);
        assertThat(guest.ask(XsMessageType.WRITE, "x", "v")).containsExactly("WRITE 7 0 OK|");
        assertThat(daemon.value("/local/domain/1/x")).isEqualTo("v\0");
        assertThat(daemon.permissions("/local/domain/1/x")).containsExactly("n1");
        assertThat(daemon.children("/local/domain/1")).containsExactly("x");
        assertThat(daemon.value("/nothing")).isNull();
        assertThat(daemon.usage(1)).isEqualTo(new DomainUsage(2, 0, 0, 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1000, Integer.MAX_VALUE - 700, -700, 12345})
    void shouldTakeUpIndicesWhereTheyStand_andGoOnAcrossTheirWrap(int start) {
        Guest guest = new Guest(1, start, start + 100).introduced();
        for (int i = 0; i < 200; i++) {
            assertThat(guest.ask(XsMessageType.GET_DOMAIN_PATH, "" + i))
                    .containsExactly("GET_DOMAIN_PATH 7 0 /local/domain/" + i + "|");
        }
        int moved = guest.page.getInt(XenstoreDomainInterface.RSP_PROD_OFFSET) - (start + 100);
        assertThat(moved).as("several times round the ring").isGreaterThan(4 * 1024);
        if (start == -700) {
            assertThat(guest.page.getInt(XenstoreDomainInterface.REQ_PROD_OFFSET))
                    .isPositive();
        }
        if (start == Integer.MAX_VALUE - 700) {
            assertThat(guest.page.getInt(XenstoreDomainInterface.REQ_PROD_OFFSET))
                    .isNegative();
        }
    }

    @Test
    void shouldSendRepliesLongerThanTheRing_asTheGuestMakesRoom() {
        Guest guest = new Guest(1).introduced();
        Guest dom0 = home(guest);
        byte[] request = ConnectionRig.message(
                XsMessageType.WRITE.value(), 1, 0, Arrays.copyOf(Payload.of("/local/domain/1/big"), 4096));
        int at = 0;
        while (at < request.length) {
            at += dom0.send(Arrays.copyOfRange(request, at, request.length));
        }
        assertThat(ConnectionRig.parse(dom0.receive())).containsExactly("WRITE 1 0 OK|");
        guest.send(ConnectionRig.message(XsMessageType.READ, 2, "big"));
        assertThat(guest.replies.queued()).isEqualTo(1024);
        assertThat(ConnectionRig.parse(guest.receive()).get(0))
                .startsWith("READ 2 0 ")
                .hasSize(9 + 4096 - 20);
    }

    @Test
    void shouldTellAGuestOfChangesThatOthersMake() {
        Guest guest = new Guest(1).introduced();
        Guest dom0 = home(guest);
        guest.ask(XsMessageType.WATCH, "x", "t");
        int kicks = events.sent(guest.port());
        dom0.ask(XsMessageType.WRITE, "/local/domain/1/x", "v");
        assertThat(events.sent(guest.port())).isGreaterThan(kicks);
        assertThat(ConnectionRig.parse(guest.receive())).containsExactly("WATCH_EVENT 0 0 x|t|");
    }

    @Test
    void shouldGoOnServingOthers_whenOneGuestReadsNothing() {
        Guest deaf = new Guest(1).introduced();
        Guest other = new Guest(2).introduced();
        byte[] request = ConnectionRig.message(XsMessageType.GET_DOMAIN_PATH, 1, "1");
        int sent = 0;
        for (int i = 0; i < 200; i++) {
            if (deaf.requests.free() >= request.length) {
                deaf.send(request);
                sent++;
            } else {
                deaf.kick();
            }
        }
        int replyBytes = XsdSockmsg.SIZEOF + "/local/domain/1|".length();
        assertThat(sent)
                .as("a ring full of replies, 20 more answered, a ring full of requests")
                .isEqualTo(1024 / replyBytes + 20 + 1024 / request.length);
        assertThat(other.ask(XsMessageType.GET_DOMAIN_PATH, "2"))
                .containsExactly("GET_DOMAIN_PATH 7 0 /local/domain/2|");
        int answered = ConnectionRig.parse(deaf.receive()).size();
        // Kicking without reading looked like a storm of events: the next ones are looked at a little later.
        pass(1_000_000_000L);
        answered += ConnectionRig.parse(deaf.receive()).size();
        assertThat(answered).isEqualTo(sent);
    }

    @Test
    void shouldPutAGuestOutOfService_whenItsIndicesAreWrong() {
        Guest guest = new Guest(1).introduced();
        guest.page.putInt(XenstoreDomainInterface.REQ_PROD_OFFSET, 1025);
        guest.kick();
        assertThat(guest.error()).isEqualTo(XenstoreDomainInterface.XENSTORE_ERROR_RINGIDX);
        assertThat(log).anyMatch(line -> line.contains("domain 1"));
        guest.page.putInt(XenstoreDomainInterface.REQ_PROD_OFFSET, 16);
        guest.kick();
        assertThat(guest.page.getInt(XenstoreDomainInterface.REQ_CONS_OFFSET)).isZero();
    }

    @Test
    void shouldPutAGuestOutOfService_whenItsReplyIndexIsWrong() {
        Guest guest = new Guest(1).introduced();
        guest.page.putInt(XenstoreDomainInterface.RSP_CONS_OFFSET, 5);
        guest.send(ConnectionRig.message(XsMessageType.GET_DOMAIN_PATH, 1, "1"));
        assertThat(guest.error()).isEqualTo(XenstoreDomainInterface.XENSTORE_ERROR_RINGIDX);
    }

    @Test
    void shouldPutAGuestOutOfService_whenItAnnouncesTooMuch_andLetItReconnect() {
        Guest guest = new Guest(1).introduced();
        home(guest);
        guest.ask(XsMessageType.WATCH, "x", "t");
        guest.ask(XsMessageType.TRANSACTION_START, "");
        byte[] header = new byte[XsdSockmsg.SIZEOF];
        XsdSockmsg.put(header, 0, XsMessageType.READ.value(), 1, 0, 4097);
        guest.send(header);
        assertThat(guest.error()).isEqualTo(XenstoreDomainInterface.XENSTORE_ERROR_PROTO);
        assertThat(daemon.usage(1).watches() + daemon.usage(1).transactions()).isZero();
        guest.send(ConnectionRig.message(XsMessageType.GET_DOMAIN_PATH, 1, "1"));
        assertThat(guest.replies.queued()).isZero();

        XenstoreDomainInterface.putConnection(guest.page, XenstoreDomainInterface.XENSTORE_RECONNECT);
        int kicks = events.sent(guest.port());
        guest.kick();
        assertThat(guest.connection()).isEqualTo(XenstoreDomainInterface.XENSTORE_CONNECTED);
        assertThat(guest.error()).isEqualTo(XenstoreDomainInterface.XENSTORE_ERROR_NONE);
        assertThat(events.sent(guest.port())).isGreaterThan(kicks);
        guest.attach();
        assertThat(guest.requests.prodPvt()).isZero();
        assertThat(guest.ask(XsMessageType.WRITE, "x", "v")).containsExactly("WRITE 7 0 OK|");
    }

    @Test
    void shouldDropWatchesAndPartialRequests_whenAHealthyGuestReconnects() {
        Guest guest = new Guest(1).introduced();
        home(guest);
        guest.ask(XsMessageType.WATCH, "x", "t");
        guest.send(Arrays.copyOf(ConnectionRig.message(XsMessageType.READ, 1, "x"), 17));
        XenstoreDomainInterface.putConnection(guest.page, XenstoreDomainInterface.XENSTORE_RECONNECT);
        guest.kick();
        guest.attach();
        assertThat(daemon.usage(1).watches()).isZero();
        assertThat(guest.ask(XsMessageType.WRITE, "x", "v")).containsExactly("WRITE 7 0 OK|");
    }

    @Test
    void shouldNotReconnect_whenItIsNotOffered() {
        daemon = new XenstoredDaemon(loop, config().withServerFeatures(0));
        Guest guest = new Guest(1).introduced();
        guest.page.putInt(XenstoreDomainInterface.REQ_PROD_OFFSET, 1025);
        guest.kick();
        assertThat(guest.error()).as("the field is not offered either").isZero();
        XenstoreDomainInterface.putConnection(guest.page, XenstoreDomainInterface.XENSTORE_RECONNECT);
        guest.kick();
        assertThat(guest.connection()).isEqualTo(XenstoreDomainInterface.XENSTORE_RECONNECT);
    }

    @Test
    void shouldReconnectAtOnce_whenThePageAsksForItFromTheStart() {
        Guest guest = new Guest(1, 77, 99);
        XenstoreDomainInterface.putConnection(guest.page, XenstoreDomainInterface.XENSTORE_RECONNECT);
        guest.introduced();
        assertThat(guest.connection()).isEqualTo(XenstoreDomainInterface.XENSTORE_CONNECTED);
        guest.attach();
        assertThat(guest.requests.prodPvt()).isZero();
        assertThat(guest.ask(XsMessageType.GET_DOMAIN_PATH, "1")).hasSize(1);
    }

    @Test
    void shouldGiveBackPageAndPort_whenADomainIsReleased() {
        Guest guest = new Guest(1).introduced();
        Guest dom0 = home(guest);
        dom0.ask(XsMessageType.WATCH, "@releaseDomain", "gone");
        guest.ask(XsMessageType.WRITE, "x", "v");
        assertThat(dom0.ask(XsMessageType.RELEASE, "1"))
                .containsExactly("WATCH_EVENT 0 0 @releaseDomain|gone|", "RELEASE 7 0 OK|");
        assertThat(unmapped).containsExactly(1);
        assertThat(events.isClosed(guest.port())).isTrue();
        assertThat(daemon.children("/local/domain")).isEmpty();
        assertThat(daemon.isIntroduced(1)).isFalse();
        daemon.release(1);
        assertThat(unmapped).containsExactly(1);
    }

    @Test
    void shouldReportShutdownOnce_untilResumed() {
        Guest guest = new Guest(1).introduced();
        Guest dom0 = home(guest);
        dom0.ask(XsMessageType.WATCH, "@releaseDomain", "gone");
        daemon.domainShutdown(1);
        daemon.domainShutdown(1);
        assertThat(ConnectionRig.parse(dom0.receive())).containsExactly("WATCH_EVENT 0 0 @releaseDomain|gone|");
        dom0.ask(XsMessageType.RESUME, "1");
        daemon.domainShutdown(1);
        assertThat(ConnectionRig.parse(dom0.receive())).hasSize(1);
    }

    @Test
    void shouldIntroduceByRequest_whereItIsToldWhereRingsAre() {
        Guest guest = new Guest(5);
        List<String> asked = new ArrayList<>();
        daemon = new XenstoredDaemon(loop, config().withRings((domid, gfn, port) -> {
            asked.add(domid + " " + gfn + " " + port);
            return domid == 5 ? new GuestRing(guest.page, guest.port(), () -> unmapped.add(5)) : null;
        }));
        Guest dom0 = new Guest(0).introduced();
        dom0.ask(XsMessageType.WATCH, "@introduceDomain", "come");
        assertThat(dom0.ask(XsMessageType.INTRODUCE, "5", "1234", "6"))
                .containsExactly("WATCH_EVENT 0 0 @introduceDomain|come|", "INTRODUCE 7 0 OK|");
        assertThat(dom0.ask(XsMessageType.INTRODUCE, "6", "1", "1")).containsExactly("ERROR 7 0 EINVAL|");
        assertThat(asked).containsExactly("5 1234 6", "6 1 1");
        assertThat(guest.ask(XsMessageType.WATCH, "x", "t")).hasSize(2);
        assertThat(dom0.ask(XsMessageType.INTRODUCE, "5", "1234", "6")).containsExactly("INTRODUCE 7 0 OK|");
        assertThat(daemon.usage(5).watches())
                .as("introduced again: starts anew")
                .isZero();
        guest.attach();
        assertThat(guest.ask(XsMessageType.GET_DOMAIN_PATH, "5")).hasSize(1);
    }

    @Test
    void shouldBeSilent_whenKilled_andWaitForReconnection_whenRestarted() {
        Guest guest = new Guest(1).introduced();
        home(guest);
        guest.ask(XsMessageType.WRITE, "x", "kept");
        guest.ask(XsMessageType.WATCH, "x", "t");
        daemon.kill();
        daemon.kill();
        guest.send(ConnectionRig.message(XsMessageType.READ, 1, "x"));
        assertThat(guest.replies.queued()).isZero();
        assertThat(guest.error()).isZero();

        daemon.restart();
        settle();
        assertThat(guest.error()).isEqualTo(XenstoreDomainInterface.XENSTORE_ERROR_COMM);
        assertThat(guest.replies.queued()).isZero();
        XenstoreDomainInterface.putConnection(guest.page, XenstoreDomainInterface.XENSTORE_RECONNECT);
        guest.kick();
        guest.attach();
        assertThat(guest.ask(XsMessageType.READ, "x")).containsExactly("READ 7 0 kept|");
        assertThat(daemon.usage(1).watches()).isZero();
        assertThatThrownBy(daemon::restart).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldKeepAllButTransactions_whenUpdatedByForce() {
        Guest guest = new Guest(1).introduced();
        home(guest);
        guest.ask(XsMessageType.WRITE, "x", "kept");
        guest.ask(XsMessageType.WATCH, "x", "t");
        assertThat(guest.ask(XsMessageType.TRANSACTION_START, "")).hasSize(1);
        assertThat(daemon.usage(1).transactions()).isEqualTo(1);

        daemon.forgetTransactions();
        assertThat(daemon.usage(1).transactions()).isZero();
        assertThat(daemon.usage(1).watches()).isEqualTo(1);
        assertThat(guest.ask(XsMessageType.READ, "x")).containsExactly("READ 7 0 kept|");
    }

    @Test
    void shouldDeliverDelayedEventsInTime() {
        daemon = new XenstoredDaemon(loop, config().withFaults(new XenstoredFaults() {
            @Override
            public long watchEvent(int domid, String path, String token) {
                return 5_000;
            }
        }));
        Guest dom0 = new Guest(0).introduced();
        assertThat(dom0.ask(XsMessageType.WATCH, "/a", "t")).containsExactly("WATCH 7 0 OK|");
        pass(4_999);
        assertThat(dom0.replies.queued()).isZero();
        pass(1);
        assertThat(ConnectionRig.parse(dom0.receive())).containsExactly("WATCH_EVENT 0 0 /a|t|");
    }

    @Test
    void shouldNotTakeTheEventsOfAnOrdinaryConversationForAStorm() {
        Guest guest = new Guest(1).introduced();
        long before = loop.stats().spuriousEvents();
        for (int i = 0; i < 50; i++) {
            guest.ask(XsMessageType.GET_DOMAIN_PATH, "1");
        }
        assertThat(loop.stats().spuriousEvents() - before).isZero();
    }

    @Test
    void shouldRefuseWhatCannotBe() {
        Guest guest = new Guest(1).introduced();
        GuestRing ring = new GuestRing(guest.page, 99, () -> {});
        assertThatThrownBy(() -> daemon.introduce(1, ring)).hasMessageContaining("domid=1");
        assertThatThrownBy(() -> daemon.introduce(-1, ring)).hasMessageContaining("domid=-1");
        assertThatThrownBy(() -> daemon.introduce(0x7ff0, ring)).hasMessageContaining("domid=32752");
        assertThatThrownBy(() -> daemon.reintroduce(2)).hasMessageContaining("domid=2");
        assertThatThrownBy(() -> new GuestRing(guest.page, 0, () -> {})).hasMessageContaining("port=0");
        assertThatThrownBy(() -> config().withServerFeatures(4)).hasMessageContaining("serverFeatures=4");
        assertThatThrownBy(() -> config().withQuotas(null)).hasMessageContaining("quotas");
    }
}
