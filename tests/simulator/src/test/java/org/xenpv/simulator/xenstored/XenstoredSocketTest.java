package org.xenpv.simulator.xenstored;

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
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdSockmsg;

@Timeout(60)
class XenstoredSocketTest {

    @TempDir
    Path directory;

    private SocketDaemon start() throws IOException {
        return new SocketDaemon(directory.resolve("socket"), XenstoredConfig.defaults());
    }

    private static void eventually(BooleanSupplier condition) {
        long deadlineNs = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadlineNs).as("in time").isNegative();
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static DomainUsage dom0(SocketDaemon server) {
        return server.on(() -> server.daemon.usage(0));
    }

    @Test
    void shouldBeOpenToItsOwnerOnly_andGoWhenClosed() throws IOException {
        SocketDaemon server = start();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(server.path)))
                .isEqualTo("rw-------");
        server.close();
        assertThat(server.path).doesNotExist();
    }

    @Test
    void shouldServeManyAtOnce() throws IOException {
        try (SocketDaemon server = start()) {
            List<WireClient> clients = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                clients.add(WireClient.ofSocket(server.path));
                clients.get(i).ask(XsMessageType.WATCH, 0, "/all", "t" + i);
            }
            clients.get(0).ask(XsMessageType.WRITE, 0, "/all/x");
            for (int i = 0; i < 20; i++) {
                assertThat(clients.get(i).takeEvents()).containsExactly("/all t" + i, "/all/x t" + i);
            }
        }
    }

    @Test
    void shouldReplaceTheSocketOfAServerThatIsGone() throws IOException {
        Path path = directory.resolve("socket");
        try (ServerSocketChannel gone = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            gone.bind(UnixDomainSocketAddress.of(path));
        }
        assertThat(path).exists();
        try (SocketDaemon server = start()) {
            assertThat(WireClient.ofSocket(server.path)
                            .ask(XsMessageType.READ, 0, "/tool")
                            .type())
                    .isEqualTo(XsMessageType.READ.value());
        }
    }

    @Test
    void shouldEndConnections_whenNobodyServesThemAnyMore() throws IOException {
        try (SocketDaemon server = start()) {
            WireClient old = WireClient.ofSocket(server.path);
            old.ask(XsMessageType.READ, 0, "/tool");
            server.stopLoop();
            old.send(new byte[1]);
            assertThatThrownBy(old::next).isInstanceOf(IOException.class);
            WireClient late = WireClient.ofSocket(server.path);
            assertThatThrownBy(late::next).isInstanceOf(IOException.class);
        }
    }

    @Test
    void shouldNotTakeThePlaceOfALiveServer() throws IOException {
        try (SocketDaemon server = start()) {
            assertThatThrownBy(this::start).isInstanceOf(IOException.class).hasMessageContaining("another server");
            assertThat(WireClient.ofSocket(server.path).takeEvents()).isEmpty();
        }
    }

    @Test
    void shouldNotRemoveAFileThatIsNoSocket() throws IOException {
        Files.writeString(directory.resolve("socket"), "precious");
        assertThatThrownBy(this::start).isInstanceOf(IOException.class).hasMessageContaining("is not a socket");
        assertThat(directory.resolve("socket")).hasContent("precious");
    }

    @Test
    void shouldCloseAConnectionThatAnnouncesTooMuch_andKeepTheOthers() throws IOException {
        try (SocketDaemon server = start()) {
            WireClient good = WireClient.ofSocket(server.path);
            WireClient bad = WireClient.ofSocket(server.path);
            bad.ask(XsMessageType.WATCH, 0, "/a", "t");
            byte[] header = new byte[XsdSockmsg.SIZEOF];
            XsdSockmsg.put(header, 0, XsMessageType.READ.value(), 1, 0, 5000);
            bad.send(header);
            assertThat(bad.next().type()).isEqualTo(XsMessageType.WATCH_EVENT.value());
            assertThatThrownBy(bad::next).isInstanceOf(IOException.class);
            assertThat(good.takeEvents()).isEmpty();
            assertThat(dom0(server).watches()).isZero();
        }
    }

    @Test
    void shouldForgetAConnectionThatIsGone() throws IOException {
        try (SocketDaemon server = start()) {
            try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(server.path))) {
                channel.write(ByteBuffer.wrap(ConnectionRig.message(XsMessageType.WATCH, 1, "/a", "t")));
                channel.write(ByteBuffer.wrap(ConnectionRig.message(XsMessageType.TRANSACTION_START, 2, "")));
                eventually(() -> dom0(server).transactions() == 1);
            }
            eventually(() -> dom0(server).watches() == 0 && dom0(server).transactions() == 0);
        }
    }

    @Test
    void shouldStopReadingFromAConnectionThatReadsNothing_andServeTheOthers() throws IOException {
        try (SocketDaemon server = start()) {
            WireClient good = WireClient.ofSocket(server.path);
            good.ask(XsMessageType.WRITE.value(), 0, Arrays.copyOf(Payload.of("/big"), 4096));
            try (SocketChannel deaf = SocketChannel.open(UnixDomainSocketAddress.of(server.path))) {
                deaf.configureBlocking(false);
                byte[] request = ConnectionRig.message(XsMessageType.READ, 1, "/big");
                ByteBuffer requests = ByteBuffer.allocate(request.length * 100);
                for (int i = 0; i < 100; i++) {
                    requests.put(request);
                }
                int refused = 0;
                while (refused < 200) {
                    if (deaf.write(requests.flip()) == 0) {
                        refused++;
                        LockSupport.parkNanos(1_000_000);
                    } else {
                        refused = 0;
                    }
                    requests.position(requests.limit());
                }
                // One piece of input may be answered in full beyond the limit: 64 KiB of requests for 4 KiB each.
                assertThat(dom0(server).queuedBytes()).isBetween(1, 16 * 1024 * 1024);
                assertThat(good.takeEvents()).isEmpty();
            }
            eventually(() -> dom0(server).queuedBytes() == 0);
        }
    }

    @Test
    void shouldCloseConnections_whenKilled_andListenAgain_whenRestarted() throws IOException {
        try (SocketDaemon server = start()) {
            WireClient client = WireClient.ofSocket(server.path);
            client.ask(XsMessageType.WRITE, 0, "/kept");
            server.on(() -> {
                server.daemon.kill();
                return null;
            });
            assertThatThrownBy(client::next).isInstanceOf(IOException.class);
            assertThat(server.path).doesNotExist();
            server.on(() -> {
                server.daemon.restart();
                try {
                    return server.daemon.listen(server.path);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            assertThat(WireClient.ofSocket(server.path)
                            .ask(XsMessageType.READ, 0, "/kept")
                            .type())
                    .isEqualTo(XsMessageType.READ.value());
        }
    }
}
