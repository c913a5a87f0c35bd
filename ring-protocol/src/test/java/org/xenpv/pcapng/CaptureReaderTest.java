package org.xenpv.pcapng;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.io.netif.Netif;

/** Captures as they should be, of either kind, and as they should not. */
class CaptureReaderTest {

    /** What was read of a packet. */
    private record Read(String bytes, long original, long timeNs, int direction, String comment) {}

    /** Gives at most so many bytes at a time. */
    private static CaptureSource source(byte[] capture, int pieceMax) {
        int[] next = {0};
        return (bytes, at, length) -> {
            int count = Math.min(Math.min(length, pieceMax), capture.length - next[0]);
            System.arraycopy(capture, next[0], bytes, at, count);
            next[0] += count;
            return count == 0 ? -1 : count;
        };
    }

    private static List<Read> read(byte[] capture) {
        return read(capture, Integer.MAX_VALUE);
    }

    private static List<Read> read(byte[] capture, int pieceMax) {
        CaptureReader reader = new CaptureReader(source(capture, pieceMax));
        List<Read> packets = new ArrayList<>();
        while (reader.next()) {
            CapturedPacket packet = reader.packet();
            packets.add(new Read(
                    Arrays.toString(packet.toBytes()),
                    packet.originalLength(),
                    packet.timeNs(),
                    packet.direction(),
                    packet.comment().isEmpty() ? "" : packet.comment().toString()));
        }
        assertThat(reader.next()).as("it stays at its end").isFalse();
        return packets;
    }

    private static byte[] packetBytes(int number) {
        byte[] bytes = new byte[14 + number];
        Arrays.fill(bytes, (byte) number);
        return bytes;
    }

    private static void add(ByteArrayOutputStream out, PcapngBlock block) {
        block.end();
        out.write(block.bytes(), 0, block.lengthBytes());
    }

    /** A file of our own making with all that we write. */
    private static byte[] ours(List<Read> expected) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PcapngBlock block = new PcapngBlock(2000);
        block.beginSection();
        block.textOption(Pcapng.SHB_USERAPPL, "test");
        add(out, block);
        block.beginInterface(0);
        block.textOption(Pcapng.IF_NAME, "vif");
        block.byteOption(Pcapng.IF_TSRESOL, 9);
        add(out, block);
        for (int i = 0; i < 7; i++) {
            byte[] bytes = packetBytes(i);
            PacketComment comment = new PacketComment();
            comment.csumBlank(i % 2 == 1);
            comment.gso(i == 3 ? Netif.XEN_NETIF_GSO_TYPE_TCPV4 : Netif.XEN_NETIF_GSO_TYPE_NONE, i == 3 ? 1448 : 0);
            comment.hash(i == 5 ? Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ : 0, 2, 0x51ccc178);
            comment.dropped(i == 1);
            block.beginPacket(0, 1_700_000_000_000_000_000L + i, bytes.length, bytes.length + i);
            System.arraycopy(bytes, 0, block.bytes(), Pcapng.ENHANCED_PACKET_DATA_AT, bytes.length);
            block.intOption(Pcapng.EPB_FLAGS, i % 3);
            block.commentOption(comment);
            add(out, block);
            expected.add(new Read(
                    Arrays.toString(bytes),
                    bytes.length + i,
                    1_700_000_000_000_000_000L + i,
                    i % 3,
                    comment.isEmpty() ? "" : comment.toString()));
        }
        return out.toByteArray();
    }

    @Test
    void shouldReadWhatWeWrite_inWhateverPieces() {
        List<Read> expected = new ArrayList<>();
        byte[] capture = ours(expected);
        for (int pieceMax : new int[] {1, 7, 64, Integer.MAX_VALUE}) {
            assertThat(read(capture, pieceMax)).isEqualTo(expected);
        }
        assertThat(expected.get(3).comment()).contains("gso=tcpv4/1448");
    }

    private static ByteBuffer buffer(ByteOrder order) {
        return ByteBuffer.allocate(4096).order(order);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    private static ByteBuffer pcap(ByteOrder order, int magic) {
        return buffer(order)
                .putInt(magic)
                .putShort((short) 2)
                .putShort((short) 4)
                .putLong(0)
                .putInt(65535)
                .putInt(0x5400_0001); // with the length of a frame check sequence
    }

    private static void record(ByteBuffer file, int seconds, int part, byte[] bytes, int original) {
        file.putInt(seconds).putInt(part).putInt(bytes.length).putInt(original).put(bytes);
    }

    @ParameterizedTest
    @CsvSource({"true, 0xa1b2c3d4, 1000", "false, 0xa1b2c3d4, 1000", "true, 0xa1b23c4d, 1", "false, 0xa1b23c4d, 1"})
    void shouldReadPcap_ofEitherOrderAndUnit(boolean bigEndian, String magic, int unitNs) {
        ByteBuffer file =
                pcap(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN, (int) (long) Long.decode(magic));
        record(file, 7, 999_999, packetBytes(1), 15);
        record(file, 0xffff_ffff, 0, packetBytes(2), 3000);
        assertThat(read(bytes(file), 5))
                .containsExactly(
                        new Read(Arrays.toString(packetBytes(1)), 15, 7_000_000_000L + 999_999L * unitNs, 0, ""),
                        new Read(Arrays.toString(packetBytes(2)), 3000, 0xffff_ffffL * 1_000_000_000, 0, ""));
    }

    @Test
    void shouldReadAnEmptyPcap() {
        assertThat(read(bytes(pcap(ByteOrder.LITTLE_ENDIAN, 0xa1b2c3d4)))).isEmpty();
    }

    private static ByteBuffer block(ByteBuffer file, int type, byte[] body) {
        int total = body.length + 12;
        return file.putInt(type).putInt(total).put(body).putInt(total);
    }

    private static ByteBuffer section(ByteOrder order) {
        ByteBuffer body = buffer(order)
                .putInt(Pcapng.BYTE_ORDER_MAGIC)
                .putShort((short) 1)
                .putShort((short) 0);
        return block(buffer(order), Pcapng.SECTION_HEADER_BLOCK, bytes(body.putLong(-1)));
    }

    private static byte[] description(ByteOrder order, int snapLength, int resolution, long offsetSeconds) {
        ByteBuffer body = buffer(order).putShort((short) 1).putShort((short) 0).putInt(snapLength);
        body.putShort((short) Pcapng.IF_TSOFFSET).putShort((short) 8).putLong(offsetSeconds);
        body.putShort((short) Pcapng.IF_TSRESOL)
                .putShort((short) 1)
                .put((byte) resolution)
                .put(new byte[3]);
        return bytes(body.putInt(0));
    }

    private static byte[] enhanced(ByteOrder order, int on, long time, byte[] bytes, int original) {
        ByteBuffer body = buffer(order).putInt(on).putInt((int) (time >>> 32)).putInt((int) time);
        body.putInt(bytes.length).putInt(original).put(bytes).put(new byte[-bytes.length & 3]);
        return bytes(body);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldReadSectionsInterfacesAndSimplePackets_ofEitherOrder(boolean bigEndian) {
        ByteOrder order = bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        ByteBuffer file = section(order);
        block(file, Pcapng.INTERFACE_DESCRIPTION_BLOCK, description(order, 15, 0x80 | 10, 0));
        block(file, 0x0bad, new byte[400]); // of a kind nobody knows
        block(file, Pcapng.INTERFACE_DESCRIPTION_BLOCK, description(order, 0, 3, -5));
        block(file, Pcapng.ENHANCED_PACKET_BLOCK, enhanced(order, 0, 1536, packetBytes(1), 15));
        block(file, Pcapng.ENHANCED_PACKET_BLOCK, enhanced(order, 1, 7001, packetBytes(2), 16));
        ByteBuffer simple = buffer(order).putInt(40).put(packetBytes(1)).put((byte) 0);
        block(file, Pcapng.SIMPLE_PACKET_BLOCK, bytes(simple));
        ByteBuffer other = section(bigEndian ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        block(other, Pcapng.INTERFACE_DESCRIPTION_BLOCK, description(other.order(), 0, 9, 0));
        block(other, Pcapng.ENHANCED_PACKET_BLOCK, enhanced(other.order(), 0, 123, packetBytes(3), 17));
        file.put(bytes(other));
        assertThat(read(bytes(file)))
                .containsExactly(
                        new Read(Arrays.toString(packetBytes(1)), 15, 1_500_000_000, 0, ""),
                        new Read(Arrays.toString(packetBytes(2)), 16, 2_001_000_000, 0, ""),
                        new Read(Arrays.toString(packetBytes(1)), 40, 0, 0, ""),
                        new Read(Arrays.toString(packetBytes(3)), 17, 123, 0, ""));
    }

    @ParameterizedTest
    @CsvSource({
        "9, 1234567890123, 1234567890123",
        "6, -1, -1",
        "0, 12, 12000000000",
        "12, 1234567890123, 1234567890",
        "18, 1999999999999999999, 1999999999",
        "128, 3, 3000000000",
        "158, 1073741823, 999999999",
        "190, 4611686018427387903, 999999999"
    })
    void shouldTurnEveryUnitIntoNanoseconds(int resolution, long units, long ns) {
        ByteBuffer file = section(ByteOrder.LITTLE_ENDIAN);
        block(file, Pcapng.INTERFACE_DESCRIPTION_BLOCK, description(ByteOrder.LITTLE_ENDIAN, 0, resolution, 0));
        block(file, Pcapng.ENHANCED_PACKET_BLOCK, enhanced(ByteOrder.LITTLE_ENDIAN, 0, units, packetBytes(1), 15));
        if (ns < 0) {
            assertThatThrownBy(() -> read(bytes(file)))
                    .isInstanceOf(CaptureFormatException.class)
                    .hasMessageContaining("time=18446744073709551615, is after 2262");
        } else {
            assertThat(read(bytes(file)))
                    .singleElement()
                    .extracting(Read::timeNs)
                    .isEqualTo(ns);
        }
    }

    /** A way to break a capture, and what is said of it. */
    private enum Broken {
        NO_MAGIC("offset=0: magic=0x12345678, is neither", raw(0x12345678)),
        NOTHING("offset=0: the capture ends before the magic number", new byte[0]),
        PCAP_VERSION("offset=4: version=3.4, must be 2.4", changed(pcapOfOne(), 4, 3)),
        PCAP_LINKTYPE("offset=20: linktype=101, must be 1", changed(pcapOfOne(), 20, 101)),
        PCAP_FRACTION("offset=28: fraction=16777217, must be 0 to 999999", changed(pcapOfOne(), 31, 1)),
        PCAP_CAPTURED("offset=32: captured=16, must be 0 to 15", changed(pcapOfOne(), 32, 16)),
        PCAP_LONG("offset=32: captured=16777231, must be 0 to 262144", changed(changed(pcapOfOne(), 35, 1), 39, 2)),
        BYTE_ORDER("offset=8: byte-order magic=0x1a2b3c00, must be", changed(pcapngOfOne(), 8, 0)),
        VERSION("offset=12: version=2.0, must be 1.0", changed(pcapngOfOne(), 12, 2)),
        SECTION_LENGTH("offset=4: total=24, must be a multiple of 4 from 28 on", changed(pcapngOfOne(), 4, 24)),
        SECTION_LENGTH_AGAIN("offset=24: second total=32, must be 28", changed(pcapngOfOne(), 24, 32)),
        BLOCK_LENGTH("offset=32: total=46, must be a multiple of 4", changed(pcapngOfOne(), 32, 46)),
        BLOCK_LENGTH_AGAIN("offset=68: second total=45, must be 44", changed(pcapngOfOne(), 68, 45)),
        BLOCK_TOO_LONG("offset=32: total=16777260, must be at most", changed(pcapngOfOne(), 35, 1)),
        BLOCK_TOO_SHORT("offset=32: total=16, must be at least 20", shortInterface()),
        LINKTYPE("offset=36: linktype=113, must be 1 (Ethernet)", changed(pcapngOfOne(), 36, 113)),
        OPTION_PAST_END("offset=44: option ends 232 bytes behind its block", changed(pcapngOfOne(), 46, 250)),
        OPTION_LENGTH("offset=56: option of 2 bytes, must have 1", changed(pcapngOfOne(), 58, 2)),
        RESOLUTION("offset=56: resolution=10^-19, must be at most 18", changed(pcapngOfOne(), 60, 19)),
        RESOLUTION_BINARY("offset=56: resolution=2^-63, must be at most 62", changed(pcapngOfOne(), 60, 0xbf)),
        TIME_OFFSET("offset=44: time offset=", changed(pcapngOfOne(), 55, 0x7f)),
        INTERFACE("offset=80: interface=1, of 1 that are described", changed(pcapngOfOne(), 80, 1)),
        CAPTURED("offset=92: captured=16, must be 0 to 15", changed(pcapngOfOne(), 92, 16)),
        CAPTURED_PAST_END("offset=92: captured=17, must be 0 to 16", changed(changed(pcapngOfOne(), 92, 17), 96, 99));

        final String message;
        final byte[] capture;

        Broken(String message, byte[] capture) {
            this.message = message;
            this.capture = capture;
        }

        private static byte[] raw(int number) {
            return bytes(buffer(ByteOrder.LITTLE_ENDIAN).putInt(number).putLong(0));
        }

        private static byte[] changed(byte[] capture, int at, int value) {
            capture[at] = (byte) value;
            return capture;
        }

        private static byte[] shortInterface() {
            ByteBuffer file = section(ByteOrder.LITTLE_ENDIAN);
            return bytes(block(file, Pcapng.INTERFACE_DESCRIPTION_BLOCK, new byte[4]));
        }
    }

    private static byte[] pcapOfOne() {
        ByteBuffer file = pcap(ByteOrder.LITTLE_ENDIAN, 0xa1b2c3d4);
        record(file, 1, 1, packetBytes(1), 15);
        return bytes(file);
    }

    private static byte[] pcapngOfOne() {
        ByteBuffer file = section(ByteOrder.LITTLE_ENDIAN);
        block(file, Pcapng.INTERFACE_DESCRIPTION_BLOCK, description(ByteOrder.LITTLE_ENDIAN, 0, 9, 0));
        block(file, Pcapng.ENHANCED_PACKET_BLOCK, enhanced(ByteOrder.LITTLE_ENDIAN, 0, 5, packetBytes(1), 15));
        return bytes(file);
    }

    @ParameterizedTest
    @EnumSource(Broken.class)
    void shouldNameThePlace_whenACaptureIsBroken(Broken broken) {
        CaptureReader reader = new CaptureReader(source(broken.capture, Integer.MAX_VALUE));
        assertThatThrownBy(() -> {
                    while (reader.next()) {
                        assertThat(reader.packet()).isNotNull();
                    }
                })
                .isInstanceOf(CaptureFormatException.class)
                .hasMessageStartingWith(broken.message);
        assertThat(reader.next()).as("nothing is read behind it").isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldSayWhereItEnds_whenCutAnywhere(boolean pcapng) {
        byte[] whole = pcapng ? pcapngOfOne() : pcapOfOne();
        List<Integer> whereItMayEnd = pcapng ? List.of(28, 72, whole.length) : List.of(24, whole.length);
        for (int length = 0; length <= whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            if (whereItMayEnd.contains(length)) {
                assertThat(read(cut)).hasSize(length == whole.length ? 1 : 0);
            } else {
                assertThatThrownBy(() -> read(cut))
                        .isInstanceOf(CaptureFormatException.class)
                        .hasMessageStartingWith("offset=" + length + ": the capture ends ");
            }
        }
    }

    @Test
    void shouldReadOrRefuse_whateverTheBytesAre() {
        byte[][] sound = {ours(new ArrayList<>()), pcapOfOne(), pcapngOfOne()};
        int refused = 0;
        for (int seed = 0; seed < 6000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            byte[] capture = sound[seed % sound.length].clone();
            for (int change = random.nextInt(1, 4); change > 0; change--) {
                capture[random.nextInt(capture.length)] = (byte) random.nextInt();
            }
            try {
                read(capture);
            } catch (CaptureFormatException broken) {
                refused++;
                assertThat(broken.offsetBytes()).as("seed=" + seed).isBetween(0L, (long) capture.length);
            } catch (RuntimeException other) {
                throw new AssertionError("seed=" + seed, other);
            }
        }
        assertThat(refused).isBetween(1000, 5999);
    }
}
