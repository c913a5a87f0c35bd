package org.xenpv.pcapng;

/**
 * The older format (draft-ietf-opsawg-pcap), of either byte order, in micro- or nanoseconds.
 *
 * <pre>{@code
 *  file   0       4               8          16        20        24
 *         | magic | major | minor | reserved | snaplen | linktype, FCS |
 *  packet 0         4              8          12         16
 *         | seconds | micro, nano  | captured | original | bytes, not padded
 * }</pre>
 */
final class PcapFormat implements CaptureReader.Format {

    private static final int MAGIC_MICROSECONDS = 0xa1b2c3d4;
    private static final int MAGIC_NANOSECONDS = 0xa1b23c4d;
    private static final int VERSION_MAJOR = 2;
    private static final int VERSION_MINOR = 4;
    private static final int MAGIC_BYTES = 4;
    private static final int HEADER_BYTES = 24;
    private static final int RECORD_BYTES = 16;
    private static final long NS_PER_SECOND = 1_000_000_000;
    /** The frame check sequence's length is in the bits above, and whether it is known. */
    private static final int LINKTYPE_MASK = 0xffff;

    private final CaptureInput input;
    private final int unitNs;

    private PcapFormat(CaptureInput input, int unitNs) {
        this.input = input;
        this.unitNs = unitNs;
    }

    /** Reads the rest of the file's header. @param magic as little-endian @return null if it is another format's */
    static PcapFormat of(int magic, CaptureInput input) {
        boolean swapped = isMagic(Integer.reverseBytes(magic));
        if (!swapped && !isMagic(magic)) {
            return null;
        }
        input.bigEndian(swapped);
        int own = swapped ? Integer.reverseBytes(magic) : magic;
        PcapFormat format = new PcapFormat(input, own == MAGIC_NANOSECONDS ? 1 : 1000);
        format.readHeader();
        return format;
    }

    private static boolean isMagic(int number) {
        return number == MAGIC_MICROSECONDS || number == MAGIC_NANOSECONDS;
    }

    private void readHeader() {
        input.take(HEADER_BYTES - MAGIC_BYTES, "the file's header");
        int major = input.u16(0);
        int minor = input.u16(2);
        if (major != VERSION_MAJOR || minor != VERSION_MINOR) {
            throw new CaptureFormatException(
                    MAGIC_BYTES, "version=" + major + "." + minor + ", must be " + VERSION_MAJOR + "." + VERSION_MINOR);
        }
        int linktype = input.i32(16) & LINKTYPE_MASK;
        if (linktype != Pcapng.LINKTYPE_ETHERNET) {
            throw new CaptureFormatException(20, "linktype=" + linktype + ", must be 1 (Ethernet)");
        }
    }

    @Override
    public boolean next(CapturedPacket packet) {
        long start = input.offset();
        if (!input.takeOrEnd(RECORD_BYTES, "a packet's header")) {
            return false;
        }
        long part = input.u32(4);
        if (part >= NS_PER_SECOND / unitNs) {
            throw new CaptureFormatException(
                    start + 4, "fraction=" + part + ", must be 0 to " + (NS_PER_SECOND / unitNs - 1));
        }
        long timeNs = input.u32(0) * NS_PER_SECOND + part * unitNs;
        long captured = input.u32(8);
        long original = input.u32(12);
        if (captured > CaptureReader.PACKET_BYTES_MAX || captured > original) {
            throw new CaptureFormatException(
                    start + 8,
                    "captured=" + captured + ", must be 0 to " + Math.min(original, CaptureReader.PACKET_BYTES_MAX));
        }
        input.take((int) captured, "a packet's bytes");
        packet.set(start, input.bytes(), 0, (int) captured, original, timeNs);
        return true;
    }
}
