package org.xenpv.pcapng;

/** The bytes of a capture, taken piece by piece into one array; knows how far it is, and in which order numbers are. */
final class CaptureInput {

    private static final int PIECE_BYTES_MIN = 4096;

    private final CaptureSource source;
    private final int pieceBytesMax;
    private byte[] bytes = new byte[PIECE_BYTES_MIN];
    private long offset;
    private boolean bigEndian;

    /** @param pieceBytesMax longest piece that can be taken */
    CaptureInput(CaptureSource source, int pieceBytesMax) {
        this.source = source;
        this.pieceBytesMax = pieceBytesMax;
    }

    void bigEndian(boolean value) {
        bigEndian = value;
    }

    int pieceBytesMax() {
        return pieceBytesMax;
    }

    boolean isBigEndian() {
        return bigEndian;
    }

    /** Where the next byte to be taken is. */
    long offset() {
        return offset;
    }

    /** The piece taken last, from 0; another array when a longer one has been taken. */
    byte[] bytes() {
        return bytes;
    }

    /** Takes the next bytes. @param what they are, for errors @return false if the capture ends here */
    boolean takeOrEnd(int count, String what) {
        if (count > bytes.length) {
            bytes = new byte[Math.min(pieceBytesMax, Math.max(count, 2 * bytes.length))];
        }
        int got = 0;
        while (got < count) {
            int more = source.read(bytes, got, count - got);
            if (more < 0) {
                if (got == 0) {
                    return false;
                }
                throw new CaptureFormatException(offset + got, "the capture ends in " + what);
            }
            if (more < 1 || more > count - got) {
                throw new IllegalStateException("read=" + more + ", must be 1 to " + (count - got));
            }
            got += more;
        }
        offset += count;
        return true;
    }

    /** Takes the next bytes, which must be there. */
    void take(int count, String what) {
        if (count > 0 && !takeOrEnd(count, what)) {
            throw new CaptureFormatException(offset, "the capture ends before " + what);
        }
    }

    /** Passes over bytes, which must be there. */
    void skip(long count, String what) {
        for (long left = count; left > 0; left -= Math.min(left, bytes.length)) {
            take((int) Math.min(left, bytes.length), what);
        }
    }

    int u16(int at) {
        int first = bytes[at] & 0xff;
        int second = bytes[at + 1] & 0xff;
        return bigEndian ? first << 8 | second : second << 8 | first;
    }

    int i32(int at) {
        int first = u16(at);
        int second = u16(at + 2);
        return bigEndian ? first << 16 | second : second << 16 | first;
    }

    long u32(int at) {
        return i32(at) & 0xffff_ffffL;
    }
}
