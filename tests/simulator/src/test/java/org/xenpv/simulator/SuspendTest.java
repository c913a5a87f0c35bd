package org.xenpv.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenpv.event.EventLoop;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.grant.abi.AbiGrantTable;
import org.xenpv.simulator.hypervisor.Domain;
import org.xenpv.simulator.hypervisor.HypervisorFaults;
import org.xenpv.xenbus.BareGuest;
import org.xenpv.xenbus.BareGuest.EventAbi;
import org.xenpv.xenbus.Lifecycle;

/** Suspend through control/shutdown, and the two ways to go on. */
class SuspendTest {

    private static final Duration LONG = Duration.ofSeconds(20);

    static Stream<Arguments> hosts() {
        return Stream.of(false, true)
                .flatMap(live -> Stream.of(EventAbi.values())
                        .flatMap(abi -> Stream.of(1, 2).map(version -> Arguments.of(live, abi, version))));
    }

    private static SimulatedXen open(boolean live) {
        return live ? SimulatedXen.live() : SimulatedXen.deterministic(3);
    }

    private static DomainConfig config(EventAbi abi, int version) {
        return DomainConfig.named("sleeper")
                .withGuest(BareGuest.Options.defaults()
                        .withEvents(abi)
                        .withGrants(AbiGrantTable.Options.defaults().withVersion(version)));
    }

    private static List<String> listen(SimDomain domain) {
        List<String> calls = new CopyOnWriteArrayList<>();
        domain.run(guest -> guest.addLifecycle(new Lifecycle() {
            @Override
            public void beforeSuspend() {
                calls.add("before");
            }

            @Override
            public void afterResume(boolean cancelled) {
                calls.add("after cancelled=" + cancelled + " domid=" + guest.domid());
            }
        }));
        return calls;
    }

    @ParameterizedTest(name = "live={0} {1} v{2}")
    @MethodSource("hosts")
    void shouldGoOnAsBefore_whenTheSuspendIsCancelled(boolean live, EventAbi abi, int version) {
        try (SimulatedXen xen = open(live)) {
            SimDomain domain = xen.createDomain(config(abi, version));
            List<String> calls = listen(domain);
            GrantedPages pages = domain.call(guest -> guest.grants().grant(0, 2, GrantAccess.READ_WRITE, "kept"));
            int port = domain.call(guest -> guest.events().allocUnbound(0));

            xen.toolstack().suspend(domain);
            assertThat(domain.isSuspended()).isTrue();
            assertThat(calls).containsExactly("before");
            xen.toolstack().resume(domain);

            assertThat(xen.runUntil(() -> calls.size() == 2, LONG)).isTrue();
            assertThat(calls.get(1)).isEqualTo("after cancelled=true domid=1");
            assertThat(domain.hypervisorDomain().strayPorts()).containsExactly(port);
            assertThat(xen.dom0().<Boolean>call(guest -> {
                        guest.mapper()
                                .map(1, new int[] {pages.gref(0)}, 1, GrantAccess.READ_WRITE)
                                .close();
                        return true;
                    }))
                    .isTrue();
            assertStoreWorks(domain);
            domain.run(guest -> {
                pages.release();
                guest.events().close(port);
            });
            xen.assertNothingLeaked();
            xen.assertNoErrors();
        }
    }

    @ParameterizedTest(name = "live={0} {1} v{2}")
    @MethodSource("hosts")
    void shouldComeBackAsAnotherDomainWithoutGrantsAndPorts_whenRestored(boolean live, EventAbi abi, int version) {
        try (SimulatedXen xen = open(live)) {
            SimDomain domain = xen.createDomain(config(abi, version));
            List<String> calls = listen(domain);
            GrantedPages pages = domain.call(guest -> guest.grants().grant(0, 2, GrantAccess.READ_WRITE, "old life"));
            int port = domain.call(guest -> guest.events().allocUnbound(0));
            domain.run(guest -> guest.loop().register(port, "old", budget -> 0));
            AtomicInteger fired = new AtomicInteger();
            domain.run(guest -> guest.store().watch("data", changed -> fired.incrementAndGet()));
            pages.memory().putInt(0, 4711);

            xen.toolstack().suspend(domain);
            xen.toolstack().restore(domain);

            assertThat(xen.runUntil(() -> calls.size() == 2, LONG)).isTrue();
            assertThat(calls).containsExactly("before", "after cancelled=false domid=2");
            assertThat(domain.domid()).isEqualTo(2);
            assertThat(domain.hypervisorDomain().strayPorts()).isEmpty();
            assertThat(pages.memory().getInt(0)).isEqualTo(4711);
            assertThat(xen.xenstored().isIntroduced(1)).isFalse();
            assertThatThrownBy(() -> xen.dom0()
                            .run(guest -> guest.mapper().map(2, new int[] {pages.gref(0)}, 1, GrantAccess.READ_WRITE)))
                    .hasMessageContaining("status=-1");
            assertStoreWorks(domain);
            int before = fired.get();
            domain.run(guest -> guest.store().write("data/x", "1", (ok, error) -> {}));
            assertThat(xen.runUntil(() -> fired.get() > before, LONG)).isTrue();
            assertThat(domain.<Boolean>call(guest -> pages.release())).isTrue();
            int fresh = domain.call(guest -> guest.events().allocUnbound(0));
            AtomicInteger served = new AtomicInteger();
            EventLoop.Registration registration =
                    domain.call(guest -> guest.loop().register(fresh, "new", budget -> {
                        served.incrementAndGet();
                        return 0;
                    }));
            int bound = xen.dom0().call(guest -> guest.events().bindInterdomain(2, fresh));
            xen.dom0().run(guest -> guest.events().send(bound));
            assertThat(xen.runUntil(() -> served.get() > 1, LONG)).isTrue();

            domain.run(guest -> {
                registration.cancel();
                guest.events().close(fresh);
            });
            xen.dom0().run(guest -> guest.events().close(bound));
            xen.runUntil(() -> xen.leaks().size() == 1, LONG);
            assertThat(xen.leaks()).containsExactly("dom2 (sleeper): xenstore watches=1");
            xen.assertNoErrors();
        }
    }

    @ParameterizedTest(name = "live={0} {1} v{2}")
    @MethodSource("hosts")
    void shouldTakeItsDevicesAlong_whenRestored(boolean live, EventAbi abi, int version) {
        try (SimulatedXen xen = open(live)) {
            SimDomain domain = xen.createDomain(config(abi, version));
            SimDevice disk = xen.toolstack().attachBlock(domain, xen.dom0(), "xvda", Map.of("params", "disk.img"));
            xen.toolstack().writeBackend(disk, "state", "6");

            xen.toolstack().suspend(domain);
            xen.toolstack().restore(domain);

            assertThat(xen.toolstack().devices()).hasSize(1);
            SimDevice moved = xen.toolstack().devices().get(0);
            assertThat(moved.frontendPath()).isEqualTo("/local/domain/2/device/vbd/51712");
            assertThat(xen.toolstack().read(moved.backendPath() + "/frontend-id"))
                    .isEqualTo("2");
            assertThat(xen.toolstack().read(moved.backendPath() + "/params")).isEqualTo("disk.img");
            assertThat(xen.toolstack().read(moved.frontendPath() + "/virtual-device"))
                    .isEqualTo("51712");
            assertThat(xen.toolstack().read("/local/domain/1")).isNull();
            assertStoreWorks(domain);
        }
    }

    @ParameterizedTest(name = "live={0} {1} v{2}")
    @MethodSource("hosts")
    void shouldAnswerWhoeverWaitsForXenstore_whenTheNewHostHasNoRoomForItsGrants(
            boolean live, EventAbi abi, int version) {
        try (SimulatedXen xen = open(live)) {
            SimDomain domain = xen.createDomain(config(abi, version));
            GrantedPages many = domain.call(guest -> guest.grants().grant(0, 512, GrantAccess.READ_WRITE, "many"));
            GrantedPages more = domain.call(guest -> guest.grants().grant(0, 512, GrantAccess.READ_WRITE, "more"));
            xen.toolstack().suspend(domain);
            xen.hypervisor().faults(new HypervisorFaults() {
                @Override
                public boolean refuseGrowth(Domain refused) {
                    return true;
                }
            });

            xen.toolstack().restore(domain);

            assertStoreWorks(domain);
            xen.hypervisor().faults(HypervisorFaults.NONE);
            domain.run(guest -> {
                assertThat(many.release() && more.release()).isTrue();
                assertThatThrownBy(() -> guest.grants().grant(0, 1, GrantAccess.READ_WRITE, "one"))
                        .hasMessageContaining("resume");
            });
            assertThat(xen.errors()).singleElement().asString().contains("resume");
        }
    }

    @ParameterizedTest(name = "live={0} {1} v{2}")
    @MethodSource("hosts")
    void shouldSuspendAgain_andBeDestroyedWhileSuspended(boolean live, EventAbi abi, int version) {
        try (SimulatedXen xen = open(live)) {
            SimDomain domain = xen.createDomain(config(abi, version));
            for (int i = 0; i < 3; i++) {
                xen.toolstack().suspend(domain);
                if (i == 1) {
                    xen.toolstack().restore(domain);
                } else {
                    xen.toolstack().resume(domain);
                }
                assertStoreWorks(domain);
            }
            assertThatThrownBy(() -> xen.toolstack().resume(domain)).hasMessageContaining("not suspended");
            xen.toolstack().suspend(domain);
            xen.toolstack().destroy(domain);

            assertThat(domain.isAlive()).isFalse();
            xen.assertNothingLeaked();
            xen.assertNoErrors();
        }
    }

    private static void assertStoreWorks(SimDomain domain) {
        List<String> answers = new CopyOnWriteArrayList<>();
        domain.run(guest -> guest.store().read("name", (name, error) -> answers.add("" + name)));
        assertThat(domain.await(() -> !answers.isEmpty(), LONG)).isTrue();
        assertThat(answers).containsExactly("sleeper");
    }
}
