package org.xenpv.pcapng;

/**
 * One block of a pcapng file after the other, each built in the same array. A block is begun, its options are added, and
 * {@link #end} closes it; then {@link #bytes} holds it from 0 to {@link #lengthBytes}.
 *
 * <pre>{@code
 *  0      4       8                                          lengthBytes
 *  +------+-------+------------------+---------------+-------+
 *  | type | total | body, padded     | options ...   | total |      all multiples of 4
 *  +------+-------+------------------+---------------+-------+
 *                                    | code | length | value, padded | ... | 0 0
 * }</pre>
 *
 * <p>Allocates nothing after construction but where text is converted.
 */
public final class PcapngBlock {

    /** Room for everything but the packet: options are short. */
    private static final int ROOM_BYTES = 1024;

    private final byte[] bytes;
    private final int packetBytesMax;
    private int length;
    private boolean hasOptions;

    /** @param packetBytesMax longest piece of a packet that can be put in a block */
    public PcapngBlock(int packetBytesMax) {
        if (packetBytesMax < 1 || packetBytesMax > 1 << 24) {
            throw new IllegalArgumentException("packetBytesMax=" + packetBytesMax + ", must be 1 to " + (1 << 24));
        }
        this.packetBytesMax = packetBytesMax;
        this.bytes = new byte[packetBytesMax + ROOM_BYTES];
    }

    public byte[] bytes() {
        return bytes;
    }

    public int lengthBytes() {
        return length;
    }

    /** Begins a section header: the start of a file. */
    public void beginSection() {
        begin(Pcapng.SECTION_HEADER_BLOCK);
        putInt(Pcapng.BYTE_ORDER_MAGIC);
        putShort(Pcapng.VERSION_MAJOR);
        putShort(Pcapng.VERSION_MINOR);
        putInt(-1); // the section's length is not known
        putInt(-1);
    }

    /** Begins the description of an Ethernet interface. @param snapLengthBytes most bytes of a packet that are kept; 0 for all */
    public void beginInterface(int snapLengthBytes) {
        begin(Pcapng.INTERFACE_DESCRIPTION_BLOCK);
        putShort(Pcapng.LINKTYPE_ETHERNET);
        putShort(0);
        putInt(snapLengthBytes);
    }

    /**
     * Begins a packet. The caller then writes its bytes to {@link #bytes} at {@link Pcapng#ENHANCED_PACKET_DATA_AT}.
     *
     * @param time in the unit the interface's description gives
     * @param capturedBytes how many of its bytes are kept
     */
    public void beginPacket(int interfaceId, long time, int capturedBytes, int originalBytes) {
        if (capturedBytes < 0 || capturedBytes > packetBytesMax || capturedBytes > originalBytes) {
            throw new IllegalArgumentException(
                    "capturedBytes=" + capturedBytes + ", must be 0 to " + Math.min(packetBytesMax, originalBytes));
        }
        begin(Pcapng.ENHANCED_PACKET_BLOCK);
        putInt(interfaceId);
        putInt((int) (time >>> 32));
        putInt((int) time);
        putInt(capturedBytes);
        putInt(originalBytes);
        length += capturedBytes;
        pad();
    }

    public void intOption(int code, int value) {
        option(code, 4);
        putInt(value);
    }

    public void byteOption(int code, int value) {
        option(code, 1);
        bytes[length++] = (byte) value;
        pad();
    }

    /** The bytes of a text; what is not ASCII becomes a question mark. */
    public void textOption(int code, String text) {
        option(code, text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            bytes[length++] = (byte) (c < 0x80 ? c : '?');
        }
        pad();
    }

    /** @param mac the first byte on the wire highest */
    public void macOption(int code, long mac) {
        option(code, 6);
        for (int shift = 40; shift >= 0; shift -= 8) {
            bytes[length++] = (byte) (mac >>> shift);
        }
        pad();
    }

    /** {@link Pcapng#EPB_HASH} with a Toeplitz hash, its most significant byte first. */
    public void hashOption(int value) {
        option(Pcapng.EPB_HASH, 5);
        bytes[length++] = Pcapng.EPB_HASH_TOEPLITZ;
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes[length++] = (byte) (value >>> shift);
        }
        pad();
    }

    /** Says of a packet what its comment says; nothing if there is nothing to say. */
    public void commentOption(PacketComment comment) {
        if (comment.isEmpty()) {
            return;
        }
        option(Pcapng.OPT_COMMENT, 0);
        int from = length;
        length = comment.write(bytes, from);
        int written = length - from;
        bytes[from - 2] = (byte) written;
        bytes[from - 1] = (byte) (written >>> 8);
        pad();
    }

    /** Closes the block. */
    public void end() {
        if (hasOptions) {
            putInt(Pcapng.OPT_ENDOFOPT);
        }
        int total = length + 4;
        putInt(total);
        putIntAt(4, total);
    }

    private void begin(int type) {
        length = 0;
        hasOptions = false;
        putInt(type);
        putInt(0);
    }

    private void option(int code, int valueBytes) {
        int roomBytes = bytes.length - length - PacketComment.BYTES_MAX - 16;
        if (valueBytes > roomBytes) {
            throw new IllegalArgumentException("option of " + valueBytes + " bytes, must be 0 to " + roomBytes);
        }
        hasOptions = true;
        putShort(code);
        putShort(valueBytes);
    }

    private void pad() {
        while ((length & 3) != 0) {
            bytes[length++] = 0;
        }
    }

    private void putShort(int value) {
        bytes[length++] = (byte) value;
        bytes[length++] = (byte) (value >>> 8);
    }

    private void putInt(int value) {
        putIntAt(length, value);
        length += 4;
    }

    private void putIntAt(int at, int value) {
        bytes[at] = (byte) value;
        bytes[at + 1] = (byte) (value >>> 8);
        bytes[at + 2] = (byte) (value >>> 16);
        bytes[at + 3] = (byte) (value >>> 24);
    }
}
