package org.xenpv.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.io.console.ConsoleKeys;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.XenbusState;
import org.xenpv.xenstore.BlockingXenstore;

/** The console over a backend that does not wait for our state before it connects. */
class QemuConsoleTest {

    private static final Duration A_WHILE = Duration.ofSeconds(5);

    private static QemuConsole serve(SimulatedXen xen, SimDevice device) {
        return xen.dom0().start(dom0 -> {
            QemuConsole console = new QemuConsole(dom0, device);
            console.start();
            return console;
        });
    }

    private static void shouldPrint(String text, SimulatedXen xen, QemuConsole qemu, SimDomain guest, SimDevice device)
            throws IOException {
        String before = qemu.printed();
        try (PvConsole console = PvConsole.connect(guest.guest(), device.nodename(), ConsoleConfig.DEFAULT)) {
            console.output().write(text.getBytes(StandardCharsets.US_ASCII));
            assertThat(xen.runUntil(() -> qemu.printed().equals(before + text), A_WHILE))
                    .as(qemu.printed())
                    .isTrue();
        }
    }

    @SimulatedXenTest
    void shouldPrint_whenTheDeviceIsNew(SimulatedXen xen) throws IOException {
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        SimDevice device = xen.toolstack().attachConsole(guest, xen.dom0(), 1);
        QemuConsole qemu = serve(xen, device);
        shouldPrint("hello", xen, qemu, guest, device);
        xen.dom0().stopServices();
    }

    @SimulatedXenTest
    void shouldPrint_whenClosedAndOpened(SimulatedXen xen) throws IOException {
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        SimDevice device = xen.toolstack().attachConsole(guest, xen.dom0(), 1);
        QemuConsole qemu = serve(xen, device);
        for (int round = 0; round < 5; round++) {
            shouldPrint("round " + round, xen, qemu, guest, device);
        }
        xen.dom0().stopServices();
    }

    /** What Linux 6.1 leaves behind when a console is taken from it: a page that stays granted, and a port that is closed. */
    @SimulatedXenTest
    void shouldPrint_whenTheKernelsPageAndPortStandThereStill(SimulatedXen xen) throws IOException {
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        SimDevice device = xen.toolstack().attachConsole(guest, xen.dom0(), 1);
        GrantedPages kernels = guest.call(
                own -> own.grants().grant(device.backendId(), 1, GrantAccess.READ_WRITE, "the kernel's console ring"));
        int port = guest.call(own -> own.events().allocUnbound(device.backendId()));
        guest.run(own -> own.events().close(port));
        BlockingXenstore store =
                new BlockingXenstore(guest.guest().store(), guest.guest().loop());
        store.writeAll(
                device.nodename() + "/" + ConsoleKeys.RING_REF,
                Integer.toString(kernels.gref(0)),
                device.nodename() + "/" + ConsoleKeys.PORT,
                Integer.toString(port),
                device.nodename() + "/state",
                Integer.toString(XenbusState.CLOSED.value()));
        QemuConsole qemu = serve(xen, device);
        assertThat(xen.runUntil(
                        () -> Integer.toString(XenbusState.CLOSED.value())
                                .equals(store.readOrNull(device.backendPath() + "/state")),
                        A_WHILE))
                .isTrue();
        shouldPrint("hello", xen, qemu, guest, device);
        guest.run(own -> kernels.release());
        xen.dom0().stopServices();
    }
}
