package org.xenpv.xenbus;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenpv.xenbus.FrontendStateMachine.Action;
import org.xenpv.xenbus.FrontendStateMachine.Input;
import org.xenpv.xenbus.FrontendStateMachine.Phase;
import org.xenpv.xenbus.FrontendStateMachine.State;
import org.xenpv.xenbus.FrontendStateMachine.Step;
import org.xenpv.xenbus.FrontendStateMachine.Then;

/** The table in the Javadoc of {@link FrontendStateMachine} is the specification: it is read from there, cell by cell. */
class FrontendStateMachineTest {

    private static final Path SOURCE = Path.of("src/main/java/org/xenpv/xenbus/FrontendStateMachine.java");

    private static final Map<String, Step> MEANINGS = Map.ofEntries(
            Map.entry("publish", step(Phase.PUBLISHING, Then.WAIT, Action.PUBLISH)),
            Map.entry("connect", step(Phase.CONNECTING, Then.WAIT, Action.CONNECT)),
            Map.entry("reset", step(Phase.CLOSING, Then.START, Action.STATE_CLOSING)),
            Map.entry("over", step(Phase.RELEASING, Then.START, Action.STOP, Action.STATE_CLOSED, Action.LOOK)),
            Map.entry(
                    "again",
                    step(Phase.INIT, Then.WAIT, Action.STOP, Action.RELEASE, Action.STATE_INITIALISING, Action.LOOK)),
            Map.entry("refresh", step(Phase.CONNECTED, Then.WAIT, Action.REFRESH)),
            Map.entry("drain", step(Phase.DRAINING, Then.WAIT, Action.DRAIN)),
            Map.entry("shut", step(Phase.RELEASING, Then.WAIT, Action.STOP, Action.STATE_CLOSED, Action.LOOK)),
            Map.entry("release", step(Phase.CLOSED, Then.WAIT, Action.STOP, Action.RELEASE, Action.LOOK)),
            Map.entry("gone", step(Phase.ENDED, Then.WAIT, Action.STOP, Action.RELEASE, Action.END)),
            Map.entry("reopen", step(Phase.INIT, Then.WAIT, Action.STATE_INITIALISING, Action.LOOK)));

    private static Step step(Phase phase, Then then, Action... actions) {
        return new Step(new State(phase, then), List.of(actions));
    }

    record Cell(Phase phase, XenbusState otherend, String word) {}

    static List<Cell> cells() throws IOException {
        List<Cell> cells = new ArrayList<>();
        List<XenbusState> columns = new ArrayList<>();
        for (String line : Files.readAllLines(SOURCE)) {
            String text = line.replaceFirst("^ \\* ?", "");
            if (text.startsWith("phase (our state)")) {
                String[] heads = text.split("\\|");
                for (int i = 1; i < heads.length; i++) {
                    columns.add(XenbusState.valueOf(heads[i].trim()));
                }
            } else if (!columns.isEmpty() && text.matches("[A-Z]+ .*\\|.*|ENDED +\\|.*")) {
                String[] row = text.split("\\|", -1);
                Phase phase = Phase.valueOf(row[0].trim().split(" ")[0]);
                for (int i = 0; i < columns.size(); i++) {
                    cells.add(new Cell(phase, columns.get(i), i + 1 < row.length ? row[i + 1].trim() : ""));
                }
            }
        }
        assertThat(cells).hasSize(Phase.values().length * 7);
        return cells;
    }

    @ParameterizedTest
    @MethodSource("cells")
    void everyCellDoesWhatTheTableSays(Cell cell) {
        State state = new State(cell.phase(), Then.WAIT);

        Step step = FrontendStateMachine.step(state, Input.OTHEREND, cell.otherend());

        assertThat(step).isEqualTo(cell.word().isEmpty() ? new Step(state, List.of()) : MEANINGS.get(cell.word()));
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void reconfiguringIsIgnoredEverywhere(Phase phase) {
        State state = new State(phase, Then.WAIT);
        for (XenbusState otherend : List.of(XenbusState.RECONFIGURING, XenbusState.RECONFIGURED)) {
            assertThat(FrontendStateMachine.step(state, Input.OTHEREND, otherend))
                    .isEqualTo(new Step(state, List.of()));
        }
    }

    @ParameterizedTest
    @EnumSource(Input.class)
    void nothingHappensOnceEnded(Input input) {
        State ended = new State(Phase.ENDED, Then.END);
        for (XenbusState otherend : XenbusState.values()) {
            assertThat(FrontendStateMachine.step(ended, input, otherend)).isEqualTo(new Step(ended, List.of()));
        }
    }

    @Test
    void eachActionOfOurOwnEndsOnlyItsPhase() {
        for (Phase phase : Phase.values()) {
            State state = new State(phase, Then.WAIT);
            assertThat(next(state, Input.PUBLISHED)).isEqualTo(phase == Phase.PUBLISHING ? Phase.PUBLISHED : phase);
            assertThat(next(state, Input.CONNECTED_OK)).isEqualTo(phase == Phase.CONNECTING ? Phase.CONNECTED : phase);
            assertThat(next(state, Input.DRAINED)).isEqualTo(phase == Phase.DRAINING ? Phase.CLOSING : phase);
        }
    }

    /** Whatever the backend does meanwhile, it begins again until it is connected. */
    @Test
    void whoHasToStartStartsUntilItIsConnected() {
        for (Phase phase : Phase.values()) {
            if (phase.compareTo(Phase.CONNECTED) >= 0 && phase != Phase.CLOSING && phase != Phase.RELEASING) {
                continue;
            }
            for (XenbusState otherend : XenbusState.values()) {
                State next = FrontendStateMachine.step(new State(phase, Then.START), Input.OTHEREND, otherend)
                        .next();
                assertThat(next.then()).as("%s, %s", phase, otherend).isEqualTo(Then.START);
                assertThat(next.phase()).as("%s, %s", phase, otherend).isNotEqualTo(Phase.CLOSED);
            }
        }
        assertThat(FrontendStateMachine.step(
                                new State(Phase.CONNECTING, Then.START), Input.CONNECTED_OK, XenbusState.CONNECTED)
                        .next())
                .isEqualTo(new State(Phase.CONNECTED, Then.WAIT));
    }

    @Test
    void drainedGoesStraightToClosedWhenTheBackendIsClosingAlready() {
        for (XenbusState otherend : List.of(XenbusState.CLOSING, XenbusState.CLOSED)) {
            Step step = FrontendStateMachine.step(new State(Phase.DRAINING, Then.WAIT), Input.DRAINED, otherend);
            assertThat(step.next().phase()).isEqualTo(Phase.RELEASING);
            assertThat(step.actions()).startsWith(Action.STOP, Action.STATE_CLOSED);
        }
    }

    @Test
    void closeEndsFromEveryPhaseByTimeoutsAlone() {
        for (Phase phase : Phase.values()) {
            State state = FrontendStateMachine.step(new State(phase, Then.WAIT), Input.CLOSE, XenbusState.CONNECTED)
                    .next();
            for (int i = 0; i < 4; i++) {
                state = FrontendStateMachine.step(state, Input.TIMEOUT, XenbusState.CONNECTED)
                        .next();
            }
            assertThat(state.phase()).as("from %s", phase).isEqualTo(Phase.ENDED);
        }
    }

    @Test
    void faultEndsFromEveryPhaseByTimeoutsAloneAndNeverPublishesAgain() {
        for (Phase phase : Phase.values()) {
            State state = FrontendStateMachine.step(new State(phase, Then.WAIT), Input.FAULT, XenbusState.CONNECTED)
                    .next();
            if (phase != Phase.ENDED && phase != Phase.CLOSED) {
                assertThat(state.then()).isEqualTo(phase == Phase.CLOSED ? Then.WAIT : Then.END);
            }
            for (int i = 0; i < 4; i++) {
                Step step = FrontendStateMachine.step(state, Input.TIMEOUT, XenbusState.CONNECTED);
                assertThat(step.actions()).doesNotContain(Action.PUBLISH, Action.STATE_INITIALISING);
                state = step.next();
            }
            assertThat(state.phase()).as("from %s", phase).isEqualTo(Phase.ENDED);
        }
    }

    @Test
    void whoeverReleasesHasStoppedBefore() {
        for (Phase phase : Phase.values()) {
            for (Then then : Then.values()) {
                for (Input input : Input.values()) {
                    for (XenbusState otherend : XenbusState.values()) {
                        List<Action> actions = FrontendStateMachine.step(new State(phase, then), input, otherend)
                                .actions();
                        int release = actions.indexOf(Action.RELEASE);
                        if (release >= 0) {
                            assertThat(actions.subList(0, release)).contains(Action.STOP);
                        }
                        if (actions.contains(Action.END)) {
                            assertThat(actions).last().isEqualTo(Action.END);
                        }
                    }
                }
            }
        }
    }

    /** A device that was closed by its user, or is broken, is not brought back by whatever the other end does. */
    @Test
    void whoHasToEndNeverStartsAgain() {
        for (Phase phase : List.of(Phase.DRAINING, Phase.CLOSING, Phase.RELEASING)) {
            for (Input input : Input.values()) {
                for (XenbusState otherend : XenbusState.values()) {
                    State next = FrontendStateMachine.step(new State(phase, Then.END), input, otherend)
                            .next();
                    assertThat(next.then())
                            .as("%s, %s, %s", phase, input, otherend)
                            .isEqualTo(Then.END);
                    assertThat(next.phase()).isGreaterThanOrEqualTo(Phase.DRAINING);
                }
            }
        }
    }

    @Test
    void replacedAndResumedWriteNothingThatBelongsToTheSuccessor() {
        for (Phase phase : Phase.values()) {
            if (phase == Phase.ENDED) {
                continue;
            }
            Step replaced =
                    FrontendStateMachine.step(new State(phase, Then.WAIT), Input.REPLACED, XenbusState.INIT_WAIT);
            assertThat(replaced).isEqualTo(step(Phase.INIT, Then.WAIT, Action.STOP, Action.RELEASE, Action.LOOK));
            Step resumed = FrontendStateMachine.step(new State(phase, Then.WAIT), Input.RESUMED, XenbusState.CONNECTED);
            assertThat(resumed.next().phase()).isEqualTo(Phase.INIT);
        }
    }

    @Test
    void aDeviceTakenAwayIsGone_inEveryPhase() {
        for (Phase phase : Phase.values()) {
            if (phase != Phase.ENDED) {
                assertThat(FrontendStateMachine.step(new State(phase, Then.WAIT), Input.REMOVED, XenbusState.CONNECTED))
                        .isEqualTo(MEANINGS.get("gone"));
            }
        }
    }

    private static Phase next(State state, Input input) {
        return FrontendStateMachine.step(state, input, XenbusState.CONNECTED)
                .next()
                .phase();
    }
}
