package org.xenpv.blkfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.backends.block.ServiceModel;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenIoException;
import org.xenpv.fault.XenPeerGoneException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.XenbusState;

/** The disk as its users see it, over an honest backend with every feature switched on and off. */
class BlkfrontTest {

    private static final int DISK_BYTES = 1 << 20;
    private static final int SECTORS = DISK_BYTES / 512;
    private static final Duration A_WHILE = Duration.ofSeconds(5);

    static byte[] randomBytes(int count, long seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static MemoryStore disk() {
        return MemoryStore.of(randomBytes(DISK_BYTES, 1));
    }

    private static byte[] read(Blkfront disk, long sector, int bytes) {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        disk.read(sector, buffer).join();
        return buffer.array();
    }

    record Variant(String name, BlkfrontConfig front, BlkbackConfig back) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Variant> variants() {
        BlkfrontConfig front = BlkfrontConfig.DEFAULT;
        BlkbackConfig back = BlkbackConfig.DEFAULT;
        return Stream.of(
                new Variant("all features", front.queuesMax(4).ringPageOrderMax(4), back),
                new Variant("the oldest protocol", front, BlkbackConfig.PLAIN),
                new Variant(
                        "frontend wants nothing",
                        front.persistentGrants(false)
                                .indirectSegmentsMax(0)
                                .ringPageOrderMax(0)
                                .flush(false)
                                .barrier(false)
                                .discard(false),
                        back),
                new Variant(
                        "no persistent grants",
                        front,
                        back.with().persistent(false).build()),
                new Variant(
                        "no indirect requests",
                        front,
                        back.with().indirectSegmentsMax(0).build()),
                new Variant(
                        "256 indirect segments",
                        front.indirectSegmentsMax(256).requestBytes(1 << 20).requestsPerQueue(8),
                        back),
                new Variant(
                        "13 indirect segments",
                        front,
                        back.with().indirectSegmentsMax(13).build()),
                new Variant("ring of one page", front.ringPageOrderMax(0), back),
                new Variant(
                        "ring of 16 pages",
                        front.ringPageOrderMax(4).requestsPerQueue(100).requestBytes(8192),
                        back),
                new Variant("3 queues", front.queuesMax(3), back),
                new Variant("one request at a time", front.requestsPerQueue(1), back),
                new Variant("a page per request", front.requestBytes(4096), back));
    }

    @ParameterizedTest
    @MethodSource("variants")
    @OnSimulatedXen
    void shouldReadBackWhatWasWritten_whateverWasNegotiated(Variant variant, SimulatedXen xen) {
        byte[] model = randomBytes(DISK_BYTES, 1);
        Random random = new Random(xen.seed());
        try (DiskHost host = new DiskHost(xen, MemoryStore.of(model), variant.back());
                Blkfront disk = host.connect(variant.front())) {
            for (int round = 0; round < 30; round++) {
                List<CompletableFuture<?>> pending = new ArrayList<>();
                List<ByteBuffer> reads = new ArrayList<>();
                List<byte[]> expected = new ArrayList<>();
                // Disjoint ranges within a round: what overlaps in flight has no defined order.
                int sector = 0;
                while (sector < SECTORS) {
                    sector += random.nextInt(200);
                    int sectors = 1 + random.nextInt(random.nextInt(10) == 0 ? 600 : 20);
                    if (sector + sectors > SECTORS) {
                        break;
                    }
                    if (random.nextBoolean()) {
                        byte[] bytes = randomBytes(sectors * 512, random.nextLong());
                        System.arraycopy(bytes, 0, model, sector * 512, bytes.length);
                        pending.add(disk.write(sector, random.nextBoolean() ? ByteBuffer.wrap(bytes) : direct(bytes)));
                    } else {
                        ByteBuffer into = ByteBuffer.allocate(sectors * 512);
                        pending.add(disk.read(sector, into));
                        reads.add(into);
                        expected.add(Arrays.copyOfRange(model, sector * 512, (sector + sectors) * 512));
                    }
                    sector += sectors;
                }
                pending.forEach(CompletableFuture::join);
                for (int i = 0; i < reads.size(); i++) {
                    assertThat(reads.get(i).array()).isEqualTo(expected.get(i));
                }
            }
            assertThat(host.store.content()).isEqualTo(model);
            assertThat(disk.stats().faults()).isZero();
            assertThat(disk.stats().timeouts()).isZero();
        }
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    @SimulatedXenTest
    void shouldTellSizeAndNature(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            assertThat(disk.geometry()).isEqualTo(new BlkGeometry(SECTORS, 512, 512, false, false, false));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void shouldUseEveryFeature_whetherAdvertisedWhileWaitingOrOnConnecting(boolean late, SimulatedXen xen) {
        BlkbackConfig back = BlkbackConfig.DEFAULT.with().lateFeatures(late).build();
        try (DiskHost host = new DiskHost(xen, disk(), back);
                Blkfront disk = host.connect()) {
            assertThat(disk.features())
                    .isEqualTo(new BlkfrontFeatures(2, 1, 32, true, true, true, true, false, 512, 0));
            disk.flush().join();
            disk.discard(0, 8).join();
            assertThat(read(disk, 0, 4096)).containsOnly(0);
        }
    }

    @SimulatedXenTest
    void shouldMergeNeighboursAndNotifyOnce_whenOperationsComeInOneTurn(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            List<CompletableFuture<Integer>> reads = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                reads.add(disk.read(8L * i, ByteBuffer.allocate(4096)));
            }
            reads.forEach(CompletableFuture::join);

            BlkStats stats = disk.stats();
            assertThat(stats.operations()).isEqualTo(8);
            assertThat(stats.requests()).isEqualTo(1);
            assertThat(stats.merged()).isEqualTo(7);
            assertThat(stats.notificationsSent()).isEqualTo(1);
        }
    }

    @SimulatedXenTest
    void shouldKeepGrantsForTheLifeOfTheConnection_whenGrantsArePersistent(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            read(disk, 0, 4096);
            long before = host.guest.guest().grants().ledger().grantsTotal();
            for (int i = 0; i < 100; i++) {
                read(disk, i, 4096);
            }
            assertThat(host.guest.guest().grants().ledger().grantsTotal()).isEqualTo(before);
        }
    }

    @SimulatedXenTest
    void shouldGrantPerRequest_whenGrantsAreNotPersistent(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.PLAIN);
                Blkfront disk = host.connect()) {
            long before = host.guest.guest().grants().ledger().grantsTotal();
            read(disk, 0, 3 * 4096);
            assertThat(host.guest.guest().grants().ledger().grantsTotal()).isEqualTo(before + 3);
        }
    }

    @SimulatedXenTest
    void flushShouldPutOnTheMediumWhatWasWrittenBefore(SimulatedXen xen) {
        byte[] bytes = randomBytes(64 * 1024, 2);
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            disk.write(0, ByteBuffer.wrap(bytes)); // not waited for: the flush comes after it all the same
            disk.flush().join();
            host.store.powerCut();
            assertThat(Arrays.copyOf(host.store.content(), bytes.length)).isEqualTo(bytes);
        }
    }

    @SimulatedXenTest
    void flushShouldUseABarrier_whenTheBackendKnowsNothingElse(SimulatedXen xen) {
        byte[] bytes = randomBytes(4096, 2);
        BlkbackConfig config = BlkbackConfig.DEFAULT.with().flush(false).build();
        try (DiskHost host = new DiskHost(xen, disk(), config);
                Blkfront disk = host.connect()) {
            disk.write(0, ByteBuffer.wrap(bytes));
            disk.flush().join();
            host.store.powerCut();
            assertThat(Arrays.copyOf(host.store.content(), bytes.length)).isEqualTo(bytes);
        }
    }

    @SimulatedXenTest
    void I13_aFlushThatWasNotDoneIsNeverReportedDone(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.PLAIN);
                Blkfront disk = host.connect()) {
            assertThatThrownBy(() -> disk.flush().get())
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .isInstanceOf(XenIoException.class)
                    .hasMessageContaining("neither flush nor barriers");
        }
    }

    private static ServiceModel refusing(int operation, short verdict) {
        return new ServiceModel() {
            @Override
            public short verdict(int asked, long sector, long sectors) {
                return asked == operation ? verdict : Blkif.BLKIF_RSP_OKAY;
            }

            @Override
            public long delayNs(int asked, long sector, long sectors) {
                return 0;
            }
        };
    }

    @SimulatedXenTest
    void I13_aFlushAdvertisedAndRefusedFallsBackToABarrierNextTime(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(
                        xen,
                        disk(),
                        BlkbackConfig.DEFAULT,
                        back -> back.serviceModel(
                                refusing(Blkif.BLKIF_OP_FLUSH_DISKCACHE, Blkif.BLKIF_RSP_EOPNOTSUPP)));
                Blkfront disk = host.connect()) {
            assertThatThrownBy(() -> disk.flush().join()).hasCauseInstanceOf(XenIoException.class);
            disk.flush().join();
        }
    }

    @SimulatedXenTest
    void shouldFailTheOperationAndStayUp_whenTheBackendReportsAnError(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(
                        xen,
                        disk(),
                        BlkbackConfig.DEFAULT,
                        back -> back.serviceModel(refusing(Blkif.BLKIF_OP_WRITE, Blkif.BLKIF_RSP_ERROR)));
                Blkfront disk = host.connect()) {
            assertThatThrownBy(() -> disk.write(0, ByteBuffer.allocate(512)).join())
                    .hasCauseInstanceOf(XenIoException.class)
                    .hasMessageContaining("status=-1");
            assertThat(read(disk, 0, 512)).isEqualTo(Arrays.copyOf(host.store.content(), 512));
        }
    }

    @SimulatedXenTest
    void I11_theWorstAnswerOfASplitOperationCounts(SimulatedXen xen) {
        ServiceModel third = new ServiceModel() {
            private int asked;

            @Override
            public short verdict(int operation, long sector, long sectors) {
                return ++asked == 3 ? Blkif.BLKIF_RSP_ERROR : Blkif.BLKIF_RSP_OKAY;
            }

            @Override
            public long delayNs(int operation, long sector, long sectors) {
                return 0;
            }
        };
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT, back -> back.serviceModel(third));
                Blkfront disk = host.connect()) {
            assertThatThrownBy(() -> read(disk, 0, DISK_BYTES)).hasCauseInstanceOf(XenIoException.class);
            assertThat(read(disk, 0, DISK_BYTES)).isEqualTo(host.store.content());
        }
    }

    @SimulatedXenTest
    void discardShouldReachTheBackend(SimulatedXen xen) {
        BlkbackConfig config = BlkbackConfig.DEFAULT.with().discardSecure(true).build();
        try (DiskHost host = new DiskHost(xen, disk(), config);
                Blkfront disk = host.connect()) {
            disk.discard(8, 16).join();
            disk.discardSecurely(100, 1).join();
            assertThat(host.store.discards()).isEqualTo(1);
            assertThat(host.store.secureDiscards()).isEqualTo(1);
            assertThat(read(disk, 8, 8192)).containsOnly(0);
        }
    }

    @SimulatedXenTest
    void discardShouldFail_whenTheBackendDoesNotDoIt(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.PLAIN);
                Blkfront disk = host.connect()) {
            assertThatThrownBy(() -> disk.discard(0, 8).join()).hasCauseInstanceOf(XenIoException.class);
            assertThatThrownBy(() -> disk.discardSecurely(0, 8).join()).hasCauseInstanceOf(XenIoException.class);
        }
    }

    @SimulatedXenTest
    void barrierShouldBeWritten_andRefusedWhenItDoesNotFitOneRequest(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            byte[] bytes = randomBytes(4096, 3);
            disk.writeBarrier(0, ByteBuffer.wrap(bytes)).join();
            host.store.powerCut();
            assertThat(Arrays.copyOf(host.store.content(), 4096)).isEqualTo(bytes);
            assertThatThrownBy(() -> disk.writeBarrier(0, ByteBuffer.allocate(256 * 1024))
                            .join())
                    .hasCauseInstanceOf(XenIoException.class)
                    .hasMessageContaining("at most");
        }
    }

    @SimulatedXenTest
    void shouldRefuseWhatTheCallerMustGetRight_namingValueAndLimit(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            assertThatThrownBy(() -> disk.read(SECTORS, ByteBuffer.allocate(512)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("sector=" + SECTORS)
                    .hasMessageContaining(SECTORS + " sectors");
            assertThatThrownBy(() -> disk.read(-1, ByteBuffer.allocate(512)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> disk.read(Long.MAX_VALUE, ByteBuffer.allocate(512)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> disk.write(0, ByteBuffer.allocate(511)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("bytes=511");
            assertThatThrownBy(() -> disk.read(0, ByteBuffer.allocate(0))).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> disk.read(0, ByteBuffer.allocate(512).asReadOnlyBuffer()))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> disk.discard(0, Long.MAX_VALUE)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> disk.discard(0, 0)).isInstanceOf(IllegalArgumentException.class);
            assertThat(disk.stats().operations()).isZero();
        }
    }

    @SimulatedXenTest
    void shouldRefuseToWrite_whenTheDiskIsReadOnly(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, new MemoryStore(DISK_BYTES, true), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            assertThat(disk.geometry().readOnly()).isTrue();
            assertThatThrownBy(() -> disk.write(0, ByteBuffer.allocate(512)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("read-only");
            assertThatThrownBy(() -> disk.discard(0, 1)).isInstanceOf(IllegalStateException.class);
            assertThat(read(disk, 0, 512)).containsOnly(0);
        }
    }

    @SimulatedXenTest
    void shouldRefuseEverything_onceClosed(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT)) {
            Blkfront disk = host.connect();
            disk.close();
            disk.close();
            assertThatThrownBy(() -> disk.read(0, ByteBuffer.allocate(512)).join())
                    .hasCauseInstanceOf(XenPeerGoneException.class);
        }
    }

    @SimulatedXenTest
    void closeShouldFinishWhatWasSubmitted(SimulatedXen xen) {
        byte[] bytes = randomBytes(DISK_BYTES, 9);
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT)) {
            Blkfront disk = host.connect();
            CompletableFuture<Integer> write = disk.write(0, ByteBuffer.wrap(bytes));
            disk.close();
            assertThat(write.join()).isEqualTo(DISK_BYTES);
            assertThat(host.store.content()).isEqualTo(bytes);
        }
    }

    @SimulatedXenTest
    void shouldConnectAgain_afterClose(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT)) {
            for (int i = 0; i < 3; i++) {
                try (Blkfront disk = host.connect()) {
                    assertThat(read(disk, 0, 512)).isEqualTo(Arrays.copyOf(host.store.content(), 512));
                }
            }
        }
    }

    @SimulatedXenTest
    void shouldSayWhyItCannotConnect_whenThereIsNoSuchDevice(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT)) {
            BlkfrontConfig hasty = BlkfrontConfig.DEFAULT.handshakeNs(1_000_000_000L);
            assertThatThrownBy(() -> Blkfront.connect(host.guest.guest(), "device/vbd/1", hasty))
                    .isInstanceOf(XenException.class)
                    .hasMessageContaining("device/vbd/1");
            assertThatThrownBy(() -> Blkfront.connect(host.guest.guest(), "/device/vbd/1", hasty))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @SimulatedXenTest
    void shouldNotConnect_whenAFeatureIsNeitherOnNorOff(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT)) {
            assertThat(xen.toolstack().awaitState(host.device.backendPath(), A_WHILE, XenbusState.INIT_WAIT))
                    .isTrue();
            host.xen.toolstack().writeBackend(host.device, "feature-flush-cache", "maybe");
            assertThatThrownBy(host::connect)
                    .isInstanceOf(XenConfigException.class)
                    .hasMessageContaining("maybe");
            assertThat(xen.toolstack()
                            .read("/local/domain/" + host.guest.domid() + "/error/" + DiskHost.NODENAME + "/error"))
                    .contains("feature-flush-cache");
        }
    }

    @SimulatedXenTest
    void shouldBreak_whenTheSectorSizeChangesInUse(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            xen.toolstack().writeBackend(host.device, "sector-size", "4096");
            xen.toolstack().resize(host.device, SECTORS);
            xen.runFor(A_WHILE);
            assertThatThrownBy(() -> disk.read(0, ByteBuffer.allocate(512)).join())
                    .hasCauseInstanceOf(XenConfigException.class)
                    .hasMessageContaining("sector-size");
        }
    }

    @SimulatedXenTest
    void shouldSeeANewSize_whileInUse(SimulatedXen xen) {
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT);
                Blkfront disk = host.connect()) {
            host.driverDomain.run(domain -> {
                host.store.resize(2 * DISK_BYTES);
                host.backend().resize();
            });
            assertThat(xen.runUntil(() -> disk.geometry().sectors() == 2 * SECTORS, A_WHILE))
                    .isTrue();
            assertThat(read(disk, 2 * SECTORS - 1, 512)).containsOnly(0);
        }
    }

    @SimulatedXenTest
    void B4_operationsBeyondTheNewEndFail_whenTheDiskShrinks(SimulatedXen xen) {
        ServiceModel slow = new ServiceModel() {
            @Override
            public short verdict(int operation, long sector, long sectors) {
                return Blkif.BLKIF_RSP_OKAY;
            }

            @Override
            public long delayNs(int operation, long sector, long sectors) {
                return 1_000_000_000L;
            }
        };
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT, back -> back.serviceModel(slow));
                Blkfront disk = host.connect()) {
            CompletableFuture<Integer> beyond = disk.read(SECTORS - 8, ByteBuffer.allocate(4096));
            CompletableFuture<Integer> within = disk.read(0, ByteBuffer.allocate(4096));
            xen.runFor(Duration.ofMillis(10));
            xen.toolstack().resize(host.device, SECTORS / 2);
            assertThatThrownBy(beyond::join).hasCauseInstanceOf(XenIoException.class);
            assertThat(within.join()).isEqualTo(4096);
            assertThat(disk.geometry().sectors()).isEqualTo(SECTORS / 2);
            assertThatThrownBy(() -> disk.read(SECTORS - 8, ByteBuffer.allocate(512)))
                    .isInstanceOf(IllegalArgumentException.class);
            xen.runFor(A_WHILE);
        }
    }

    @SimulatedXenTest
    void I12_anOperationThatIsNeverAnsweredFailsInTime_andItsPagesStayWithTheBackend(SimulatedXen xen) {
        ServiceModel never = new ServiceModel() {
            @Override
            public short verdict(int operation, long sector, long sectors) {
                return Blkif.BLKIF_RSP_OKAY;
            }

            @Override
            public long delayNs(int operation, long sector, long sectors) {
                return sector == 0 ? 60_000_000_000L : 0;
            }
        };
        try (DiskHost host = new DiskHost(xen, disk(), BlkbackConfig.DEFAULT, back -> back.serviceModel(never));
                Blkfront disk = host.connect(
                        BlkfrontConfig.DEFAULT.requestNs(2_000_000_000L).requestsPerQueue(2))) {
            byte[] canary = new byte[4096];
            Arrays.fill(canary, (byte) 0x5a);
            ByteBuffer into = ByteBuffer.wrap(canary);
            CompletableFuture<Integer> read = disk.read(0, into);
            assertThatThrownBy(read::join).hasCauseInstanceOf(XenTimeoutException.class);
            assertThat(read(disk, 8, 4096)).isEqualTo(Arrays.copyOfRange(host.store.content(), 4096, 8192));

            xen.runFor(Duration.ofSeconds(70)); // the answer comes late
            assertThat(canary).containsOnly(0x5a);
            assertThat(disk.stats().responses()).isEqualTo(2);
            assertThat(disk.stats().timeouts()).isEqualTo(1);
        }
    }
}
