package org.xenpv.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.BlockStore;
import org.xenpv.backends.block.RawImage;
import org.xenpv.backends.block.StoreFactory;
import picocli.CommandLine;

/** The main job in this process, on small images. */
class DemoTest {

    @TempDir
    Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(StoreFactory stores, String... args) {
        CommandLine program = Xenpv.commandLine(new DemoCommand(stores));
        program.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        List<String> all = new ArrayList<>(List.of("demo", "--work-dir=" + directory.resolve("work")));
        if (!args[0].startsWith("--blocks")) {
            all.add("--blocks=300");
        }
        if (!args[0].startsWith("--packets")) {
            all.add("--packets=500");
        }
        all.addAll(List.of(args));
        return program.execute(all.toArray(String[]::new));
    }

    private int run(String... args) {
        return run(StoreFactory.RAW_IMAGES, args);
    }

    private Path image(int bytes) throws IOException {
        byte[] content = new byte[bytes];
        new Random(7).nextBytes(content);
        return Files.write(directory.resolve("disk.img"), content);
    }

    private void assertOneSentence() {
        assertThat(err.toString().strip()).startsWith("xenpv: ").doesNotContain("\n", "Exception");
    }

    @Test
    void shouldPrintAWholeTable_whenItReadsAFreshImage() throws IOException {
        assertThat(run("--size=3", "--scratch=1")).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains(
                        "device/vbd/51712", "Initialising", "InitWait", "Initialised", "Connected", "Closing", "Closed")
                .contains("sequential read", "random read, 4 KiB", "write inverted", "read back")
                .contains("MB/s", "IOPS", "p50", "p99.9")
                .contains("requests on the ring", "notifications to the backend", "notifications to the guest")
                .contains("suppressed", "pages granted by the guest", "pages mapped by the backend", "bytes copied")
                .containsPattern("64 B +500 +[0-9]+ +[0-9.]+ +[0-9.]+ +none")
                .containsPattern("64 KiB +15 +[0-9]+ +[0-9.]+ +[0-9.]+ +none")
                .containsPattern("64 B, nobody waits +500 ")
                .containsPattern(
                        DemoHostLink.whyNot() == null
                                ? "ping, 8000 B in fragments +1 +1 +[0-9]+ +[0-9.]+ +[0-9]+ +none"
                                : "over a TAP device: skipped, .+")
                .contains("> hello from domain 2", "> rewrote the scratch copy", "< how far are you?")
                .containsPattern("read by the guest +[0-9a-f]{64}  same")
                .containsPattern("written and read back +[0-9a-f]{64}  same")
                .containsPattern("its file afterwards +[0-9a-f]{64}  same")
                .contains("Everything read and written is as it should be");
        assertThat(err.toString()).isEmpty();
        try (var left = Files.list(directory.resolve("work"))) {
            assertThat(left).isEmpty();
        }
    }

    /** 1000 sectors and one: the last request is short, and no multiple of a page. */
    @ParameterizedTest
    @ValueSource(ints = {4096, 512 * 1001, 3 << 20})
    void shouldLeaveTheUsersImageAlone_whenNotAskedToWrite(int bytes) throws IOException {
        Path image = image(bytes);
        byte[] before = Files.readAllBytes(image);
        assertThat(image.toFile().setWritable(false)).isTrue();
        assertThat(run("--disk=" + image, "--scratch=1")).as(err.toString()).isZero();
        assertThat(out.toString()).contains("read-only");
        assertThat(Files.readAllBytes(image)).isEqualTo(before);
    }

    @Test
    void shouldPutBackWhatStoodThere_whenAskedToWriteTheImageItself() throws IOException {
        Path image = image(2 << 20);
        byte[] before = Files.readAllBytes(image);
        assertThat(run("--disk=" + image, "--write=true")).as(err.toString()).isZero();
        assertThat(out.toString()).containsPattern("written and read back +[0-9a-f]{64}  same");
        assertThat(Files.readAllBytes(image)).isEqualTo(before);
        assertThat(Files.exists(directory.resolve("work"))).isFalse();
    }

    @Test
    void shouldRefuse_whenTheImageIsMissing() {
        assertThat(run("--disk=" + directory.resolve("none.img"))).isEqualTo(2);
        assertOneSentence();
        assertThat(err.toString()).contains("none.img does not exist");
    }

    @Test
    void shouldRefuse_whenTheImageIsADirectory() {
        assertThat(run("--disk=" + directory)).isEqualTo(2);
        assertOneSentence();
        assertThat(err.toString()).contains("is a directory");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4095, 3584, 4097, 512 * 9 + 1})
    void shouldRefuse_whenTheImageIsTooShortOrNotWholeSectors(int bytes) throws IOException {
        assertThat(run("--disk=" + image(bytes))).isEqualTo(2);
        assertOneSentence();
        assertThat(err.toString())
                .contains("is " + bytes + " bytes long, it must be " + (bytes < 4096 ? "at least 4096" : "a multiple"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--size=0",
                "--size=65537",
                "--scratch=0",
                "--scratch=65537",
                "--blocks=0",
                "--blocks=100001",
                "--packets=0",
                "--packets=100000001",
                "--depth=0",
                "--depth=257",
                "--request=0",
                "--request=1028",
                "--request=6",
                "--write=true",
                "--depth=many",
                "--speed=11"
            })
    void shouldRefuse_whenANumberIsNonsense(String arg) {
        assertThat(run(arg)).isEqualTo(2);
        assertOneSentence();
        assertThat(err.toString()).contains(arg.substring(0, arg.indexOf('=')));
    }

    @Test
    void shouldFail_whenABitIsWrongInWhatIsReadInOrder() throws IOException {
        Path image = image(1 << 20);
        assertThat(run(corrupting(image, 4 << 10, true), "--disk=" + image)).isEqualTo(1);
        assertOneSentence();
        assertThat(err.toString()).contains("differs", "sha256");
    }

    @Test
    void shouldFail_whenABitIsWrongInARandomBlock() throws IOException {
        Path image = image(1 << 20);
        assertThat(run(corrupting(image, 4096, false), "--disk=" + image)).isEqualTo(1);
        assertOneSentence();
        assertThat(err.toString()).contains("another byte at ");
    }

    @Test
    void shouldFail_whenAWriteIsLost() throws IOException {
        StoreFactory losing = (params, writable) -> new Wrapped(StoreFactory.RAW_IMAGES.open(params, writable)) {
            @Override
            public void write(long positionBytes, ByteBuffer[] sources, int count) {
                // says it was done
            }
        };
        assertThat(run(losing, "--disk=" + image(1 << 20))).isEqualTo(1);
        assertOneSentence();
        assertThat(err.toString()).contains("differs (written and read back)");
    }

    @Test
    void shouldFail_whenTheMediumFails() throws IOException {
        StoreFactory failing = (params, writable) -> new Wrapped(StoreFactory.RAW_IMAGES.open(params, writable)) {
            @Override
            public void read(long positionBytes, ByteBuffer[] targets, int count) throws IOException {
                if (positionBytes >= 1 << 19) {
                    throw new IOException("medium error");
                }
                super.read(positionBytes, targets, count);
            }
        };
        assertThat(run(failing, "--disk=" + image(1 << 20))).isEqualTo(1);
        assertOneSentence();
        assertThat(err.toString()).contains("READ of 131072 bytes at sector 1024");
    }

    @Test
    void shouldSayTheBackendsReason_whenItRefusesTheImage() throws IOException {
        Path image = image(1 << 20);
        RawImage holder = RawImage.openWritable(image);
        try {
            assertThat(run("--disk=" + image, "--write=true")).isEqualTo(1);
        } finally {
            holder.close();
        }
        assertOneSentence();
        assertThat(err.toString()).contains("is being written by another backend");
    }

    /** Flips a bit of the first byte read, in reads longer or not longer than a page. */
    private static StoreFactory corrupting(Path image, int pageBytes, boolean longer) {
        return (params, writable) -> new Wrapped(RawImage.openReadOnly(image)) {
            @Override
            public void read(long positionBytes, ByteBuffer[] targets, int count) throws IOException {
                int bytes = 0;
                for (int i = 0; i < count; i++) {
                    bytes += targets[i].remaining();
                }
                int at = targets[0].position();
                super.read(positionBytes, targets, count);
                if (bytes > pageBytes == longer) {
                    targets[0].put(at, (byte) (targets[0].get(at) ^ 0x10));
                }
            }
        };
    }

    /** A store over another. */
    private static class Wrapped implements BlockStore {
        private final BlockStore store;

        Wrapped(BlockStore store) {
            this.store = store;
        }

        @Override
        public long sizeBytes() {
            return store.sizeBytes();
        }

        @Override
        public boolean readOnly() {
            return store.readOnly();
        }

        @Override
        public void read(long positionBytes, ByteBuffer[] targets, int count) throws IOException {
            store.read(positionBytes, targets, count);
        }

        @Override
        public void write(long positionBytes, ByteBuffer[] sources, int count) throws IOException {
            store.write(positionBytes, sources, count);
        }

        @Override
        public void flush() throws IOException {
            store.flush();
        }

        @Override
        public void discard(long positionBytes, long lengthBytes) throws IOException {
            store.discard(positionBytes, lengthBytes);
        }

        @Override
        public void secureDiscard(long positionBytes, long lengthBytes) throws IOException {
            store.secureDiscard(positionBytes, lengthBytes);
        }

        @Override
        public void close() {
            store.close();
        }
    }
}
