package org.xenpv.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.xenbus.XenbusState;

class ToolstackTest {

    private final SimulatedXen xen = SimulatedXen.deterministic(5);
    private final Toolstack toolstack = xen.toolstack();
    private final SimDomain driver =
            xen.createDomain(DomainConfig.named("driver").asDriverDomain());
    private final SimDomain guest = xen.createDomain(DomainConfig.named("guest"));

    @AfterEach
    void closeHost() {
        xen.assertNothingLeaked();
        xen.assertNoErrors();
        xen.close();
    }

    private String value(String path) {
        return xen.xenstored().value(path);
    }

    private List<String> permissions(String path) {
        return xen.xenstored().permissions(path);
    }

    private static Map<String, String> image() {
        return Map.of("params", "disk.img");
    }

    @Test
    void shouldMakeADomainsHomeAsLibxlDoes() {
        assertThat(guest.domid()).isEqualTo(2);
        assertThat(value("/local/domain/2/name")).isEqualTo("guest");
        assertThat(value("/local/domain/2/domid")).isEqualTo("2");
        assertThat(value("/local/domain/2/memory/static-max")).isEqualTo("32768");
        assertThat(value(value("/local/domain/2/vm") + "/name")).isEqualTo("guest");
        assertThat(permissions("/local/domain/2")).containsExactly("n0", "r2");
        assertThat(permissions("/local/domain/2/control")).containsExactly("n0", "r2");
        assertThat(permissions("/local/domain/2/control/shutdown")).containsExactly("n2");
        assertThat(permissions("/local/domain/2/data")).containsExactly("n2");
        assertThat(value("/local/domain/2/control/feature-suspend")).isEqualTo("1");
        assertThat(xen.xenstored().children("/local/domain/1")).contains("backend");
        assertThat(permissions("/local/domain/1/backend")).containsExactly("n1");
        assertThat(xen.xenstored().isIntroduced(2)).isTrue();
    }

    @Test
    void shouldMakeThePrimaryConsolesNodes() {
        assertThat(value("/local/domain/2/console/port"))
                .isEqualTo("" + guest.guest().console().port());
        assertThat(value("/local/domain/2/console/backend")).isEqualTo("/local/domain/0/backend/console/2/0");
        assertThat(value("/local/domain/2/console/type")).isEqualTo("xenconsoled");
        assertThat(permissions("/local/domain/2/console")).containsExactly("n0", "r2");
        assertThat(value("/local/domain/0/backend/console/2/0/frontend")).isEqualTo("/local/domain/2/console");
    }

    @Test
    void shouldLetTheGuestSeeItsHome_andNotChangeItsName() {
        List<String> outcome = new ArrayList<>();
        guest.run(g -> {
            g.store().read("name", (name, error) -> outcome.add(name));
            g.store().write("name", "root", (ok, error) -> outcome.add(error.getMessage()));
            g.store().write("data/mine", "1", (ok, error) -> outcome.add("" + error));
        });
        assertThat(guest.await(() -> outcome.size() == 3, Duration.ofSeconds(5)))
                .isTrue();
        assertThat(outcome.get(0)).isEqualTo("guest");
        assertThat(outcome.get(1)).contains("EACCES");
        assertThat(outcome.get(2)).isEqualTo("null");
    }

    @Test
    void shouldAttachADiskAsXlDoes() {
        SimDevice disk = toolstack.attachBlock(guest, driver, "xvda", image());

        assertThat(disk.nodename()).isEqualTo("device/vbd/51712");
        assertThat(disk.backendNodename()).isEqualTo("backend/vbd/2/51712");
        String front = "/local/domain/2/device/vbd/51712";
        String back = "/local/domain/1/backend/vbd/2/51712";
        assertThat(value(front + "/backend")).isEqualTo(back);
        assertThat(value(front + "/backend-id")).isEqualTo("1");
        assertThat(value(front + "/state")).isEqualTo("1");
        assertThat(value(front + "/virtual-device")).isEqualTo("51712");
        assertThat(value(front + "/device-type")).isEqualTo("disk");
        assertThat(permissions(front)).containsExactly("n2", "r1");
        assertThat(permissions(front + "/state")).containsExactly("n2", "r1");
        assertThat(value(back + "/frontend")).isEqualTo(front);
        assertThat(value(back + "/frontend-id")).isEqualTo("2");
        assertThat(value(back + "/online")).isEqualTo("1");
        assertThat(value(back + "/state")).isEqualTo("1");
        assertThat(value(back + "/mode")).isEqualTo("w");
        assertThat(value(back + "/params")).isEqualTo("disk.img");
        assertThat(permissions(back)).containsExactly("n1", "r2");
        assertThat(value("/libxl/2/device/vbd/51712/backend")).isEqualTo(back);
        assertThat(permissions("/libxl/2")).containsExactly("n0");
        assertThat(toolstack.devices()).containsExactly(disk);
        assertThatThrownBy(() -> toolstack.attachBlock(guest, driver, "xvda", image()))
                .hasMessageContaining("is attached already");
    }

    @Test
    void shouldAttachACdrom_whenTheParametersSaySo() {
        toolstack.attachBlock(guest, driver, "xvdd", Map.of("params", "cd.iso", "device-type", "cdrom", "mode", "r"));

        assertThat(value("/local/domain/2/device/vbd/51760/device-type")).isEqualTo("cdrom");
        assertThat(value("/local/domain/1/backend/vbd/2/51760/mode")).isEqualTo("r");
    }

    @Test
    void shouldAttachAConsole() {
        SimDevice console = toolstack.attachConsole(guest, xen.dom0(), 1);

        assertThat(console.nodename()).isEqualTo("device/console/1");
        assertThat(value("/local/domain/2/device/console/1/state")).isEqualTo("1");
        assertThat(value("/local/domain/0/backend/console/2/1/state")).isEqualTo("1");
        assertThatThrownBy(() -> toolstack.attachConsole(guest, xen.dom0(), 0)).hasMessageContaining("number=0");
    }

    @Test
    void shouldDetachAtOnce_whenTheBackendIsClosed() {
        SimDevice disk = toolstack.attachBlock(guest, driver, "xvda", image());
        toolstack.writeBackend(disk, "state", "6");

        assertThat(toolstack.detach(disk)).isTrue();

        assertThat(xen.xenstored().children("/local/domain/2/device/vbd/51712")).isNull();
        assertThat(xen.xenstored().children("/local/domain/1/backend/vbd/2/51712"))
                .isNull();
        assertThat(toolstack.devices()).isEmpty();
    }

    @Test
    void shouldAskTheBackendToCloseAndWaitForIt_whenDetaching() {
        SimDevice disk = toolstack.attachBlock(guest, driver, "xvda", image());
        List<String> seen = new ArrayList<>();
        driver.run(g -> {
            String state = disk.backendNodename() + "/state";
            g.store()
                    .watch(
                            state,
                            changed -> g.store()
                                    .readAll(
                                            (values, error) -> {
                                                if ("5".equals(values[0])) {
                                                    seen.add("online=" + values[1]);
                                                    g.store().write(state, "6", (ok, refused) -> {});
                                                }
                                            },
                                            state,
                                            disk.backendNodename() + "/online"));
        });

        assertThat(toolstack.detach(disk)).isTrue();

        assertThat(seen).containsExactly("online=0");
        driver.run(g -> g.close());
        toolstack.kill(driver);
        xen.forget(driver);
    }

    @Test
    void shouldRemoveByForce_whenTheBackendDoesNotAnswer() {
        SimDevice disk = toolstack.attachBlock(guest, driver, "xvda", image());
        long beforeNs = xen.clock().nanoTime();

        assertThat(toolstack.detach(disk, Duration.ofSeconds(4))).isFalse();

        assertThat(xen.clock().nanoTime() - beforeNs).isGreaterThanOrEqualTo(4_000_000_000L);
        assertThat(value("/local/domain/2/device/vbd/51712")).isNull();
    }

    @Test
    void shouldRemoveEverythingOfADomain_whenItIsDestroyed() {
        SimDevice disk = toolstack.attachBlock(guest, driver, "xvda", image());
        toolstack.writeBackend(disk, "state", "6");
        String vm = value("/local/domain/2/vm");

        toolstack.destroy(guest);

        assertThat(guest.isAlive()).isFalse();
        assertThat(xen.domains()).containsExactly(driver);
        assertThat(xen.xenstored().isIntroduced(2)).isFalse();
        for (String path : List.of(
                "/local/domain/2",
                vm,
                "/libxl/2",
                "/local/domain/1/backend/vbd/2/51712",
                "/local/domain/0/backend/console/2")) {
            assertThat(value(path)).as(path).isNull();
        }
    }

    @Test
    void shouldLeaveTheFrontendAndNoBackend_whenADriverDomainIsKilled() {
        SimDevice disk = toolstack.attachBlock(guest, driver, "xvda", image());

        toolstack.kill(driver);

        assertThat(toolstack.state(disk.backendPath())).isEqualTo(XenbusState.UNKNOWN);
        assertThat(toolstack.state(disk.frontendPath())).isEqualTo(XenbusState.INITIALISING);
        toolstack.kill(driver);
    }

    @Test
    void shouldServeFromANewDomain_whenABackendIsRestarted() {
        SimDevice disk = toolstack.attachBlock(guest, driver, "xvda", image());
        toolstack.writeBackend(disk, "sectors", "2048");
        toolstack.writeFrontend(disk, "state", "4");
        List<Integer> booted = new ArrayList<>();

        SimDomain fresh = toolstack.restartBackend(driver, domain -> booted.add(domain.domid()));

        assertThat(booted).containsExactly(3);
        assertThat(fresh.domid()).isEqualTo(3);
        assertThat(driver.isAlive()).isFalse();
        String back = "/local/domain/3/backend/vbd/2/51712";
        assertThat(value("/local/domain/2/device/vbd/51712/backend")).isEqualTo(back);
        assertThat(value("/local/domain/2/device/vbd/51712/backend-id")).isEqualTo("3");
        assertThat(value("/local/domain/2/device/vbd/51712/state")).isEqualTo("1");
        assertThat(value("/local/domain/2/device/vbd/51712/virtual-device")).isEqualTo("51712");
        assertThat(permissions("/local/domain/2/device/vbd/51712/state")).containsExactly("n2", "r3");
        assertThat(value("/local/domain/1")).isNull();
        assertThat(value(back + "/params")).isEqualTo("disk.img");
        assertThat(value(back + "/state")).isEqualTo("1");
        assertThat(value(back + "/sectors")).isNull();
        assertThat(permissions(back)).containsExactly("n3", "r2");
        assertThat(toolstack.devices().get(0).backend()).isSameAs(fresh);
    }

    @Test
    void shouldAnnounceAnotherSize() {
        SimDevice disk = toolstack.attachBlock(guest, driver, "xvda", image());

        toolstack.resize(disk, 4096);

        assertThat(value(disk.backendPath() + "/sectors")).isEqualTo("4096");
        assertThat(toolstack.state(disk.backendPath())).isEqualTo(XenbusState.CONNECTED);
        assertThatThrownBy(() -> toolstack.resize(disk, -1)).hasMessageContaining("sectors=-1");
    }

    @Test
    void shouldMakeBothDirectoriesOfAnInterface() {
        SimDevice vif = toolstack.attachNetwork(guest, xen.dom0(), 3, Map.of("mtu", "9000", "trusted", "0"));
        assertThat(vif.frontendPath()).isEqualTo("/local/domain/2/device/vif/3");
        assertThat(vif.backendPath()).isEqualTo("/local/domain/0/backend/vif/2/3");
        for (String key : new String[] {"mac", "mtu", "trusted", "handle"}) {
            assertThat(value(vif.frontendPath() + "/" + key)).as(key).isEqualTo(value(vif.backendPath() + "/" + key));
        }
        assertThat(value(vif.frontendPath() + "/mac")).isEqualTo("00:16:3e:00:02:03");
        assertThat(value(vif.frontendPath() + "/mtu")).isEqualTo("9000");
        assertThat(value(vif.frontendPath() + "/trusted")).isEqualTo("0");
        assertThat(value(vif.frontendPath() + "/handle")).isEqualTo("3");
        assertThat(value(vif.backendPath() + "/hotplug-status")).isEqualTo("connected");
        assertThat(value(vif.backendPath() + "/online")).isEqualTo("1");
        assertThat(toolstack.state(vif.frontendPath())).isEqualTo(XenbusState.INITIALISING);
        assertThatThrownBy(() -> toolstack.attachNetwork(guest, xen.dom0(), 3, Map.of()))
                .hasMessageContaining("attached already");
        assertThatThrownBy(() -> toolstack.attachNetwork(guest, xen.dom0(), 256, Map.of()))
                .hasMessageContaining("handle=256");
        toolstack.forceDetach(vif);
        assertThat(value(vif.frontendPath())).isNull();
    }

    @Test
    void shouldHandOverAShutdownRequest() {
        toolstack.requestShutdown(guest, "poweroff");

        assertThat(xen.runUntil(() -> !guest.shutdownRequests().isEmpty(), Duration.ofSeconds(5)))
                .isTrue();
        assertThat(guest.shutdownRequests()).containsExactly("poweroff");
        assertThat(value("/local/domain/2/control/shutdown")).isEmpty();
    }

    @Test
    void shouldThrowWhatXenstoredAnswers() {
        assertThat(toolstack.read("/no/such/node")).isNull();
        assertThatThrownBy(() -> toolstack.write("/local/domain/2/x//y", "1"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "xvda, 51712",
        "xvda1, 51713",
        "xvdb, 51728",
        "xvdp15, 51967",
        "xvdq, 268439552",
        "xvda16, 268435472",
        "xvdaa, 268442112",
        "51712, 51712",
        "2049, 2049"
    })
    void shouldNumberVirtualDisksAsXenVbdInterfaceSays(String vdev, int devid) {
        assertThat(VirtualDisk.devid(vdev)).isEqualTo(devid);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "xvd", "xvd1", "xvda0", "xvda256", "xvdA", "sda", "-1", "99999999999", "xvdzzzzzzzz"})
    void shouldRefuseADiskNameThatIsNone(String vdev) {
        assertThatThrownBy(() -> VirtualDisk.devid(vdev))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("vdev=" + vdev);
    }
}
