package org.xenpv.pcapng;

/**
 * Reads the Ethernet packets of a capture, pcap or pcapng, of either byte order and any resolution. Strict: whatever the format does not
 * allow is a {@link CaptureFormatException} that names the place, and nothing is read after it. Holds one packet, however long the capture.
 *
 * <pre>{@code
 * CaptureReader reader = new CaptureReader(source);
 * while (reader.next()) {
 *     CapturedPacket packet = reader.packet();
 * }
 * }</pre>
 */
public final class CaptureReader {

    /** Most bytes of a packet, and of a block of a kind nobody asks for that is looked into. */
    public static final int PACKET_BYTES_MAX = 1 << 18;

    /** What is around a packet in its block: numbers and options. */
    private static final int ROOM_BYTES = 1 << 16;

    private static final int MAGIC_BYTES = 4;

    /** One of the formats. */
    interface Format {

        /** Reads the next packet. @return false if the capture ends where it may */
        boolean next(CapturedPacket packet);
    }

    private final CapturedPacket packet = new CapturedPacket();
    private final CaptureInput input;
    private Format format;
    private boolean over;

    public CaptureReader(CaptureSource source) {
        input = new CaptureInput(source, PACKET_BYTES_MAX + ROOM_BYTES);
    }

    /**
     * Reads the next packet.
     *
     * @return false if there are no more
     * @throws CaptureFormatException if the capture is broken
     */
    public boolean next() {
        if (over) {
            return false;
        }
        over = true; // unless this goes well
        if (format == null) {
            input.take(MAGIC_BYTES, "the magic number");
            format = format();
        }
        over = !format.next(packet);
        return !over;
    }

    private Format format() {
        int magic = input.i32(0);
        if (magic == Pcapng.SECTION_HEADER_BLOCK) {
            return new PcapngFormat(input);
        }
        PcapFormat pcap = PcapFormat.of(magic, input);
        if (pcap == null) {
            throw new CaptureFormatException(
                    0, "magic=0x" + Integer.toHexString(magic) + ", is neither pcap's nor pcapng's");
        }
        return pcap;
    }

    /** The packet read last; the same object every time. */
    public CapturedPacket packet() {
        return packet;
    }
}
