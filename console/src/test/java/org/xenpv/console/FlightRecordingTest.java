package org.xenpv.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** What becomes of a console, and of its output, can be seen in a flight recording. */
class FlightRecordingTest {

    private static final ConsoleConfig SMALL = ConsoleConfig.DEFAULT.buffers(100, 100);

    @TempDir
    Path directory;

    private interface Program {
        void run() throws IOException;
    }

    /** The events of one name, in order. */
    private List<RecordedEvent> recorded(String name, Program program) throws IOException {
        Path file = directory.resolve("console.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("org.xenpv.ConsoleState");
            recording.enable("org.xenpv.ConsoleDrop");
            recording.start();
            program.run();
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals(name))
                .toList();
    }

    private static String state(RecordedEvent event) {
        return event.getString("device") + " " + event.getString("state");
    }

    private static String drop(RecordedEvent event) {
        return event.getString("device") + " " + event.getLong("bytes");
    }

    @SimulatedXenTest
    void shouldRecordConnectedAndEnded_whenClosed(SimulatedXen xen) throws IOException {
        List<RecordedEvent> events = recorded("org.xenpv.ConsoleState", () -> {
            try (ConsoleHost host = new ConsoleHost(xen);
                    PvConsole console = host.primary(ConsoleConfig.DEFAULT)) {
                console.output().write('x');
            }
        });
        assertThat(events).extracting(FlightRecordingTest::state).containsExactly("console connected", "console ended");
        assertThat(events.get(1).getString("reason")).isNull();
    }

    @SimulatedXenTest
    void shouldRecordEveryConnectionAndTheReason_whenTheBackendComesAndGoes(SimulatedXen xen) throws IOException {
        List<RecordedEvent> events = recorded("org.xenpv.ConsoleState", () -> {
            SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
            SimDomain consoles = xen.createDomain(DomainConfig.named("consoles").asDriverDomain());
            ConsoleHost.serve(consoles);
            SimDevice device = xen.toolstack().attachConsole(guest, consoles, 1);
            PvConsole console = PvConsole.connect(guest.guest(), "device/console/1", ConsoleConfig.DEFAULT);
            SimDomain fresh = xen.toolstack().restartBackend(consoles, ConsoleHost::serve);
            xen.runFor(Duration.ofSeconds(5)); // until it has noticed, and is connected again
            assertThat(console.device().isConnected()).isTrue();
            xen.toolstack().forceDetach(device);
            assertThatThrownBy(() -> console.input().read()).isInstanceOf(IOException.class);
            console.close();
            fresh.stopServices();
        });
        assertThat(events)
                .extracting(FlightRecordingTest::state)
                .containsExactly("device/console/1 connected", "device/console/1 connected", "device/console/1 ended");
        assertThat(events.get(2).getString("reason")).contains("XenPeerGoneException");
    }

    @SimulatedXenTest
    void shouldRecordWhatIsDropped_asItIs(SimulatedXen xen) throws IOException {
        List<RecordedEvent> events = recorded("org.xenpv.ConsoleDrop", () -> {
            SimDomain mute = xen.createDomain(DomainConfig.named("guest"));
            PvConsole console = PvConsole.primary(mute.guest(), SMALL.deadlines(1, 1_000_000));
            console.output().write(new byte[2048 + 100]);
            console.output().write(new byte[30]);
            console.output().write(new byte[7]);
            console.close();
            assertThat(console.stats().bytesDropped()).isEqualTo(30 + 7 + 100);
        });
        assertThat(events)
                .extracting(FlightRecordingTest::drop)
                .as("by the two writes, and what was buffered at the end")
                .containsExactly("console 30", "console 7", "console 100");
    }

    @SimulatedXenTest
    void shouldRecordNoDrop_whenThereIsNone(SimulatedXen xen) throws IOException {
        List<RecordedEvent> events = recorded("org.xenpv.ConsoleDrop", () -> {
            try (ConsoleHost host = new ConsoleHost(xen);
                    PvConsole console = host.primary(SMALL.whenFull(FullPolicy.KEEP))) {
                console.output().write(new byte[10_000]);
                assertThat(console.stats().bytesDropped()).isZero();
            }
        });
        assertThat(events).isEmpty();
    }
}
