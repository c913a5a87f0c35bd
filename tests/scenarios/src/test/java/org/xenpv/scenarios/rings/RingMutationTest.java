package org.xenpv.scenarios.rings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;
import org.xenpv.testkit.ring.HostileRingPeerContract;
import org.xenpv.testkit.ring.RequestResponseRingContract;
import org.xenpv.testkit.ring.RingLayout;
import org.xenpv.testkit.ring.RingUnderTest;

/** Proves that the ring contracts find mistakes: runs them, as an outsider would, on rings that have one each. */
class RingMutationTest {

    private static Mutation mutation = Mutation.NONE;

    @TempDir
    Path scratch;

    /** Not found by name: run by this test only. */
    static final class CooperatingPeers extends RequestResponseRingContract {
        @Override
        protected RingUnderTest ring() {
            return new MutantRing(mutation);
        }

        @Override
        protected List<RingLayout> layouts() {
            return RingLayout.xen().stream()
                    .filter(layout -> layout.pages() == 1)
                    .toList();
        }
    }

    /** Not found by name: run by this test only. */
    static final class HostilePeers extends HostileRingPeerContract {
        @Override
        protected RingUnderTest ring() {
            return new MutantRing(mutation);
        }
    }

    @Test
    void shouldPass_whenNothingIsWrong() {
        TestExecutionSummary summary = runContracts(Mutation.NONE, CooperatingPeers.class, HostilePeers.class);
        StringWriter failures = new StringWriter();
        summary.printFailuresTo(new PrintWriter(failures));
        assertThat(summary.getTotalFailureCount()).as(failures.toString()).isZero();
        assertThat(summary.getTestsSucceededCount()).isGreaterThan(15);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void shouldFail_whenTheRingIsWrong(Mutation wrong) {
        // One of them is enough; the hostile one is the shorter.
        assertThat(isFoundBy(HostilePeers.class, wrong) || isFoundBy(CooperatingPeers.class, wrong))
                .as("%s is found", wrong)
                .isTrue();
    }

    private boolean isFoundBy(Class<?> contract, Mutation wrong) {
        TestExecutionSummary summary = runContracts(wrong, contract);
        assertThat(summary.getTestsFoundCount()).isPositive();
        return summary.getTotalFailureCount() > 0;
    }

    private TestExecutionSummary runContracts(Mutation wrong, Class<?>... contracts) {
        mutation = wrong;
        try {
            LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                    .selectors(Stream.of(contracts)
                            .map(DiscoverySelectors::selectClass)
                            .toList())
                    .configurationParameter("jqwik.shrinking.default", "OFF")
                    .configurationParameter("jqwik.reporting.usejunitplatform", "true")
                    .configurationParameter(
                            "jqwik.database", scratch.resolve(wrong.name()).toString())
                    .build();
            SummaryGeneratingListener listener = new SummaryGeneratingListener();
            LauncherFactory.create().execute(request, listener);
            return listener.getSummary();
        } finally {
            mutation = Mutation.NONE;
        }
    }
}
