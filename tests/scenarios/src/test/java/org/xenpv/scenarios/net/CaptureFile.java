package org.xenpv.scenarios.net;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.xenpv.pcapng.CaptureReader;
import org.xenpv.pcapng.CaptureSource;
import org.xenpv.pcapng.CapturedPacket;
import org.xenpv.pcapng.PacketComment;
import org.xenpv.pcapng.Pcapng;
import org.xenpv.pcapng.PcapngBlock;

/** A pcapng file in memory, written packet by packet. */
final class CaptureFile {

    /** What a capture says of a packet. */
    record Packet(List<Byte> bytes, long timeNs, String comment) {}

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final PcapngBlock block = new PcapngBlock(CaptureReader.PACKET_BYTES_MAX);
    private int packets;

    CaptureFile() {
        block.beginSection();
        add();
        block.beginInterface(0);
        block.byteOption(Pcapng.IF_TSRESOL, 9);
        add();
    }

    private void add() {
        block.end();
        out.write(block.bytes(), 0, block.lengthBytes());
    }

    /** What is said beside the bytes. */
    interface Extras {
        void describe(PacketComment comment);
    }

    CaptureFile packet(long timeNs, byte[] bytes) {
        return packet(timeNs, bytes, bytes.length, 0, comment -> {});
    }

    CaptureFile packet(long timeNs, byte[] bytes, Extras extras) {
        return packet(timeNs, bytes, bytes.length, 0, extras);
    }

    CaptureFile packet(long timeNs, byte[] bytes, int originalBytes, int direction, Extras extras) {
        PacketComment comment = new PacketComment();
        extras.describe(comment);
        block.beginPacket(0, timeNs, bytes.length, originalBytes);
        System.arraycopy(bytes, 0, block.bytes(), Pcapng.ENHANCED_PACKET_DATA_AT, bytes.length);
        block.intOption(Pcapng.EPB_FLAGS, direction);
        block.commentOption(comment);
        add();
        packets++;
        return this;
    }

    int packets() {
        return packets;
    }

    byte[] bytes() {
        return out.toByteArray();
    }

    static CaptureSource source(byte[] capture) {
        int[] next = {0};
        return (bytes, at, length) -> {
            int count = Math.min(length, capture.length - next[0]);
            System.arraycopy(capture, next[0], bytes, at, count);
            next[0] += count;
            return count == 0 ? -1 : count;
        };
    }

    /** All packets of a capture. */
    static List<Packet> read(byte[] capture) {
        CaptureReader reader = new CaptureReader(source(capture));
        List<Packet> packets = new ArrayList<>();
        while (reader.next()) {
            CapturedPacket packet = reader.packet();
            packets.add(new Packet(
                    boxed(packet.toBytes()),
                    packet.timeNs(),
                    packet.comment().isEmpty() ? "" : packet.comment().toString()));
        }
        return packets;
    }

    /** The same with no times: those are of another run. */
    static List<Packet> untimed(byte[] capture) {
        return read(capture).stream()
                .map(packet -> new Packet(packet.bytes(), 0, packet.comment()))
                .toList();
    }

    static List<Byte> boxed(byte[] bytes) {
        List<Byte> boxed = new ArrayList<>(bytes.length);
        for (byte each : bytes) {
            boxed.add(each);
        }
        return boxed;
    }
}
