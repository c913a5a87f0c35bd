package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.io.xs.XenstoreDomainInterface;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.ring.ByteRingProducer;

/** The client over a shared page, with the daemon's half written out here. */
class RingTransportTest {

    private static final int PORT = 3;

    private final VirtualDomain domain = new VirtualDomain();
    private final ChronicleMemory page = ChronicleMemory.allocatePages(1);
    private final List<Msg> requests = new ArrayList<>();
    private final XsDecoder decoder = new XsDecoder(4096);

    private ByteRingConsumer req;
    private ByteRingProducer rsp;
    private RingTransport transport;
    private XenstoreClient store;

    @AfterEach
    void end() {
        if (store != null) {
            store.close();
            domain.run();
            assertThat(store.stats().inFlight()).isZero();
        }
        assertThat(domain.errors).isEmpty();
        page.close();
    }

    private void indices(int reqIndex, int rspIndex) {
        page.putIntRelease(XenstoreDomainInterface.REQ_CONS_OFFSET, reqIndex);
        page.putIntRelease(XenstoreDomainInterface.REQ_PROD_OFFSET, reqIndex);
        page.putIntRelease(XenstoreDomainInterface.RSP_CONS_OFFSET, rspIndex);
        page.putIntRelease(XenstoreDomainInterface.RSP_PROD_OFFSET, rspIndex);
    }

    private void connect() {
        attachDaemon();
        transport = new RingTransport(page, domain, PORT);
        store = new XenstoreClient(transport, domain.loop, XenstoreClient.Options.DEFAULT.withSeed(7));
        domain.onSend.put(PORT, this::takeRequests);
        domain.run();
    }

    private void attachDaemon() {
        req = ByteRingConsumer.attach(page, ByteRingLayout.XENSTORE_REQ);
        rsp = ByteRingProducer.attach(page, ByteRingLayout.XENSTORE_RSP);
    }

    private void takeRequests() {
        byte[] bytes = new byte[1024];
        int count = Math.max(0, req.read(bytes, 0, bytes.length));
        for (int at = 0; at < count; ) {
            at += decoder.feed(bytes, at, count - at);
            if (decoder.complete()) {
                requests.add(new Msg(
                        XsMessageType.of(decoder.type()),
                        decoder.reqId(),
                        decoder.txId(),
                        Arrays.copyOf(decoder.payload(), decoder.length())));
                decoder.next();
            }
        }
        if (count > 0) {
            domain.raise(PORT);
        }
    }

    private void send(Msg message) {
        byte[] wire = message.wire();
        int at = 0;
        while (at < wire.length) {
            int sent = rsp.write(wire, at, wire.length - at);
            assertThat(sent).as("the client takes what is there").isNotZero();
            at += sent;
            domain.raise(PORT);
            domain.run();
        }
    }

    private Outcome<String> read(String path) {
        Outcome<String> outcome = new Outcome<>();
        store.read(path, outcome);
        domain.run();
        return outcome;
    }

    private Msg last() {
        return requests.get(requests.size() - 1);
    }

    private void answer(String value) {
        send(Msg.of(last().type(), last().reqId(), last().txId(), value));
    }

    private void assertAlive() {
        Outcome<String> outcome = read("alive");
        answer("yes");
        assertThat(outcome.value()).isEqualTo("yes");
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "5, 900", "-10, -20", "2147483640, 2147483600", "-1, 1023"})
    void x2_shouldTakeUpTheIndicesWhereverTheyStand(int reqIndex, int rspIndex) {
        for (int at = 0; at < 2048; at += 4) {
            page.putIntRelease(at, 0xdeadbeef);
        }
        indices(reqIndex, rspIndex);
        connect();
        for (int i = 0; i < 100; i++) {
            Outcome<String> outcome = read("some/path/" + i);
            assertThat(last().text()).isEqualTo("some/path/" + i + "|");
            answer("value " + i);
            assertThat(outcome.value()).isEqualTo("value " + i);
        }
        assertThat(req.consPvt() - reqIndex).as("went around, more than once").isGreaterThan(2048);
        assertThat(rsp.prodPvt() - rspIndex).isGreaterThan(2048);
    }

    @Test
    void shouldCarryMessagesLongerThanTheRing() {
        connect();
        Outcome<Void> write = new Outcome<>();
        store.write("p", "x".repeat(4094), write);
        domain.run();
        assertThat(last().body()).hasSize(4096);
        answer("OK|");
        write.value();
        Outcome<String> read = read("p");
        answer("y".repeat(4096));
        assertThat(read.value()).hasSize(4096);
    }

    @Test
    void shouldSendOneEventPerBatch() {
        connect();
        int sent = domain.sentOn(PORT);
        Outcome<Void> outcome = new Outcome<>();
        store.writeAll(outcome, "a", "1", "b", "2", "c", "3");
        assertThat(domain.sentOn(PORT)).isEqualTo(sent + 1);
        domain.run();
        assertThat(requests).hasSize(3);
        assertThat(domain.sentOn(PORT)).as("nothing was moved since").isEqualTo(sent + 1);
        requests.forEach(request -> send(Msg.of(request.type(), request.reqId(), 0, "OK|")));
        outcome.value();
    }

    @Test
    void shouldLookWithoutAnEvent_whileAnAnswerIsAwaited() {
        connect();
        Outcome<String> outcome = read("a");
        byte[] wire = Msg.of(XsMessageType.READ, last().reqId(), 0, "v").wire();
        rsp.write(wire, 0, wire.length);
        domain.pass(4 * VirtualDomain.SECOND);
        assertThat(outcome.value()).as("the event was lost, the answer is not").isEqualTo("v");
    }

    @ParameterizedTest
    @ValueSource(ints = {1025, -1, Integer.MIN_VALUE})
    void x1_shouldGiveUp_whenRspProdIsNowhereNearRspCons(int ahead) {
        connect();
        Outcome<String> outcome = read("a");
        int cons = page.getIntAcquire(XenstoreDomainInterface.RSP_CONS_OFFSET);
        page.putIntRelease(XenstoreDomainInterface.RSP_PROD_OFFSET, cons + ahead);
        domain.raise(PORT);
        domain.run();
        outcome.assertErrno("EIO");
        assertThat(outcome.error).hasMessageContaining("rsp_prod");
        assertThat(page.getIntAcquire(XenstoreDomainInterface.RSP_PROD_OFFSET))
                .as("the other end's index is not ours to write")
                .isEqualTo(cons + ahead);
        Outcome<String> after = read("b");
        after.assertErrno("EIO");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, -1025, Integer.MAX_VALUE})
    void x1_shouldGiveUp_whenReqConsIsNowhereNearReqProd(int ahead) {
        connect();
        domain.onSend.remove(PORT);
        Outcome<String> first = read("a");
        int prod = page.getIntAcquire(XenstoreDomainInterface.REQ_PROD_OFFSET);
        page.putIntRelease(XenstoreDomainInterface.REQ_CONS_OFFSET, prod + ahead);
        Outcome<String> outcome = read("b");
        outcome.assertErrno("EIO");
        assertThat(outcome.error).hasMessageContaining("req_cons");
        first.assertErrno("EIO");
    }

    @Test
    void x1_shouldGiveUp_whenTheIndicesAreBadFromTheStart() {
        page.putIntRelease(XenstoreDomainInterface.RSP_PROD_OFFSET, 1025);
        connect();
        Outcome<String> outcome = read("a");
        outcome.assertErrno("EIO");
        assertThat(requests).isEmpty();
    }

    private void offerReconnect() {
        XenstoreDomainInterface.putServerFeatures(page, XenstoreDomainInterface.XENSTORE_SERVER_FEATURE_RECONNECTION);
    }

    /** What the daemon does when it is asked to begin anew. */
    private void resetByDaemon(int reqIndex, int rspIndex) {
        decoder.reset();
        indices(reqIndex, rspIndex);
        attachDaemon();
        XenstoreDomainInterface.putConnection(page, XenstoreDomainInterface.XENSTORE_CONNECTED);
        domain.raise(PORT);
    }

    @Test
    void shouldAskForReconnection_whenTheStreamBreaks_andServeAgain() {
        offerReconnect();
        connect();
        ClientHarness.Fires fires = new ClientHarness.Fires();
        store.watch("w", fires);
        domain.run();
        answer("OK|");
        Outcome<String> outcome = read("a");
        send(Msg.of(XsMessageType.DIRECTORY, last().reqId(), 0, "nonsense|"));
        outcome.assertErrno("EBADMSG");
        assertThat(XenstoreDomainInterface.connection(page)).isEqualTo(XenstoreDomainInterface.XENSTORE_RECONNECT);

        // Until the daemon says so, nothing in the page means anything.
        indices(0x1234, 0x5678);
        page.putIntRelease(XenstoreDomainInterface.RSP_PROD_OFFSET, 0);
        XenstoreDomainInterface.putServerFeatures(page, 0);
        domain.raise(PORT);
        domain.run();
        Outcome<String> waiting = read("b");
        assertThat(waiting.isDone()).isFalse();
        int before = requests.size();

        resetByDaemon(-100, 77);
        domain.run();
        assertThat(requests).hasSize(before + 2);
        for (Msg request : List.copyOf(requests.subList(before, before + 2))) {
            send(Msg.of(request.type(), request.reqId(), 0, "v"));
        }
        assertThat(waiting.value()).isEqualTo("v");
        assertThat(fires.paths).containsExactly("w", "w");
        assertThat(fires.lost).isEmpty();
        assertAlive();
    }

    @Test
    void shouldNotAskForReconnection_whenTheServerDoesNotOfferIt() {
        connect();
        Outcome<String> outcome = read("a");
        send(Msg.of(XsMessageType.DIRECTORY, last().reqId(), 0, "nonsense|"));
        outcome.assertErrno("EBADMSG");
        assertThat(XenstoreDomainInterface.connection(page)).isEqualTo(XenstoreDomainInterface.XENSTORE_CONNECTED);
        read("b").assertErrno("EIO");
    }

    @Test
    void shouldWaitForSomebodyElsesReset_atTheStart() {
        offerReconnect();
        XenstoreDomainInterface.putConnection(page, XenstoreDomainInterface.XENSTORE_RECONNECT);
        page.putIntRelease(XenstoreDomainInterface.RSP_PROD_OFFSET, 0x7777_7777);
        connect();
        Outcome<String> outcome = read("a");
        assertThat(requests).isEmpty();
        resetByDaemon(0, 0);
        domain.run();
        answer("v");
        assertThat(outcome.value()).isEqualTo("v");
    }

    @Test
    void shouldIgnoreTheConnectionWord_whenReconnectionIsNotOffered() {
        XenstoreDomainInterface.putConnection(page, 0xabcd);
        XenstoreDomainInterface.putError(page, 0xabcd);
        connect();
        assertAlive();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, -1})
    void shouldGiveUp_whenTheServerReportsAnError(int error) {
        XenstoreDomainInterface.putServerFeatures(page, XenstoreDomainInterface.XENSTORE_SERVER_FEATURE_ERROR);
        connect();
        Outcome<String> outcome = read("a");
        XenstoreDomainInterface.putError(page, error);
        domain.raise(PORT);
        domain.run();
        outcome.assertErrno("EIO");
        assertThat(outcome.error).hasMessageContaining("error=" + Integer.toUnsignedString(error));
    }

    @Test
    void shouldLeavePageAndPortAlone_afterClose() {
        connect();
        assertAlive();
        store.close();
        int sent = domain.sentOn(PORT);
        send0(Msg.of(XsMessageType.READ, 1, 0, "nobody listens"));
        domain.raise(PORT);
        domain.run();
        assertThat(page.getIntAcquire(XenstoreDomainInterface.RSP_CONS_OFFSET)).isNotEqualTo(rsp.prodPvt());
        assertThat(domain.sentOn(PORT)).isEqualTo(sent);
    }

    private void send0(Msg message) {
        byte[] wire = message.wire();
        rsp.write(wire, 0, wire.length);
    }

    @Test
    void shouldRefuseMisuse() {
        assertThatIllegalArgumentException().isThrownBy(() -> new RingTransport(null, domain, PORT));
        assertThatThrownBy(() -> new RingTransport(page.slice(0, 2048), domain, PORT))
                .isInstanceOf(IndexOutOfBoundsException.class);
        connect();
        assertThatIllegalStateException().isThrownBy(() -> transport.attach(domain.loop, budget -> 0));
    }
}
