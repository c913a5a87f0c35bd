package org.xenpv.scenarios.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.Blkback;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.backends.block.ServiceScript;
import org.xenpv.backends.block.StoreFactory;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifAbi;
import org.xenpv.ring.SharedRing;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.xenbus.XenbusState;

/** The block backend on a simulated host, against a frontend that is driven by hand. */
class BlkbackTest {

    private static final int SECTORS = 2048;

    @TempDir
    Path directory;

    private final SimulatedXen xen = SimulatedXen.deterministic(20);
    private final SimDomain driver =
            xen.createDomain(DomainConfig.named("disks").asDriverDomain());
    private final SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
    private final ServiceScript script = new ServiceScript(20);
    private MemoryStore store = MemoryStore.of(noise(SECTORS * 512));
    private int opened;
    private BlkbackService service;

    private static byte[] noise(int bytes) {
        byte[] noise = new byte[bytes];
        new Random(20).nextBytes(noise);
        return noise;
    }

    @AfterEach
    void shouldLeaveNothingBehind() {
        try (xen) {
            driver.stopServices();
            xen.assertNothingLeaked();
            xen.assertNoErrors();
        }
    }

    private void serve(StoreFactory stores, BlkbackConfig config) {
        service = driver.start(g -> {
            BlkbackService started = new BlkbackService(g, stores, config, device -> device.serviceModel(script));
            started.start();
            return started;
        });
    }

    private void serveMemory(BlkbackConfig config) {
        serve(
                (params, writable) -> {
                    opened++;
                    return store;
                },
                config);
    }

    private SimDevice attach(String... pairs) {
        Map<String, String> params = new LinkedHashMap<>();
        params.put("params", "memory");
        for (int i = 0; i < pairs.length; i += 2) {
            params.put(pairs[i], pairs[i + 1]);
        }
        return xen.toolstack().attachBlock(guest, driver, "xvda", params);
    }

    private Blkback backend(SimDevice device) {
        Blkback backend = service.device(device.backendNodename());
        assertThat(backend).isNotNull();
        return backend;
    }

    private void soon(BooleanSupplier condition) {
        assertThat(xen.runUntil(condition, Duration.ofSeconds(20))).isTrue();
    }

    private String error(SimDevice device) {
        return xen.toolstack().read(driver.home() + "/error/" + device.backendNodename() + "/error");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldAdvertiseWhatIsConfigured_flagsOnConnectingIfLate(boolean late) {
        serveMemory(BlkbackConfig.DEFAULT
                .with()
                .barrier(false)
                .discardGranularityBytes(4096)
                .discardAlignmentBytes(1024)
                .discardSecure(true)
                .lateFeatures(late)
                .build());
        ScriptedBlkfront front = new ScriptedBlkfront(guest, attach("device-type", "cdrom", "removable", "1"));
        assertThat(front.awaitBackend(XenbusState.INIT_WAIT)).isTrue();
        for (String flag : List.of("feature-persistent", "feature-flush-cache", "feature-barrier", "feature-discard")) {
            assertThat(front.backend(flag) == null).as(flag).isEqualTo(late);
        }
        assertThat(front.backend("feature-max-indirect-segments")).isEqualTo("256");
        assertThat(front.backend("max-ring-page-order")).isEqualTo("4");
        assertThat(front.backend("max-ring-pages")).isEqualTo("16");
        assertThat(front.backend("multi-queue-max-queues")).isEqualTo("4");
        front.connect(0, 1, false);
        assertThat(front.backend("feature-persistent")).isEqualTo("1");
        assertThat(front.backend("feature-flush-cache")).isEqualTo("1");
        assertThat(front.backend("feature-barrier")).isEqualTo("0");
        assertThat(front.backend("feature-discard")).isEqualTo("1");
        assertThat(front.backend("discard-granularity")).isEqualTo("4096");
        assertThat(front.backend("discard-alignment")).isEqualTo("1024");
        assertThat(front.backend("discard-secure")).isEqualTo("1");
        assertThat(front.backend("sectors")).isEqualTo("" + SECTORS);
        assertThat(front.backend("sector-size")).isEqualTo("512");
        assertThat(front.backend("physical-sector-size")).isEqualTo("512");
        assertThat(front.backend("info")).isEqualTo("" + (Blkif.VDISK_CDROM | Blkif.VDISK_REMOVABLE));
        front.close();
    }

    @Test
    void shouldAdvertiseNoOptionalKey_whenPlain() {
        serveMemory(BlkbackConfig.PLAIN);
        ScriptedBlkfront front = new ScriptedBlkfront(guest, attach()).connect(0, 1, true);
        for (String key : List.of(
                "feature-max-indirect-segments",
                "max-ring-page-order",
                "max-ring-pages",
                "multi-queue-max-queues",
                "discard-granularity",
                "discard-alignment",
                "discard-secure",
                "feature-large-sector-size")) {
            assertThat(front.backend(key)).as(key).isNull();
        }
        assertThat(front.backend("feature-persistent")).isEqualTo("0");
        assertThat(front.read(0, 4)).isEqualTo(Blkif.BLKIF_RSP_OKAY);
        assertThat(backend(front.device).persistentGrants()).isZero();
        front.close();
    }

    @Test
    void shouldOfferNeitherWritesNorDiscards_whenTheModeIsReadOnly() {
        serveMemory(BlkbackConfig.DEFAULT);
        ScriptedBlkfront front = new ScriptedBlkfront(guest, attach("mode", "r")).connect(0, 1, false);
        assertThat(front.backend("info")).isEqualTo("" + Blkif.VDISK_READONLY);
        assertThat(front.backend("feature-discard")).isEqualTo("0");
        byte[] before = store.content();
        assertThat(front.queue(0).perform(Blkif.BLKIF_OP_WRITE, 0, 1)).isEqualTo(Blkif.BLKIF_RSP_ERROR);
        assertThat(store.content()).isEqualTo(before);
        front.close();
    }

    @Test
    void shouldNotOfferDiscard_whenTheToolstackForbidsIt() {
        serveMemory(BlkbackConfig.DEFAULT);
        ScriptedBlkfront front = new ScriptedBlkfront(guest, attach("discard-enable", "0")).connect(0, 1, false);
        assertThat(front.backend("feature-discard")).isEqualTo("0");
        front.close();
    }

    @ParameterizedTest
    @EnumSource(BlkifAbi.class)
    void shouldReadAndWriteInBothAbis(BlkifAbi abi) {
        serveMemory(BlkbackConfig.DEFAULT);
        ScriptedBlkfront front = new ScriptedBlkfront(guest, attach(), abi).connect(0, 1, true);
        assertThat(front.read(100, 11)).isEqualTo(Blkif.BLKIF_RSP_OKAY);
        assertThat(front.data(11)).isEqualTo(Arrays.copyOfRange(store.content(), 51200, 51200 + 11 * 4096));
        byte[] written = new byte[8192];
        Arrays.fill(written, (byte) 9);
        front.data(written);
        assertThat(front.queue(0).perform(Blkif.BLKIF_OP_WRITE, 8, 2)).isEqualTo(Blkif.BLKIF_RSP_OKAY);
        assertThat(Arrays.copyOfRange(store.content(), 4096, 12288)).isEqualTo(written);
        assertThat(front.queue(0).events).isPositive();
        assertThat(backend(front.device).persistentGrants()).isEqualTo(11);
        front.close();
    }

    @ParameterizedTest
    @CsvSource({"0,1", "1,1", "4,1", "0,2", "2,3", "4,4"})
    void shouldServeEveryRing(int order, int queues) {
        serveMemory(BlkbackConfig.DEFAULT);
        ScriptedBlkfront front = new ScriptedBlkfront(guest, attach()).connect(order, queues, true);
        assertThat(backend(front.device).queues()).isEqualTo(queues);
        for (int q = 0; q < queues; q++) {
            ScriptedBlkfront.Queue queue = front.queue(q);
            assertThat(queue.front.nrEnts()).isEqualTo(32 << order);
            for (int i = 0; i < queue.front.nrEnts(); i++) {
                queue.stage(Blkif.BLKIF_OP_READ, i, i, 1);
            }
            queue.push();
            assertThat(queue.awaitAnswers(queue.front.nrEnts()))
                    .hasSize(queue.front.nrEnts())
                    .allMatch(answer -> answer.status() == Blkif.BLKIF_RSP_OKAY);
        }
        front.close();
    }

    @Test
    void shouldServeAnImageFileAndNeverTouchItReadOnly() throws IOException {
        byte[] content = noise(1 << 20);
        Path image = Files.write(directory.resolve("disk.img"), content);
        serve(StoreFactory.RAW_IMAGES, BlkbackConfig.DEFAULT);
        ScriptedBlkfront front = new ScriptedBlkfront(guest, attach("params", image.toString(), "mode", "r"));
        front.connect(0, 1, true);
        assertThat(front.read(8, 11)).isEqualTo(Blkif.BLKIF_RSP_OKAY);
        assertThat(front.data(11)).isEqualTo(Arrays.copyOfRange(content, 4096, 4096 + 11 * 4096));
        assertThat(front.queue(0).perform(Blkif.BLKIF_OP_WRITE, 0, 1)).isEqualTo(Blkif.BLKIF_RSP_ERROR);
        front.close();
        assertThat(Files.readAllBytes(image)).isEqualTo(content);
    }

    @Test
    void shouldSayWhatIsWrongWithTheImage_andClose() throws IOException {
        Path tooShort = Files.write(directory.resolve("short.img"), new byte[1000]);
        serve(StoreFactory.RAW_IMAGES, BlkbackConfig.DEFAULT);
        SimDevice device = attach("params", tooShort.toString());
        ScriptedBlkfront front = new ScriptedBlkfront(guest, device);
        assertThat(front.awaitBackend(XenbusState.CLOSING)).isTrue();
        assertThat(backend(device).reason()).hasMessageContaining(tooShort + ": is 1000 bytes long");
        assertThat(error(device)).isNotEmpty();
        front.release();
        assertThat(xen.toolstack().detach(device)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "protocol,arm-abi",
        "ring-page-order,9",
        "multi-queue-num-queues,9",
        "ring-ref,99999",
        "ring-ref,nonsense",
        "event-channel,1000",
        "event-channel,0",
        "feature-persistent,2"
    })
    void shouldRefuseAFrontendThatPublishesNonsense_andLeaveNothingMapped(String key, String value) {
        serveMemory(BlkbackConfig.DEFAULT);
        SimDevice device = attach();
        ScriptedBlkfront front = new ScriptedBlkfront(guest, device);
        assertThat(front.awaitBackend(XenbusState.INIT_WAIT)).isTrue();
        front.publish(0, 1, true);
        front.write(key, value);
        front.state(XenbusState.INITIALISED);
        assertThat(front.awaitBackend(XenbusState.CLOSING)).isTrue();
        assertThat(backend(device).reason()).isNotNull();
        assertThat(error(device)).isNotEmpty();
        assertThat(backend(device).queues()).isZero();
        front.release();
    }

    @Test
    void shouldCloseTheDevice_whenTheRequestProducerRunsPastTheRing() {
        serveMemory(BlkbackConfig.DEFAULT);
        SimDevice device = attach();
        ScriptedBlkfront front = new ScriptedBlkfront(guest, device).connect(0, 1, true);
        assertThat(front.read(0, 4)).isEqualTo(Blkif.BLKIF_RSP_OKAY);
        guest.run(g -> {
            front.queue(0).ring.memory().putIntRelease(SharedRing.REQ_PROD_OFFSET, 1000);
            g.events().send(front.queue(0).port);
        });
        assertThat(front.awaitBackend(XenbusState.CLOSING)).isTrue();
        assertThat(backend(device).reason()).hasMessageContaining("REQ_PROD_OVERFLOW");
        assertThat(error(device)).contains("REQ_PROD_OVERFLOW");
        front.release();
        assertThat(guest.<Integer>call(g -> g.grants().ledger().quarantined())).isZero();
    }

    @Test
    void shouldConnectAgain_whenTheFrontendStartsAnew() {
        serveMemory(BlkbackConfig.DEFAULT);
        SimDevice device = attach();
        ScriptedBlkfront front = new ScriptedBlkfront(guest, device).connect(0, 1, true);
        assertThat(front.read(0, 4)).isEqualTo(Blkif.BLKIF_RSP_OKAY);
        front.state(XenbusState.INITIALISING);
        assertThat(front.awaitBackend(XenbusState.INIT_WAIT)).isTrue();
        assertThat(backend(device).persistentGrants()).isZero();
        front.releaseRings();
        front.connect(0, 1, false);
        assertThat(front.read(0, 4)).isEqualTo(Blkif.BLKIF_RSP_OKAY);
        assertThat(backend(device).connections()).isEqualTo(2);
        assertThat(opened).as("the medium may be another").isEqualTo(2);
        front.close();
    }

    @Test
    void shouldAnnounceANewSizeThroughItsState() {
        serveMemory(BlkbackConfig.DEFAULT);
        SimDevice device = attach();
        ScriptedBlkfront front = new ScriptedBlkfront(guest, device).connect(0, 1, false);
        assertThat(front.read(SECTORS, 1)).isEqualTo(Blkif.BLKIF_RSP_ERROR);
        int fired = front.stateWatchFired;
        driver.run(g -> {
            store.resize(SECTORS * 2 * 512);
            backend(device).resize();
        });
        soon(() -> front.stateWatchFired > fired);
        assertThat(front.backend("sectors")).isEqualTo("" + SECTORS * 2);
        assertThat(front.backend("state")).isEqualTo("4");
        assertThat(front.read(SECTORS, 1)).isEqualTo(Blkif.BLKIF_RSP_OKAY);
        front.close();
    }

    @Test
    void shouldServeAgain_whenKilledAndRestarted_withRequestsInFlight() {
        serveMemory(BlkbackConfig.DEFAULT);
        SimDevice device = attach();
        ScriptedBlkfront front = new ScriptedBlkfront(guest, device).connect(0, 1, true);
        script.silent(true);
        front.queue(0).stage(Blkif.BLKIF_OP_READ, 1, 0, 4);
        front.queue(0).push();
        soon(() -> backend(device).outstanding() == 1);
        Blkback killed = backend(device);
        driver.run(g -> service.restart(device.backendNodename()));
        assertThat(killed.isEnded()).isTrue();
        assertThat(front.awaitBackend(XenbusState.INIT_WAIT)).isTrue();
        assertThat(front.queue(0).takeAnswers()).isEmpty();
        script.silent(false);
        front.state(XenbusState.INITIALISING);
        front.releaseRings();
        front.connect(1, 1, true);
        assertThat(opened).isEqualTo(2);
        assertThat(front.read(0, 4)).isEqualTo(Blkif.BLKIF_RSP_OKAY);
        front.close();
    }

    @Test
    void shouldNotTakeOverTheRingsOfABackendThatDied() {
        serveMemory(BlkbackConfig.DEFAULT);
        SimDevice device = attach();
        ScriptedBlkfront front = new ScriptedBlkfront(guest, device).connect(0, 1, true);
        driver.run(g -> service.restart(device.backendNodename()));
        assertThat(front.awaitBackend(XenbusState.INIT_WAIT)).isTrue();
        guest.await(() -> false, Duration.ofSeconds(2)); // the frontend notices nothing and stays Connected
        assertThat(front.backend("state")).isEqualTo("2");
        assertThat(backend(device).connections()).isZero();
        front.queue(0).stage(Blkif.BLKIF_OP_READ, 1, 0, 1);
        front.queue(0).push();
        assertThat(front.queue(0).awaitAnswers(1)).isEmpty();
        front.close();
    }

    @Test
    void shouldCloseTheMedium_whenTheToolstackDetaches() {
        serveMemory(BlkbackConfig.DEFAULT);
        SimDevice device = attach();
        ScriptedBlkfront front = new ScriptedBlkfront(guest, device).connect(0, 1, true);
        Blkback backend = backend(device);
        xen.toolstack().requestDetach(device);
        assertThat(front.awaitBackend(XenbusState.CLOSING)).isTrue();
        front.state(XenbusState.CLOSED);
        assertThat(xen.toolstack().detach(device)).isTrue();
        assertThat(backend.isEnded()).isTrue();
        assertThat(backend.reason()).isNull();
        assertThat(store.isClosed()).isTrue();
        front.release();
        soon(() -> service.devices().isEmpty());
    }

    @Test
    void shouldServeADeviceThatIsAttachedAgainUnderTheSameName() {
        serveMemory(BlkbackConfig.DEFAULT);
        for (int round = 1; round <= 3; round++) {
            store = MemoryStore.of(noise(SECTORS * 512));
            SimDevice device = attach();
            ScriptedBlkfront front = new ScriptedBlkfront(guest, device).connect(0, 1, true);
            assertThat(front.read(0, 1)).isEqualTo(Blkif.BLKIF_RSP_OKAY);
            assertThat(opened).isEqualTo(round);
            front.close();
            xen.toolstack().detach(device);
        }
    }

    @Test
    void shouldLetGoOfEverything_whenTheDeviceIsTornAway() {
        serveMemory(BlkbackConfig.DEFAULT);
        SimDevice device = attach();
        ScriptedBlkfront front = new ScriptedBlkfront(guest, device).connect(0, 1, true);
        front.read(0, 4);
        Blkback backend = backend(device);
        xen.toolstack().forceDetach(device);
        soon(backend::isEnded);
        assertThat(store.isClosed()).isTrue();
        front.release();
    }

    @Test
    void shouldLetGoOfEverything_whenTheFrontendsDomainIsDestroyed() {
        serveMemory(BlkbackConfig.DEFAULT);
        SimDevice device = attach();
        ScriptedBlkfront front = new ScriptedBlkfront(guest, device).connect(0, 1, true);
        front.read(0, 4);
        Blkback backend = backend(device);
        assertThat(backend.persistentGrants()).isEqualTo(4);
        xen.toolstack().destroy(guest);
        soon(backend::isEnded);
        assertThat(store.isClosed()).isTrue();
    }

    @Test
    void shouldTakeTheTimeItIsTold_inVirtualTime() {
        serveMemory(BlkbackConfig.DEFAULT);
        ScriptedBlkfront front = new ScriptedBlkfront(guest, attach()).connect(0, 1, true);
        script.delay(3_000_000, 3_000_000);
        long before = xen.clock().nanoTime();
        assertThat(front.read(0, 1)).isEqualTo(Blkif.BLKIF_RSP_OKAY);
        assertThat(xen.clock().nanoTime() - before).isBetween(3_000_000L, 10_000_000L);
        front.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shouldAnswerEveryRequestOnce_whenCompletionsOvertakeEachOther(long seed) {
        serveMemory(BlkbackConfig.DEFAULT);
        ScriptedBlkfront front = new ScriptedBlkfront(guest, attach()).connect(0, 1, true);
        script.delay(seed, 5_000_000 + seed);
        List<Long> ids = new ArrayList<>();
        for (long i = 0; i < 32; i++) {
            front.queue(0).stage(Blkif.BLKIF_OP_READ, i, i * 8, 1);
            ids.add(i);
        }
        front.queue(0).push();
        List<Long> order = front.queue(0).awaitAnswers(32).stream()
                .map(ScriptedBlkfront.Answer::id)
                .toList();
        assertThat(order).containsExactlyInAnyOrderElementsOf(ids).isNotEqualTo(ids);
        front.close();
    }

    @Test
    void shouldAnswerWhatWasParked_whenToldTo() {
        serveMemory(BlkbackConfig.DEFAULT);
        SimDevice device = attach();
        ScriptedBlkfront front = new ScriptedBlkfront(guest, device).connect(0, 1, true);
        script.silent(true);
        front.queue(0).stage(Blkif.BLKIF_OP_READ, 5, 0, 1);
        front.queue(0).push();
        assertThat(front.queue(0).awaitAnswers(1)).isEmpty();
        driver.run(g -> backend(device).answerParked());
        assertThat(front.queue(0).awaitAnswers(1)).hasSize(1);
        front.close();
    }
}
