package org.xenpv.scenarios.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.BlockStoreException;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.blkfront.BlkfrontConfig;
import org.xenpv.fault.XenException;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.XenbusState;

/** Connecting to a disk whose backend cannot open its medium fails, soon, and in every order of events. */
class RefusedDiskTest {

    private static final long HANDSHAKE_NS = 2_000_000_000L;

    @OnSimulatedXen
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldFailToConnect_whenTheBackendCannotOpenTheMedium(boolean refusedBefore, SimulatedXen xen) {
        SimDomain driver = xen.createDomain(DomainConfig.named("disks").asDriverDomain());
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        driver.start(domain -> {
            BlkbackService service = new BlkbackService(
                    domain,
                    (params, writable) -> {
                        throw new BlockStoreException("image " + params, "does not exist");
                    },
                    BlkbackConfig.DEFAULT);
            service.start();
            return service;
        });
        SimDevice device = xen.toolstack().attachBlock(guest, driver, "xvda", Map.of("params", "none.img"));
        if (refusedBefore) {
            assertThat(xen.toolstack().awaitState(device.backendPath(), Duration.ofSeconds(5), XenbusState.CLOSING))
                    .isTrue();
        }
        long startNs = xen.clock().nanoTime();
        assertThatThrownBy(() -> Blkfront.connect(
                        guest.guest(), device.nodename(), BlkfrontConfig.DEFAULT.handshakeNs(HANDSHAKE_NS)))
                .isInstanceOf(XenException.class);
        assertThat(xen.clock().nanoTime() - startNs).isLessThanOrEqualTo(5 * HANDSHAKE_NS);
        driver.stopServices();
    }

    /** A backend that closed before we came, and has died since. */
    @SimulatedXenTest
    void shouldFailToConnect_whenTheBackendIsClosingForEver(SimulatedXen xen) {
        SimDomain driver = xen.createDomain(DomainConfig.named("disks").asDriverDomain());
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        SimDevice device = xen.toolstack().attachBlock(guest, driver, "xvda", Map.of("params", "none.img"));
        xen.toolstack().writeBackend(device, "state", Integer.toString(XenbusState.CLOSING.value()));
        long startNs = xen.clock().nanoTime();
        assertThatThrownBy(() -> Blkfront.connect(
                        guest.guest(), device.nodename(), BlkfrontConfig.DEFAULT.handshakeNs(HANDSHAKE_NS)))
                .isInstanceOf(XenException.class);
        assertThat(xen.clock().nanoTime() - startNs).isLessThanOrEqualTo(5 * HANDSHAKE_NS);
    }
}
