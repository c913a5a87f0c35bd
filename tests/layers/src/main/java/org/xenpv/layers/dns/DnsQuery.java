package org.xenpv.layers.dns;

/**
 * The bytes of a query, as far as a memo of answers needs to know them (RFC 1035, section 4.1): the place of the question,
 * and a key that two queries with the same answer share. Only plain queries have one: one question, no compression, nothing
 * behind it but at most an OPT record without options (RFC 6891).
 */
final class DnsQuery {

    static final int HEADER_BYTES = 12;
    /** Longest plain query: header, 255 bytes of name, type and class, OPT. */
    static final int PLAIN_BYTES_MAX = HEADER_BYTES + 255 + 4 + 11;

    private static final int ID_BYTES = 2;
    private static final int OPT_BYTES = 11;
    private static final int TYPE_OPT = 41;
    private static final int LABEL_MAX = 63;
    private static final int NAME_MAX = 255;

    private final byte[] key = new byte[PLAIN_BYTES_MAX];
    private int keyBytes;
    private int hash;
    private int nameEnd;

    /** Looks at a query. @return whether it is plain and has a key */
    boolean parse(byte[] query, int bytes) {
        // opcode QUERY, not an answer, not truncated; one question, no records but one additional at most
        if (bytes > PLAIN_BYTES_MAX
                || bytes < HEADER_BYTES
                || (query[2] & 0xfa) != 0
                || u16(query, 4) != 1
                || u16(query, 6) != 0
                || u16(query, 8) != 0
                || u16(query, 10) > 1) {
            return false;
        }
        nameEnd = nameEnd(query, bytes);
        int questionEnd = nameEnd + 4;
        if (nameEnd < 0 || questionEnd > bytes || !isPlainRest(query, questionEnd, bytes)) {
            return false;
        }
        takeKey(query, bytes);
        return true;
    }

    private static boolean isPlainRest(byte[] query, int at, int bytes) {
        if (u16(query, 10) == 0) {
            return at == bytes;
        }
        return at + OPT_BYTES == bytes && query[at] == 0 && u16(query, at + 1) == TYPE_OPT && u16(query, at + 9) == 0;
    }

    /** @return the position behind the name, -1 if it is none or compressed */
    private static int nameEnd(byte[] query, int bytes) {
        int at = HEADER_BYTES;
        while (at < bytes) {
            int label = query[at++] & 0xff;
            if (label == 0) {
                return at - HEADER_BYTES <= NAME_MAX ? at : -1;
            }
            if (label > LABEL_MAX) {
                return -1;
            }
            at += label;
        }
        return -1;
    }

    /** All but the id, letters of the name in lower case; the lengths of labels are no letters. */
    private void takeKey(byte[] query, int bytes) {
        int mixed = 0;
        keyBytes = bytes - ID_BYTES;
        for (int i = ID_BYTES; i < bytes; i++) {
            byte b = query[i];
            if (i >= HEADER_BYTES && i < nameEnd && b >= 'A' && b <= 'Z') {
                b += 'a' - 'A';
            }
            key[i - ID_BYTES] = b;
            mixed = mixed * 31 + b;
        }
        hash = mixed * 0x9e3779b9;
    }

    static int u16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
    }

    byte[] key() {
        return key;
    }

    int keyBytes() {
        return keyBytes;
    }

    int hash() {
        return hash;
    }

    /** Where the name ends that begins behind the header. */
    int nameEnd() {
        return nameEnd;
    }
}
