package org.xenpv.pcapng;

import java.util.ArrayList;
import java.util.List;

/**
 * Sections, their interfaces, and packets in enhanced or simple blocks; other blocks are passed over. See {@link PcapngBlock} for what
 * a block looks like.
 */
final class PcapngFormat implements CaptureReader.Format {

    private static final int HEADER_BYTES = 8;
    private static final int TRAILER_BYTES = 4;
    private static final int SECTION_BYTES = 16;
    private static final int INTERFACE_BYTES = 8;
    private static final int ENHANCED_BYTES = 20;
    private static final int SIMPLE_BYTES = 4;
    private static final int INTERFACES_MAX = 1024;
    private static final int OPTION_HEADER_BYTES = 4;

    private final CaptureInput input;
    private final List<PcapngInterface> interfaces = new ArrayList<>();
    private long blockAt;
    private int bodyBytes;

    /** The type of the first section header has been taken. */
    PcapngFormat(CaptureInput input) {
        this.input = input;
        readSection(input.offset() - 4);
    }

    @Override
    public boolean next(CapturedPacket packet) {
        while (true) {
            long start = input.offset();
            if (!input.takeOrEnd(4, "a block's type")) {
                return false;
            }
            int type = input.i32(0);
            if (type == Pcapng.SECTION_HEADER_BLOCK) { // reads the same in either order
                readSection(start);
                continue;
            }
            blockAt = start;
            input.take(4, "a block's length");
            long total = input.u32(0);
            if (total < HEADER_BYTES + TRAILER_BYTES || (total & 3) != 0) {
                throw new CaptureFormatException(start + 4, "total=" + total + ", must be a multiple of 4 from 12 on");
            }
            boolean known = type == Pcapng.INTERFACE_DESCRIPTION_BLOCK
                    || type == Pcapng.ENHANCED_PACKET_BLOCK
                    || type == Pcapng.SIMPLE_PACKET_BLOCK;
            if (!known) {
                input.skip(total - HEADER_BYTES - TRAILER_BYTES, "a block's body");
                checkTrailer(total);
                continue;
            }
            takeBody(total);
            if (type == Pcapng.INTERFACE_DESCRIPTION_BLOCK) {
                readInterface();
            } else if (type == Pcapng.ENHANCED_PACKET_BLOCK) {
                readEnhanced(packet);
                return true;
            } else {
                readSimple(packet);
                return true;
            }
        }
    }

    /** Takes body and trailer in one piece; the body then begins at 0. */
    private void takeBody(long total) {
        long body = total - HEADER_BYTES - TRAILER_BYTES;
        int most = input.pieceBytesMax() - TRAILER_BYTES;
        if (body > most) {
            throw new CaptureFormatException(
                    blockAt + 4, "total=" + total + ", must be at most " + (most + HEADER_BYTES + TRAILER_BYTES));
        }
        bodyBytes = (int) body;
        input.take(bodyBytes + TRAILER_BYTES, "a block's body");
        checkTrailer(total, bodyBytes);
    }

    private void checkTrailer(long total) {
        input.take(TRAILER_BYTES, "a block's second length");
        checkTrailer(total, 0);
    }

    private void checkTrailer(long total, int at) {
        long again = input.u32(at);
        if (again != total) {
            throw new CaptureFormatException(
                    input.offset() - TRAILER_BYTES, "second total=" + again + ", must be " + total + " as the first");
        }
    }

    /** Reads a section header from behind its type. */
    private void readSection(long start) {
        blockAt = start;
        input.take(8, "a section's header"); // the length, in an order that the magic number behind it tells
        input.bigEndian(false);
        boolean swapped = input.i32(4) == Integer.reverseBytes(Pcapng.BYTE_ORDER_MAGIC);
        if (!swapped && input.i32(4) != Pcapng.BYTE_ORDER_MAGIC) {
            throw new CaptureFormatException(
                    start + HEADER_BYTES,
                    "byte-order magic=0x" + Integer.toHexString(input.i32(4)) + ", must be 0x1a2b3c4d or 0x4d3c2b1a");
        }
        input.bigEndian(swapped);
        long total = input.u32(0);
        if (total < HEADER_BYTES + SECTION_BYTES + TRAILER_BYTES || (total & 3) != 0) {
            throw new CaptureFormatException(start + 4, "total=" + total + ", must be a multiple of 4 from 28 on");
        }
        input.take(SECTION_BYTES - 4, "a section's header");
        int major = input.u16(0);
        int minor = input.u16(2);
        if (major != Pcapng.VERSION_MAJOR || minor != Pcapng.VERSION_MINOR && minor != 2) { // 1.2 is read as 1.0
            throw new CaptureFormatException(start + 12, "version=" + major + "." + minor + ", must be 1.0");
        }
        input.skip(total - HEADER_BYTES - SECTION_BYTES - TRAILER_BYTES, "a section's options");
        checkTrailer(total);
        interfaces.clear();
    }

    private void readInterface() {
        need(INTERFACE_BYTES, "an interface's description");
        if (interfaces.size() == INTERFACES_MAX) {
            throw new CaptureFormatException(blockAt, "interfaces, must be at most " + INTERFACES_MAX);
        }
        int linktype = input.u16(0);
        if (linktype != Pcapng.LINKTYPE_ETHERNET) {
            throw new CaptureFormatException(blockAt + HEADER_BYTES, "linktype=" + linktype + ", must be 1 (Ethernet)");
        }
        PcapngInterface described = new PcapngInterface(input.u32(4));
        for (int at = INTERFACE_BYTES; at < bodyBytes; at = nextOption(at)) {
            int code = input.u16(at);
            if (code == Pcapng.OPT_ENDOFOPT) {
                break;
            }
            long place = blockAt + HEADER_BYTES + at;
            int length = input.u16(at + 2);
            nextOption(at);
            if (code == Pcapng.IF_TSRESOL) {
                exactly(place, length, 1);
                described.resolution(input.bytes()[at + OPTION_HEADER_BYTES] & 0xff, place);
            } else if (code == Pcapng.IF_TSOFFSET) {
                exactly(place, length, 8);
                described.offsetSeconds(i64(at + OPTION_HEADER_BYTES), place);
            }
        }
        interfaces.add(described);
    }

    private long i64(int at) {
        long first = input.u32(at);
        long second = input.u32(at + 4);
        return input.isBigEndian() ? first << 32 | second : second << 32 | first;
    }

    private static void exactly(long place, int length, int must) {
        if (length != must) {
            throw new CaptureFormatException(place, "option of " + length + " bytes, must have " + must);
        }
    }

    private void need(int bytes, String what) {
        if (bodyBytes < bytes) {
            throw new CaptureFormatException(
                    blockAt + 4, "total=" + (bodyBytes + 12) + ", must be at least " + (bytes + 12) + " for " + what);
        }
    }

    /** Where the option behind one begins; checks that this one lies within the block. */
    private int nextOption(int at) {
        int end = at + OPTION_HEADER_BYTES;
        if (end <= bodyBytes) {
            end += Pcapng.padded(input.u16(at + 2));
        }
        if (end > bodyBytes) {
            throw new CaptureFormatException(
                    blockAt + HEADER_BYTES + at, "option ends " + (end - bodyBytes) + " bytes behind its block");
        }
        return end;
    }

    private PcapngInterface find(long id) {
        if (id >= interfaces.size()) {
            throw new CaptureFormatException(
                    blockAt + HEADER_BYTES, "interface=" + id + ", of " + interfaces.size() + " that are described");
        }
        return interfaces.get((int) id);
    }

    private void readEnhanced(CapturedPacket packet) {
        need(ENHANCED_BYTES, "a packet");
        PcapngInterface on = find(input.u32(0));
        long timeNs = on.timeNs(input.u32(4) << 32 | input.u32(8), blockAt + HEADER_BYTES + 4);
        long captured = input.u32(12);
        long original = input.u32(16);
        long most = Math.min(original, Math.min(bodyBytes - ENHANCED_BYTES, CaptureReader.PACKET_BYTES_MAX));
        if (captured > most) {
            throw new CaptureFormatException(
                    blockAt + HEADER_BYTES + 12, "captured=" + captured + ", must be 0 to " + most);
        }
        packet.set(blockAt, input.bytes(), ENHANCED_BYTES, (int) captured, original, timeNs);
        for (int at = ENHANCED_BYTES + Pcapng.padded((int) captured); at < bodyBytes; at = nextOption(at)) {
            nextOption(at);
            int code = input.u16(at);
            if (code == Pcapng.OPT_ENDOFOPT) {
                break;
            }
            int length = input.u16(at + 2);
            if (code == Pcapng.EPB_FLAGS) {
                exactly(blockAt + HEADER_BYTES + at, length, 4);
                packet.direction(input.i32(at + OPTION_HEADER_BYTES) & 3);
            } else if (code == Pcapng.OPT_COMMENT && packet.comment().isEmpty()) {
                packet.comment().read(input.bytes(), at + OPTION_HEADER_BYTES, length);
            }
        }
    }

    private void readSimple(CapturedPacket packet) {
        need(SIMPLE_BYTES, "a packet");
        PcapngInterface on = find(0);
        long original = input.u32(0);
        long captured = on.snapLengthBytes() == 0 ? original : Math.min(original, on.snapLengthBytes());
        long most = Math.min(bodyBytes - SIMPLE_BYTES, CaptureReader.PACKET_BYTES_MAX);
        if (captured > most) {
            throw new CaptureFormatException(blockAt + HEADER_BYTES, "captured=" + captured + ", must be 0 to " + most);
        }
        packet.set(blockAt, input.bytes(), SIMPLE_BYTES, (int) captured, original, 0);
    }
}
