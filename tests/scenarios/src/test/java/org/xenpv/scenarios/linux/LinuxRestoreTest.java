package org.xenpv.scenarios.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.backends.block.ServiceModel;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.blkfront.BlkfrontConfig;
import org.xenpv.event.Clock;
import org.xenpv.event.ConcurrentInbox;
import org.xenpv.event.EventLoop;
import org.xenpv.event.EventLoopThread;
import org.xenpv.event.LoopFuture;
import org.xenpv.event.linux.LinuxEventChannels;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.simulator.xenstored.XenstoredConfig;
import org.xenpv.simulator.xenstored.XenstoredDaemon;
import org.xenpv.xenbus.linux.KernelDrivers;
import org.xenpv.xenbus.linux.LinuxGuest;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.XenstoreClient;

/**
 * A Linux domain with a program that writes to a disk is saved and restored. The backend is ours, in another domain of the same fake
 * machine.
 */
class LinuxRestoreTest {

    private static final Clock CLOCK = System::nanoTime;
    private static final String DOMAINS = "/local/domain/";
    private static final String REQUEST = DOMAINS + "5/control/shutdown";
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 256;
    private static final int UNDER_WAY = 64;
    private static final long PATIENCE_NS = 50_000_000_000L;
    /** For something that should not happen. */
    private static final long A_WHILE_NS = 500_000_000L;

    /** So that most of what is under way is in flight whenever something happens. */
    private static final ServiceModel SLOW = new ServiceModel() {
        @Override
        public short verdict(int operation, long sector, long sectors) {
            return Blkif.BLKIF_RSP_OKAY;
        }

        @Override
        public long delayNs(int operation, long sector, long sectors) {
            return 5_000_000L;
        }
    };

    @TempDir
    Path folder;

    private final Random random = new Random(20261124);
    private final byte[] model = new byte[BLOCKS * BLOCK];
    private final FakeXen xen = new FakeXen(8192);
    private final FakeLinux backend = xen.boot(0, 1024);
    private final FakeLinux linux = xen.boot(5, 1024);
    private final MemoryStore medium = MemoryStore.of(new byte[BLOCKS * BLOCK]);
    private LinuxEventChannels daemonEvents;
    private XenstoredDaemon daemon;
    private EventLoopThread daemonThread;
    private BlockingXenstore dom0;
    private LinuxGuest backendGuest;
    private BlkbackService service;
    private EventLoopThread backendThread;
    private LinuxGuest guest;
    private EventLoopThread guestThread;

    @BeforeEach
    void boot() throws IOException {
        Path socket = folder.resolve("s");
        daemonEvents = LinuxEventChannels.open(xen.boot(9, 0), CLOCK);
        EventLoop loop = new EventLoop(daemonEvents, CLOCK, new ConcurrentInbox());
        daemon = new XenstoredDaemon(loop, XenstoredConfig.defaults());
        daemon.listen(socket);
        daemonThread = EventLoopThread.start(loop, "simulated-xenstored");
        dom0 = BlockingXenstore.connect(socket);
        linux.device("/dev/xen/xenbus", () -> new FakeXenbus(xen, socket, linux));
        backend.device("/dev/xen/xenbus", () -> new FakeXenbus(xen, socket));

        dom0.write(DOMAINS + "0/domid", "0");
        backendGuest = open(backend);
        service = new BlkbackService(
                backendGuest, (params, writable) -> medium, BlkbackConfig.DEFAULT, device -> device.serviceModel(SLOW));
        backendGuest.loop().tryRun(service::start);
        backendThread = EventLoopThread.start(backendGuest.loop(), "backend");
        make(5);
        guest = open(linux);
        guestThread = EventLoopThread.start(guest.loop(), "guest");
    }

    private LinuxGuest open(FakeLinux kernel) {
        return LinuxGuest.open(
                kernel,
                new KernelDrivers(folder.resolve("bus")),
                LinuxGuest.Options.DEFAULT.withStore(XenstoreClient.Options.DEFAULT.withRequestTimeoutNs(PATIENCE_NS)));
    }

    /** A domain's nodes, with a disk. */
    private void make(int domid) {
        String front = DOMAINS + domid + "/device/vbd/51712";
        String back = DOMAINS + "0/backend/vbd/" + domid + "/51712";
        dom0.transaction(tree -> {
            tree.writeAll(DOMAINS + domid + "/domid", Integer.toString(domid));
            tree.writeAll(DOMAINS + domid + "/control/shutdown", "");
            tree.writeAll(back + "/frontend-id", Integer.toString(domid), back + "/frontend", front);
            tree.writeAll(back + "/online", "1", back + "/state", "1", back + "/params", "memory", back + "/mode", "w");
            tree.writeAll(front + "/backend", back, front + "/backend-id", "0", front + "/state", "1");
            tree.writeAll(front + "/virtual-device", "51712", front + "/device-type", "disk");
            return null;
        });
    }

    private void freeze() {
        try {
            linux.freeze();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** What libxl does; the new domain's nodes may have the names of the old one's. */
    private void restore(int domid) {
        freeze();
        dom0.remove(DOMAINS + "5");
        dom0.remove(DOMAINS + "0/backend/vbd/5/51712");
        make(domid);
        linux.restore(domid);
    }

    @AfterEach
    void shutDown() {
        LoopFuture.ask(backendGuest.loop(), () -> {
            service.close();
            return null;
        });
        backendThread.close();
        backendGuest.close();
        dom0.close();
        daemonThread.close();
        daemon.close();
        daemonEvents.close();
        assertThat(xen.kernelBugs).as("BUGs of the kernel").isZero();
        assertThat(linux.gntallocPages).as("pages left granted").isZero();
        xen.close();
    }

    private Blkfront connect() {
        BlkfrontConfig patient = BlkfrontConfig.DEFAULT.requestNs(PATIENCE_NS).handshakeNs(PATIENCE_NS);
        return Blkfront.connect(guest, "device/vbd/51712", patient.requestsPerQueue(8));
    }

    private List<CompletableFuture<Integer>> writeSome(Blkfront disk) {
        List<CompletableFuture<Integer>> writes = new ArrayList<>();
        for (int i = 0; i < UNDER_WAY; i++) {
            byte[] data = new byte[BLOCK];
            random.nextBytes(data);
            int block = random.nextInt(BLOCKS / UNDER_WAY) * UNDER_WAY + i;
            System.arraycopy(data, 0, model, block * BLOCK, BLOCK);
            writes.add(disk.write((long) block * BLOCK / 512, ByteBuffer.wrap(data)));
        }
        return writes;
    }

    /** Writes are under way when something happens; all of them are done, and further ones. */
    private void goesOn(int reconnects, Runnable whatHappens) throws Exception {
        try (Blkfront disk = connect()) {
            List<CompletableFuture<Integer>> writes = writeSome(disk);
            whatHappens.run();
            for (CompletableFuture<Integer> write : writes) {
                write.get(PATIENCE_NS, TimeUnit.NANOSECONDS);
            }
            for (CompletableFuture<Integer> write : writeSome(disk)) {
                write.get(PATIENCE_NS, TimeUnit.NANOSECONDS);
            }
            ByteBuffer all = ByteBuffer.allocate(model.length);
            disk.read(0, all).get(PATIENCE_NS, TimeUnit.NANOSECONDS);
            assertThat(all.array()).isEqualTo(model);
            assertThat(disk.stats().reconnects()).isEqualTo(reconnects);
        }
        assertThat(medium.content()).isEqualTo(model);
        assertThat((int) LoopFuture.ask(
                        guest.loop(), () -> guest.grants().ledger().lent()))
                .isZero();
        guestThread.close();
        guest.close();
        assertThat(guest.devicesLeft())
                .as("event channel devices that the kernel cannot close, one for each restore")
                .isEqualTo(reconnects);
        linux.awaitXenbusClosed();
        assertThat(linux.openFiles()).isEqualTo(reconnects);
    }

    @Test
    void shouldGoOnInTheNewDomain() throws Exception {
        goesOn(1, () -> restore(7));
        assertThat(guest.domid()).isEqualTo(7);
    }

    @Test
    void shouldGoOn_whenTheNewDomainHasTheOldNumber() throws Exception {
        goesOn(1, () -> restore(5));
    }

    /** The kernel may stop a program between any two of its system calls, so that whoever unbinds when asked to may be too late. */
    @Test
    void shouldUnbindNoPort_whenItIsStoppedWhileASuspendIsComing() throws Exception {
        goesOn(1, () -> {
            linux.freezeAtUnbind();
            dom0.write(REQUEST, "suspend");
            awaitFrozen();
            restore(7);
        });
    }

    private void awaitFrozen() {
        long deadlineNs = System.nanoTime() + A_WHILE_NS;
        synchronized (xen) {
            while (!linux.isFrozen() && deadlineNs - System.nanoTime() > 0) {
                try {
                    xen.wait(10);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        }
    }

    @Test
    void shouldNoticeNothing_ofACheckpoint() throws Exception {
        goesOn(0, () -> {
            dom0.write(REQUEST, "suspend");
            freeze();
            dom0.write(REQUEST, "");
            linux.thaw();
        });
        assertThat(guest.domid()).isEqualTo(5);
    }
}
