package org.xenpv.pcapng;

/** A packet of a capture and what is said of it. The same object is used for the next. */
public final class CapturedPacket {

    private byte[] bytes = {};
    private int at;
    private int length;
    private long originalLength;
    private long timeNs;
    private int direction;
    private long offset;
    private final PacketComment comment = new PacketComment();

    void set(long placeBytes, byte[] holder, int start, int captured, long original, long time) {
        offset = placeBytes;
        bytes = holder;
        at = start;
        length = captured;
        originalLength = original;
        timeNs = time;
        direction = 0;
        comment.clear();
    }

    void direction(int value) {
        direction = value;
    }

    /** Holds the packet from {@link #at} on. */
    public byte[] bytes() {
        return bytes;
    }

    public int at() {
        return at;
    }

    /** How many of its bytes are there. */
    public int length() {
        return length;
    }

    /** How long it was; more than {@link #length} if it was cut when it was captured. */
    public long originalLength() {
        return originalLength;
    }

    /** Nanoseconds since 1970; 0 if the capture does not say. */
    public long timeNs() {
        return timeNs;
    }

    /** {@link Pcapng#EPB_FLAGS_INBOUND}, {@link Pcapng#EPB_FLAGS_OUTBOUND}, or 0 if the capture does not say. */
    public int direction() {
        return direction;
    }

    /** What travelled beside it; empty unless the capture is one of ours. */
    public PacketComment comment() {
        return comment;
    }

    /** Where the packet's record or block begins in the capture. */
    public long offsetBytes() {
        return offset;
    }

    /** Its bytes, newly allocated. */
    public byte[] toBytes() {
        byte[] copy = new byte[length];
        System.arraycopy(bytes, at, copy, 0, length);
        return copy;
    }
}
