package org.xenpv.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.event.EventLoop;

class DeterministicHostTest {

    /** A program with something for every domain to do; returns the trace. */
    private static long[] run(long seed, Faults faults, List<Integer> order) {
        return run(seed, HostConfig.defaults(), faults, order);
    }

    private static long[] run(long seed, HostConfig config, Faults faults, List<Integer> order) {
        try (SimulatedXen xen = SimulatedXen.deterministic(seed, config)) {
            if (faults != null) {
                xen.inject(faults);
            }
            List<SimDomain> domains = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                domains.add(xen.createDomain(DomainConfig.named("d" + i)));
            }
            xen.toolstack().attachBlock(domains.get(0), domains.get(1), "xvda", Map.of("params", "none"));
            AtomicInteger done = new AtomicInteger();
            for (SimDomain domain : domains) {
                domain.run(guest -> {
                    for (int i = 0; i < 5; i++) {
                        guest.store().write("data/key" + i, "value", (ok, error) -> {
                            order.add(guest.domid());
                            done.incrementAndGet();
                        });
                    }
                });
            }
            assertThat(xen.runUntil(() -> done.get() == 15, Duration.ofMinutes(1)))
                    .isTrue();
            return new long[] {xen.traceHash(), xen.traceLength(), xen.clock().nanoTime()};
        }
    }

    @Test
    void shouldDoExactlyTheSame_whenTheSeedIsTheSame() {
        List<Integer> orderOne = new ArrayList<>();
        List<Integer> orderTwo = new ArrayList<>();
        long[] one = run(11, Faults.weather(), orderOne);
        long[] two = run(11, Faults.weather(), orderTwo);

        assertThat(one).isEqualTo(two);
        assertThat(orderOne).isEqualTo(orderTwo);
        assertThat(one[1]).isGreaterThan(300);
    }

    @Test
    void shouldDoItInAnotherOrder_whenTheSeedIsAnother() {
        List<List<Integer>> orders = new ArrayList<>();
        for (long seed = 1; seed <= 8; seed++) {
            List<Integer> order = new ArrayList<>();
            run(seed, null, order);
            if (!orders.contains(order)) {
                orders.add(order);
            }
        }
        assertThat(orders).hasSizeGreaterThan(1);
        assertThat(run(1, null, new ArrayList<>())[0]).isNotEqualTo(run(2, null, new ArrayList<>())[0]);
    }

    @Test
    void shouldJumpInTime_whenNobodyHasAnythingToDo() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            long beforeNs = xen.clock().nanoTime();
            xen.runFor(Duration.ofDays(30));
            assertThat(xen.clock().nanoTime() - beforeNs)
                    .isBetween(
                            Duration.ofDays(30).toNanos(), Duration.ofDays(31).toNanos());
        }
    }

    @Test
    void shouldRunTimersOfAllDomainsInOrder() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            List<String> order = new ArrayList<>();
            SimDomain one = xen.createDomain(DomainConfig.named("one"));
            SimDomain two = xen.createDomain(DomainConfig.named("two"));
            long nowNs = xen.clock().nanoTime();
            one.run(guest -> guest.loop().at(nowNs + 3_000_000_000L, () -> order.add("one at 3")));
            two.run(guest -> guest.loop().at(nowNs + 2_000_000_000L, () -> order.add("two at 2")));
            one.run(guest -> guest.loop().at(nowNs + 1_000_000_000L, () -> order.add("one at 1")));

            assertThat(one.await(() -> order.size() == 3, Duration.ofSeconds(10)))
                    .isTrue();

            assertThat(order).containsExactly("one at 1", "two at 2", "one at 3");
        }
    }

    @Test
    void shouldSayThatNobodyCanEverRun_whenOneWaitsWithoutDeadline() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            SimDomain domain = xen.createDomain(DomainConfig.named("waiting"));

            assertThatThrownBy(() -> domain.guest().loop().runUntil(() -> false, EventLoop.NEVER))
                    .isInstanceOf(SimDeadlockException.class)
                    .hasMessageContaining("nobody can ever run: domid=1 waits")
                    .hasMessageContaining("domid=0 idle")
                    .hasMessageContaining("the last that happened:\n  #");

            assertThat(xen.toolstack().read(domain.home() + "/name")).isEqualTo("waiting");
        }
    }

    @Test
    void shouldReturnAtTheDeadline_whenTheConditionNeverHolds() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            SimDomain domain = xen.createDomain(DomainConfig.named("waiting"));
            long beforeNs = xen.clock().nanoTime();

            assertThat(domain.await(() -> false, Duration.ofSeconds(3))).isFalse();

            assertThat(xen.clock().nanoTime() - beforeNs).isBetween(3_000_000_000L, 3_100_000_000L);
            assertThat(xen.runUntil(() -> false, Duration.ofSeconds(1))).isFalse();
        }
    }

    @Test
    void shouldRefuseToWait_whenTheDomainIsDestroyedMeanwhile() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            SimDomain victim = xen.createDomain(DomainConfig.named("victim"));
            SimDomain other = xen.createDomain(DomainConfig.named("other"));
            other.run(guest -> guest.loop()
                    .at(guest.clock().nanoTime() + 1000, () -> xen.hypervisor().destroy(victim.hypervisorDomain())));

            assertThatThrownBy(() -> victim.await(() -> false, Duration.ofMinutes(1)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("domid=1 was destroyed");
        }
    }

    @Test
    void shouldWriteTheSameTrace_whenTheSeedIsTheSame(@TempDir Path directory) throws IOException {
        List<Path> files = new ArrayList<>();
        for (long seed : new long[] {11, 11, 12}) {
            Path file = directory.resolve("traces").resolve(files.size() + ".trace");
            files.add(file);
            run(seed, HostConfig.defaults().withTrace(file), Faults.weather(), new ArrayList<>());
        }

        List<String> trace = Files.readAllLines(files.get(0));
        assertThat(trace).hasSizeGreaterThan(300).isEqualTo(Files.readAllLines(files.get(1)));
        assertThat(trace.get(0)).startsWith("seed=11; ");
        assertThat(trace).contains("#0 dom0 is created", "#" + (trace.size() - 2) + " dom3 is destroyed");
        assertThat(String.join("\n", trace))
                .contains(" dom3 EVTCHNOP_unmask result=0")
                .containsPattern("#\\d+ dom\\d event, port=\\d+")
                .containsPattern("#\\d+ dom\\d runs at \\d+ ns")
                .containsPattern("#\\d+ dom0 maps dom2's gref=1 status=0")
                .containsPattern("#\\d+ dom\\d event (delayed|doubled|invented), port=\\d+");
        assertThat(Files.readAllLines(files.get(2))).isNotEqualTo(trace);
    }

    @Test
    void shouldRefuseToWriteATrace_whenItCannot(@TempDir Path directory) {
        HostConfig config = HostConfig.defaults().withTrace(directory);
        assertThatThrownBy(() -> SimulatedXen.deterministic(1, config))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(directory.toString());
        assertThatThrownBy(() -> SimulatedXen.live(config))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a live host has no trace");
    }

    @Test
    void shouldHaveNoTrace_whenLive() {
        try (SimulatedXen xen = SimulatedXen.live()) {
            assertThatThrownBy(xen::traceHash).isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(() -> xen.runFor(Duration.ofSeconds(1)))
                    .isInstanceOf(UnsupportedOperationException.class);
            assertThat(xen.runUntil(() -> false, Duration.ofMillis(1))).isFalse();
        }
    }

    @Test
    void shouldRefuseASecondThread_whileOneRunsTheHost() {
        try (SimulatedXen xen = SimulatedXen.deterministic(1)) {
            SimDomain domain = xen.createDomain(DomainConfig.named("guest"));
            List<Throwable> refusals = new ArrayList<>();
            Thread second = new Thread(() -> {
                try {
                    domain.await(() -> false, Duration.ofSeconds(1));
                } catch (Throwable e) {
                    refusals.add(e);
                }
            });
            assertThat(xen.runUntil(
                            () -> {
                                second.start();
                                joined(second);
                                return true;
                            },
                            Duration.ofSeconds(1)))
                    .isTrue();
            assertThat(refusals).hasSize(1);
            assertThat(refusals.get(0))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("used from one thread");
            assertThat(domain.await(() -> false, Duration.ofSeconds(1))).isFalse();
        }
    }

    private static void joined(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
