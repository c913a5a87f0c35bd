package org.xenpv.scenarios.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.backends.block.ServiceModel;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.fault.XenIoException;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** The project's README, second program. */
class ReadmeDiskTest {

    /** Bad sectors from the middle on. */
    private static final ServiceModel BROKEN_HALF = new ServiceModel() {
        @Override
        public short verdict(int operation, long sector, long sectorCount) {
            return sector >= 1024 ? Blkif.BLKIF_RSP_ERROR : Blkif.BLKIF_RSP_OKAY;
        }

        @Override
        public long delayNs(int operation, long sector, long sectorCount) {
            return 200_000; // virtual time
        }
    };

    @SimulatedXenTest
    void shouldReportTheBadSector_whenHalfTheDiskIsBroken(SimulatedXen xen) {
        SimDomain driver = xen.createDomain(DomainConfig.named("disks").asDriverDomain());
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        driver.start(domain -> {
            BlkbackService service = new BlkbackService(
                    domain,
                    (params, writable) -> MemoryStore.of(new byte[1 << 20]),
                    BlkbackConfig.DEFAULT,
                    disk -> disk.serviceModel(BROKEN_HALF));
            service.start();
            return service;
        });
        SimDevice device = xen.toolstack().attachBlock(guest, driver, "xvda", Map.of("params", "memory"));
        try (Blkfront disk = Blkfront.connect(guest.guest(), device.nodename())) {
            assertThat(disk.read(0, ByteBuffer.allocate(4096)).join()).isEqualTo(4096);
            assertThatThrownBy(() -> disk.read(1024, ByteBuffer.allocate(512)).join())
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(XenIoException.class);
        }
        driver.stopServices();
    }
}
