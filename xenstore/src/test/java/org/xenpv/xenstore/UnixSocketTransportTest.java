package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenpv.event.Clock;
import org.xenpv.event.ConcurrentInbox;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.io.xs.XsMessageType;

/** The client over a real socket; this test is the daemon, by hand. */
@Timeout(60)
class UnixSocketTransportTest {

    /** Times 4 KiB: more than any socket's buffer holds. */
    private static final int REQUESTS = 500;

    /** Real time passes here, on machines that may be busy: nothing may fail for being slow. */
    private static final XenstoreClient.Options PATIENT =
            XenstoreClient.Options.DEFAULT.withRequestTimeoutNs(50_000_000_000L);

    private final Clock clock = System::nanoTime;
    private final EventLoop loop = new EventLoop(new WakeOnlyEvents(clock), clock, new ConcurrentInbox());
    private Path directory;
    private Path path;
    private ServerSocketChannel listener;
    private SocketChannel peer;
    private XenstoreClient store;

    @BeforeEach
    void listen() throws IOException {
        // A socket's path has at most 108 bytes: too few for a build's own directory.
        directory = Files.createTempDirectory("xs");
        path = directory.resolve("s");
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(path));
        store = new XenstoreClient(UnixSocketTransport.connect(path), loop, PATIENT);
        peer = listener.accept();
    }

    @AfterEach
    void close() throws IOException {
        store.close();
        peer.close();
        listener.close();
        Files.deleteIfExists(path);
        Files.deleteIfExists(directory);
    }

    private void until(BooleanSupplier done) {
        assertThat(loop.runUntil(done, clock.nanoTime() + 30_000_000_000L)).isTrue();
    }

    private final XsDecoder decoder = new XsDecoder(4096);
    private final ByteBuffer in = ByteBuffer.allocate(8192).limit(0);

    private Msg receive() throws IOException {
        while (!decoder.complete()) {
            if (!in.hasRemaining()) {
                in.clear();
                assertThat(peer.read(in)).isPositive();
                in.flip();
            }
            int taken = decoder.feed(in.array(), in.position(), in.remaining());
            in.position(in.position() + taken);
        }
        Msg message = new Msg(
                XsMessageType.of(decoder.type()),
                decoder.reqId(),
                decoder.txId(),
                Arrays.copyOf(decoder.payload(), decoder.length()));
        decoder.next();
        return message;
    }

    private void send(byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            peer.write(buffer);
        }
    }

    @Test
    void shouldCarryRequestsAndReplies() throws IOException {
        for (int i = 0; i < 20; i++) {
            Outcome<String> outcome = new Outcome<>();
            store.read("k" + i, outcome);
            Msg request = receive();
            assertThat(request.text()).isEqualTo("k" + i + "|");
            send(Msg.of(request.type(), request.reqId(), 0, "v" + i).wire());
            until(outcome::isDone);
            assertThat(outcome.value()).isEqualTo("v" + i);
        }
    }

    @Test
    void shouldWakeAWaitingLoop() throws Exception {
        Outcome<String> outcome = new Outcome<>();
        store.read("k", outcome);
        Msg request = receive();
        Thread later = new Thread(() -> {
            try {
                send(Msg.of(request.type(), request.reqId(), 0, "v").wire());
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        later.start();
        until(outcome::isDone);
        assertThat(outcome.value()).isEqualTo("v");
        later.join();
    }

    @Test
    void shouldWaitForRoom_whenTheDaemonDoesNotRead() throws IOException {
        List<Outcome<Void>> outcomes = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            Outcome<Void> outcome = new Outcome<>();
            store.write("p", "x".repeat(4000), outcome);
            outcomes.add(outcome);
        }
        loop.runOnce();
        // What the socket did not take waits here, and goes out as the daemon reads.
        Thread daemon = new Thread(() -> {
            try {
                for (int i = 0; i < REQUESTS; i++) {
                    Msg request = receive();
                    send(Msg.of(request.type(), request.reqId(), 0, "OK|").wire());
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        daemon.start();
        until(() -> outcomes.get(REQUESTS - 1).isDone());
        assertThat(outcomes).allMatch(outcome -> outcome.times == 1 && outcome.error == null);
    }

    @Test
    void shouldDie_whenTheDaemonHangsUp() throws IOException {
        Outcome<String> outcome = new Outcome<>();
        store.read("k", outcome);
        peer.close();
        until(outcome::isDone);
        outcome.assertErrno("EIO");
        assertThat(outcome.error).hasMessageContaining("socket");
    }

    @Test
    void shouldEndItsThread_whenClosed() throws InterruptedException {
        store.close();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals("xenstore-socket")) {
                thread.join();
            }
        }
    }

    @Test
    void shouldNotTurnInCircles_whileNothingComes() {
        Outcome<String> outcome = new Outcome<>();
        store.read("k", outcome);
        loop.runUntil(() -> false, clock.nanoTime() + 300_000_000L);
        assertThat(loop.stats().turns()).isLessThan(50);
    }

    @Test
    void shouldSayWhere_whenNobodyListens() {
        assertThatThrownBy(() -> UnixSocketTransport.connect(directory.resolve("nobody")))
                .isInstanceOf(XenPeerGoneException.class)
                .hasMessageContaining("nobody");
    }
}
