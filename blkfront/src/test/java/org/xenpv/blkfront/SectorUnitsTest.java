package org.xenpv.blkfront;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
import org.xenpv.io.blkif.BlkifRequest;
import org.xenpv.io.blkif.BlkifRequestDiscard;
import org.xenpv.io.blkif.BlkifRequestSegment;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.SharedRing;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;

/** A disk of 4096-byte sectors: what stands on the ring in the units that each kind of deployed backend counts in. */
class SectorUnitsTest {

    /** The row of the specification's table: sectors, sector_number, first_sect and last_sect. */
    static Stream<Arguments> rows() {
        return Stream.of(
                Arguments.of(SectorUnits.SPECIFICATION, 512, 512, 512),
                Arguments.of(SectorUnits.FREEBSD, 4096, 4096, 512),
                Arguments.of(SectorUnits.QEMU, 4096, 4096, 4096),
                Arguments.of(SectorUnits.MINI_OS, 4096, 512, 512));
    }

    @ParameterizedTest
    @MethodSource("rows")
    @OnSimulatedXen
    void requestsShouldCountAsTheBackendDoes(
            SectorUnits units, int sizeUnit, int positionUnit, int segmentUnit, SimulatedXen xen) {
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        SimDomain backend = xen.createDomain(DomainConfig.named("backend").asDriverDomain());
        int backendId = backend.domid();
        int guestId = guest.domid();
        BlkfrontFeatures features = new BlkfrontFeatures(0, 1, 0, true, true, true, true, false, 4096, 0);
        BlkfrontConfig config = BlkfrontConfig.DEFAULT.units(units).requestsPerQueue(2);

        BlkQueue queue = guest.call(domain -> new BlkQueue(
                domain.grants(), domain.events(), backendId, 0, 0, config, new BlkCounters(), cause -> {}));
        MappedPages ring = backend.call(
                domain -> domain.mapper().map(guestId, new int[] {queue.ringRef(0)}, 1, GrantAccess.READ_WRITE));
        guest.run(domain -> {
            queue.connect(new BlkGeometry(1 << 20, 4096, 4096, false, false, false), features);
            queue.submit(queue.acquire().write(800, 8192, done -> {}));
            queue.submit(queue.acquire().discard(160, 80, false, done -> {}));
            queue.push();
        });

        SharedMemory memory = ring.memory();
        int write = SharedRing.RING_OFFSET;
        int discard = write + BlkifRequest.SLOT_BYTES;
        assertThat(BlkifRequest.sectorNumber(memory, write) * positionUnit).isEqualTo(800 * 512);
        int segment = BlkifRequest.segmentAt(write, 1);
        assertThat(BlkifRequestSegment.firstSect(memory, segment)).isZero();
        assertThat((BlkifRequestSegment.lastSect(memory, segment) + 1) * segmentUnit)
                .isEqualTo(4096);
        assertThat(BlkifRequestDiscard.sectorNumber(memory, discard) * positionUnit)
                .isEqualTo(160 * 512);
        assertThat(BlkifRequestDiscard.nrSectors(memory, discard) * positionUnit)
                .isEqualTo(80 * 512);
        assertThat(units.sizeUnitBytes(4096)).isEqualTo(sizeUnit);

        backend.run(domain -> ring.close());
        guest.run(domain -> {
            queue.stop();
            queue.release(false);
        });
    }
}
