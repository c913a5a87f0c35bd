package org.xenpv.scenarios.xenbus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.Blkback;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.HostConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/** A disk in use needs no xenstore: it reads and writes on while xenstore fails, and catches up afterwards. */
class DiskTroubleTest {

    private static final int BYTES = 1 << 16;

    private static void assertWorks(Blkfront disk, int seed) {
        byte[] bytes = new byte[BYTES];
        Arrays.fill(bytes, (byte) seed);
        disk.write(0, ByteBuffer.wrap(bytes)).join();
        ByteBuffer back = ByteBuffer.allocate(BYTES);
        disk.read(0, back).join();
        assertThat(back.array()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"EAGAIN", "EIO", "EQUOTA", StoreTrouble.SILENCE})
    void shouldReadAndWriteOn_whenXenstoreFailsTheFrontend(String errno) {
        StoreTrouble trouble = new StoreTrouble();
        HostConfig config = HostConfig.defaults().withXenstored(store -> store.withFaults(trouble));
        try (SimulatedXen xen = SimulatedXen.deterministic(Long.getLong("sim.seed", 1), config)) {
            SimDomain back = xen.createDomain(DomainConfig.named("disks").asDriverDomain());
            SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
            MemoryStore medium = new MemoryStore(BYTES, false);
            BlkbackService service = back.start(domain -> {
                BlkbackService disks = new BlkbackService(domain, (params, writable) -> medium, BlkbackConfig.DEFAULT);
                disks.start();
                return disks;
            });
            SimDevice device = xen.toolstack().attachBlock(guest, back, "xvda", Map.of("params", "memory"));
            try (Blkfront disk = Blkfront.connect(guest.guest(), device.nodename())) {
                xen.runFor(DeviceRig.SOON);
                trouble.of(guest.domid());
                trouble.answers(errno, XsMessageType.READ, XsMessageType.WRITE);
                medium.resize(2 * BYTES);
                back.run(domain -> service.devices().forEach(Blkback::resize));
                for (int second = 0; second < 12; second++) {
                    assertWorks(disk, second);
                    xen.runFor(Duration.ofSeconds(1));
                }
                assertThat(trouble.hits).isGreaterThan(1);
                assertThat(disk.geometry().sectors()).as("not known yet").isEqualTo(BYTES / 512);
                trouble.heal();
                xen.runFor(Duration.ofSeconds(10));
                assertThat(disk.geometry().sectors()).isEqualTo(2 * BYTES / 512);
                assertWorks(disk, 99);
                assertThat(disk.stats().reconnects()).isZero();
            }
            back.stopServices();
            xen.assertNothingLeaked();
            xen.assertNoErrors();
        }
    }
}
