package org.xenpv.netfront.wrapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.io.netif.Netif;

/** Wireshark reads our files, and finds in them what we put there. */
@Timeout(120)
class TsharkTest {

    private static final Path TSHARK = Path.of("/usr/bin/tshark");
    private static final Pattern RAW = Pattern.compile("\"frame_raw\":\\s*\\[\\s*\"([0-9a-f]*)\"");

    @TempDir
    Path directory;

    private final List<byte[]> frames = new ArrayList<>();

    @BeforeEach
    void needsIt() {
        assumeTrue(Files.isExecutable(TSHARK), "skipped: " + TSHARK + " is missing (package tshark)");
    }

    private String tshark(Path file, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(TSHARK.toString(), "-n", "-r", file.toString()));
        command.addAll(List.of(arguments));
        Path out = directory.resolve("out");
        Path err = directory.resolve("err");
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(err)).isZero();
        return Files.readString(out);
    }

    private Path capture(CaptureConfig config) {
        Path file = directory.resolve("capture.pcapng");
        long[] nowNs = {0};
        try (MemoryDevice below = new MemoryDevice(1);
                StreamSink sink = StreamSink.toFile(file)) {
            CapturingDevice device = new CapturingDevice(below, () -> nowNs[0], sink, config);
            for (int i = 0; i < 50; i++) {
                int bytes = i % 5 == 4 ? 60_000 + i : 60 + 25 * i;
                byte[] frame = Frames.numbered(i, bytes);
                frames.add(frame);
                nowNs[0] = i * 1_000_001L;
                below.carrier = i != 2;
                if (i % 2 == 0) {
                    int number = i;
                    Frames.send(device, frame, packet -> {
                        packet.csumBlank(number % 4 == 0);
                        if (bytes > 1514) {
                            packet.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV6, 1440);
                        }
                    });
                } else {
                    device.receiver(new Frames());
                    int number = i;
                    below.deliver(
                            frame,
                            packet -> packet.hash(
                                    Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ,
                                    number & 3,
                                    0xfffffff0 + number % 16));
                }
            }
        }
        return file;
    }

    private static String comment(int number, int bytes) {
        if (number % 2 == 1) {
            return "netif: hash=toeplitz/" + (number & 3) + "/0xfffffff" + Integer.toHexString(number % 16);
        }
        String words = (number % 4 == 0 ? " csum-blank" : "")
                + (bytes > 1514 ? " gso=tcpv6/1440" : "")
                + (number == 2 ? " dropped" : "");
        return words.isEmpty() ? "" : "netif:" + words;
    }

    @Test
    void shouldFindEveryFrameWithItsTimeDirectionAndComment() throws Exception {
        Path file = capture(CaptureConfig.DEFAULT.withName("vif1.0").withEpochNs(1_700_000_000_000_000_000L));
        String found = tshark(
                file,
                "-T",
                "fields",
                "-E",
                "separator=|",
                "-e",
                "frame.number",
                "-e",
                "frame.time_epoch",
                "-e",
                "frame.len",
                "-e",
                "frame.cap_len",
                "-e",
                "frame.interface_name",
                "-e",
                "frame.packet_flags",
                "-e",
                "frame.comment",
                "-e",
                "eth.src");
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < frames.size(); i++) {
            int bytes = frames.get(i).length;
            int flags = i % 2 == 1 ? 1 : 2 | (i % 4 == 0 ? 1 << 9 : 0) | (bytes > 1514 ? 1 << 11 : 0);
            expected.add(String.format(
                    "%d|%d.%09d|%d|%d|vif1.0|0x%08x|%s|02:00:00:00:00:%02x",
                    i + 1, 1_700_000_000, i * 1_000_001, bytes, bytes, flags, comment(i, bytes), i));
        }
        assertThat(found.lines()).containsExactlyElementsOf(expected);
    }

    @Test
    void shouldFindEveryByte() throws Exception {
        Matcher raw = RAW.matcher(tshark(capture(CaptureConfig.DEFAULT), "-T", "jsonraw"));
        for (byte[] frame : frames) {
            assertThat(raw.find()).isTrue();
            assertThat(HexFormat.of().parseHex(raw.group(1))).isEqualTo(frame);
        }
        assertThat(raw.find()).isFalse();
    }

    @Test
    void shouldFindWhatIsLeft_whenFramesAreCutAndTimesAreMicroseconds() throws Exception {
        Path file = capture(
                CaptureConfig.DEFAULT.withSnapLengthBytes(100).withResolution(CaptureConfig.Resolution.MICROSECONDS));
        String found = tshark(
                file,
                "-T",
                "fields",
                "-E",
                "separator=|",
                "-e",
                "frame.time_epoch",
                "-e",
                "frame.len",
                "-e",
                "frame.cap_len");
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < frames.size(); i++) {
            int bytes = frames.get(i).length;
            expected.add(String.format("0.%06d000|%d|%d", i * 1000, bytes, Math.min(100, bytes)));
        }
        assertThat(found.lines()).containsExactlyElementsOf(expected);
    }
}
