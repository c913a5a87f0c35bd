package org.xenpv.testkit.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;
import org.xenpv.grant.GrantAccess;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

class SimulatedXenExtensionTest {

    @SimulatedXenTest
    void shouldGiveADeterministicHost(SimulatedXen xen) {
        assertThat(xen.isDeterministic()).isTrue();
        SimDomain domain = xen.createDomain(DomainConfig.named("one"));
        assertThat(xen.toolstack().read(domain.home() + "/name")).isEqualTo("one");
    }

    @SimulatedXenTest
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldGiveALiveHost_whenAskedTo(SimulatedXen xen) {
        assertThat(xen.isDeterministic()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    @OnSimulatedXen(seed = 99)
    void shouldGiveEachInvocationAHostOfItsOwn(int domains, SimulatedXen xen) {
        assertThat(xen.seed()).isEqualTo(Long.getLong(SimulatedXenExtension.SEED_PROPERTY, 99));
        for (int i = 0; i < domains; i++) {
            xen.createDomain(DomainConfig.named("d" + i));
        }
        assertThat(xen.domains()).hasSize(domains);
    }

    @Test
    void shouldFailTheTestAndSayTheSeed_whenAPageLeaks() {
        Throwable failure = failureOf("leaks");

        assertThat(failure).isInstanceOf(AssertionError.class).hasMessageContaining("forgotten page");
        assertThat(failure.getSuppressed()[0]).hasMessageContaining("-Dsim.seed=4711");
    }

    @Test
    void shouldFailTheTest_whenAHandlerThrew() {
        assertThat(failureOf("throwsInAHandler"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("thrown in a timer");
    }

    @Test
    void shouldSayTheSeedAndTheTrace_whenTheTestFails() {
        Throwable failure = failureOf("fails");

        assertThat(failure).isInstanceOf(IllegalStateException.class).hasMessage("the test's own");
        assertThat(failure.getSuppressed()[0])
                .hasMessageContaining("-Dsim.seed=4711")
                .hasMessageContaining("the last that happened:\n  #");
    }

    @Test
    void shouldLeaveTheLastOfTheTrace_whenTheTestFails() throws IOException {
        Path file = SimulatedXenExtension.LEFT_BEHIND.resolve("Failing.fails.trace");
        Files.deleteIfExists(file);

        Throwable failure = failureOf("fails");

        assertThat(failure.getSuppressed()[0])
                .hasMessageContaining("the last events are in " + file)
                .hasMessageContaining("with -Dsim.trace=DIRECTORY all of its ");
        assertThat(file).content().startsWith("the last of seed=4711\n  #").contains("dom1 is created");
    }

    @Test
    void shouldWriteAllOfTheTrace_whenAskedTo(@TempDir Path directory) throws IOException {
        System.setProperty(SimulatedXenExtension.TRACE_PROPERTY, directory.toString());
        Throwable failure;
        try {
            failure = failureOf("fails");
        } finally {
            System.clearProperty(SimulatedXenExtension.TRACE_PROPERTY);
        }

        Path file = directory.resolve("Failing.fails.trace");
        assertThat(failure.getSuppressed()[0]).hasMessageContaining(" events are in " + file);
        assertThat(Files.readAllLines(file))
                .startsWith("seed=4711; the same program with this seed does all this again", "#0 dom0 is created")
                .last()
                .asString()
                .endsWith(" dom1 is destroyed");
    }

    private static Throwable failureOf(String method) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectMethod(Failing.class, method, SimulatedXen.class))
                .filters(EngineFilter.includeEngines("junit-jupiter"))
                .build();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, listener);
        TestExecutionSummary summary = listener.getSummary();
        assertThat(summary.getTestsFailedCount()).isEqualTo(1);
        return summary.getFailures().get(0).getException();
    }

    /** Not found by the build, because of its name; run by the tests above. */
    static class Failing {

        @Test
        @OnSimulatedXen(seed = 4711)
        void leaks(SimulatedXen xen) {
            xen.createDomain(DomainConfig.named("careless"))
                    .run(guest -> guest.grants().grant(0, 1, GrantAccess.READ_ONLY, "forgotten page"));
        }

        @Test
        @OnSimulatedXen(seed = 4711)
        void throwsInAHandler(SimulatedXen xen) {
            SimDomain domain = xen.createDomain(DomainConfig.named("careless"));
            domain.run(guest -> guest.loop().at(guest.clock().nanoTime(), () -> {
                throw new IllegalStateException("thrown in a timer");
            }));
            xen.runFor(Duration.ofMillis(1));
        }

        @Test
        @OnSimulatedXen(seed = 4711)
        void fails(SimulatedXen xen) {
            xen.createDomain(DomainConfig.named("any"));
            throw new IllegalStateException("the test's own");
        }
    }
}
