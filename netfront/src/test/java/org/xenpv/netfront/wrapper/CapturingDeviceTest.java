package org.xenpv.netfront.wrapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.fault.XenException;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.NetPacket;

class CapturingDeviceTest {

    private static final String HEAD = "0a0d0d0a 2c000000 4d3c2b1a 0100 0000 ffffffffffffffff"
            + "0400 0500 78656e7076 000000 00000000 2c000000"
            + "01000000 38000000 0100 0000 00000400"
            + "0200 0500 78656e7076 000000 0600 0600 00163e000001 0000 0900 0100 09 000000 00000000 38000000";

    private final MemoryDevice below = new MemoryDevice(2);
    private final Frames above = new Frames();
    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private final CapturingDevice device = capturing(CaptureConfig.DEFAULT);
    private long nowNs = 0x1_0000_0002L;

    private CapturingDevice capturing(CaptureConfig config) {
        file.reset();
        CapturingDevice capturing = new CapturingDevice(below, () -> nowNs, file::write, config);
        capturing.receiver(above);
        return capturing;
    }

    @AfterEach
    void close() {
        below.close();
    }

    private void fileShouldBe(String... parts) {
        assertThat(HexFormat.of().formatHex(file.toByteArray()))
                .isEqualTo(String.join("", parts).replace(" ", ""));
    }

    @Test
    void shouldWriteThisFile() {
        Frames.send(device, Frames.numbered(1, 15), packet -> {
            packet.csumBlank(true);
            packet.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, 5);
        });
        nowNs++;
        below.deliver(Frames.numbered(2, 16), packet -> {
            packet.dataValidated(true);
            packet.hash(Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ, 3, 0x01020304);
        });
        fileShouldBe(
                HEAD,
                "06000000 60000000 00000000 01000000 02000000 0f000000 0f000000",
                "ffffffffffff 020000000001 88b5 63 00",
                "0200 0400 020a0000",
                "0100 1d00 6e657469663a206373756d2d626c616e6b2067736f3d74637076342f35 000000 00000000 60000000",
                "06000000 7c000000 00000000 01000000 03000000 10000000 10000000",
                "ffffffffffff 020000000002 88b5 646b",
                "0200 0400 01040000 0300 0500 0501020304 000000",
                "0100 3000 6e657469663a20646174612d76616c69646174656420686173683d746f65706c69747a",
                "2f332f30783031303230333034 00000000 7c000000");
        assertThat(device.packets()).isEqualTo(2);
        assertThat(above.numbers()).containsExactly(2);
        assertThat(below.sent).hasSize(1);
    }

    @Test
    void shouldLeaveTheAddressOut_whileTheDeviceHasNone() {
        below.mac = null;
        CapturingDevice early = capturing(CaptureConfig.DEFAULT);
        fileShouldBe(HEAD.replace("0600 0600 00163e000001 0000", "").replace("38000000", "2c000000"));
        below.mac = MemoryDevice.MAC;
        assertThat(Frames.send(early, Frames.numbered(1, 14))).isTrue();
        assertThat(early.packets()).isEqualTo(1);
    }

    @Test
    void shouldCutWhatIsLonger_andCountMicrosecondsFrom1970() {
        nowNs = 2_999;
        CapturingDevice cutting =
                capturing(new CaptureConfig("v", 14, CaptureConfig.Resolution.MICROSECONDS, 1_000_000_000L));
        file.reset();
        Frames.send(cutting, Frames.numbered(1, 1514));
        fileShouldBe(
                "06000000 3c000000 00000000 00000000 42420f00 0e000000 ea050000",
                "ffffffffffff 020000000001 88b5 0000",
                "0200 0400 02000000 00000000 3c000000");
        nowNs = Long.MIN_VALUE / 2;
        file.reset();
        below.deliver(Frames.numbered(1, 14));
        fileShouldBe(
                "06000000 3c000000 00000000 00000000 00000000 0e000000 0e000000",
                "ffffffffffff 020000000001 88b5 0000",
                "0200 0400 01000000 00000000 3c000000");
    }

    @Test
    void shouldSayWhichPacketsWereDropped() {
        below.carrier = false;
        file.reset();
        assertThat(Frames.send(device, Frames.numbered(1, 14))).isFalse();
        fileShouldBe(
                "06000000 50000000 00000000 01000000 02000000 0e000000 0e000000",
                "ffffffffffff 020000000001 88b5 0000",
                "0200 0400 02000000 0100 0e00 6e657469663a2064726f70706564 0000 00000000 50000000");
    }

    @Test
    void shouldLeaveOutWhatWasRejected() {
        int before = file.size();
        NetPacket tooLong = device.acquire(2000);
        assertThatThrownBy(() -> device.send(tooLong)).isInstanceOf(IllegalArgumentException.class);
        assertThat(below.outstanding()).isEqualTo(1);
        device.release(tooLong);
        below.deliver(Frames.numbered(1, 14));
        assertThat(file.size()).isEqualTo(before + 0x3c);
    }

    @Test
    void shouldKeepTheOrder_whenSendingBringsAPacketIn() {
        below.whileSending = () -> {
            below.whileSending = () -> {};
            below.deliver(Frames.numbered(2, 14));
        };
        file.reset();
        Frames.send(device, Frames.numbered(1, 14));
        assertThat(HexFormat.of().formatHex(file.toByteArray())).matches(".*000000000188b5.*000000000288b5.*");
        assertThat(device.packets()).isEqualTo(2);
    }

    @Test
    void shouldGoOn_whenNothingCanBeWrittenAnyMore() {
        RuntimeException full = new XenException("disk full");
        int[] left = {3};
        CapturingDevice stopping = new CapturingDevice(
                below,
                () -> 0,
                (bytes, at, length) -> {
                    if (left[0]-- <= 0) {
                        throw full;
                    }
                },
                CaptureConfig.DEFAULT);
        stopping.receiver(above);
        for (int i = 0; i < 5; i++) {
            assertThat(Frames.send(stopping, Frames.numbered(i, 60))).isTrue();
            below.deliver(Frames.numbered(i, 60));
        }
        assertThat(below.sent).hasSize(5);
        assertThat(above.received).hasSize(5);
        assertThat(stopping.packets()).isEqualTo(1);
        assertThat(stopping.failure()).isSameAs(full);
        assertThat(left[0]).as("not tried again").isEqualTo(-1);
    }

    @Test
    void shouldNameTheFile_whenItCannotBeWritten(@TempDir Path directory) throws Exception {
        assertThatThrownBy(() -> StreamSink.toFile(directory.resolve("no/file")))
                .isInstanceOf(XenException.class)
                .hasMessageContaining(directory.resolve("no/file").toString());
        Path path = directory.resolve("file");
        StreamSink sink = StreamSink.toFile(path);
        sink.write(new byte[] {1, 2, 3, 4}, 1, 2);
        sink.close();
        assertThat(Files.readAllBytes(path)).containsExactly(2, 3);
        StreamSink full = StreamSink.toFile(Path.of("/dev/full"));
        full.write(new byte[10], 0, 10);
        assertThatThrownBy(full::close).isInstanceOf(XenException.class).hasMessageContaining("/dev/full");
    }

    @Test
    void shouldRefuseConfigurationsThatCannotBe() {
        CaptureConfig config = CaptureConfig.DEFAULT;
        assertThatThrownBy(() -> config.withName("")).hasMessageContaining("name=");
        assertThatThrownBy(() -> config.withSnapLengthBytes(0)).hasMessageContaining("snapLengthBytes=0");
        assertThatThrownBy(() -> config.withSnapLengthBytes(1 << 19)).hasMessageContaining("must be 1 to 262144");
        assertThatThrownBy(() -> config.withResolution(null)).hasMessageContaining("resolution=null");
        assertThat(config.withEpochNs(5).epochNs()).isEqualTo(5);
    }
}
