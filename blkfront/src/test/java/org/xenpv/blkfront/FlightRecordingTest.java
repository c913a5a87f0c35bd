package org.xenpv.blkfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.fault.XenIoException;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** What a disk does can be seen in a flight recording. */
class FlightRecordingTest {

    @TempDir
    Path directory;

    @SimulatedXenTest
    void shouldRecordStatesAndOperations(SimulatedXen xen) throws IOException {
        Path file = directory.resolve("disk.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("org.xenpv.BlkState");
            recording.enable("org.xenpv.BlkOperation");
            recording.start();
            try (DiskHost host = new DiskHost(xen, new MemoryStore(1 << 20, false), BlkbackConfig.PLAIN);
                    Blkfront disk = host.connect()) {
                disk.write(8, ByteBuffer.allocate(4096)).join();
                assertThatThrownBy(() -> disk.flush().join()).hasCauseInstanceOf(XenIoException.class);
                disk.read(16, ByteBuffer.allocate(512)).cancel(true);
            }
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);

        assertThat(events)
                .filteredOn(event -> event.getEventType().getName().equals("org.xenpv.BlkState"))
                .extracting(event -> event.getString("state"))
                .containsExactly("connected", "ended");
        assertThat(events)
                .filteredOn(event -> event.getEventType().getName().equals("org.xenpv.BlkOperation"))
                .extracting(event -> event.getString("kind") + " " + event.getLong("sector") + " "
                        + event.getLong("bytes") + " " + (event.getString("error") == null))
                .containsExactly("WRITE 8 4096 true", "FLUSH 0 0 false", "READ 16 512 false");
    }
}
