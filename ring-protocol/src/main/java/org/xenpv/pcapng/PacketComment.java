package org.xenpv.pcapng;

import org.xenpv.io.netif.Netif;

/**
 * What travels with a packet on a netif ring beside its bytes, as the comment of a packet in a capture file. Words with a
 * space between, each only if there is something to say, in this order:
 *
 * <pre>
 * netif: csum-blank data-validated gso=tcpv4/1448 hash=toeplitz/1/0x51ccc178 dropped
 * </pre>
 *
 * <ul>
 *   <li>{@code csum-blank}, {@code data-validated}: NETTXF_csum_blank and NETTXF_data_validated
 *   <li>{@code gso=TYPE/SIZE}: {@code tcpv4} or {@code tcpv6}, and the payload bytes of a segment
 *   <li>{@code hash=ALGORITHM/TYPE/VALUE}: {@code toeplitz} or the algorithm's number, XEN_NETIF_CTRL_HASH_TYPE_*_BIT, and
 *       the value in hexadecimal
 *   <li>{@code dropped}: it was to be sent, and the device could not
 * </ul>
 *
 * <p>Used again and again; allocates nothing.
 */
public final class PacketComment {

    /** Longest comment that {@link #write} makes. */
    public static final int BYTES_MAX = 128;

    private static final String START = "netif:";
    private static final String CSUM_BLANK = "csum-blank";
    private static final String DATA_VALIDATED = "data-validated";
    private static final String GSO = "gso=";
    private static final String TCPV4 = "tcpv4";
    private static final String TCPV6 = "tcpv6";
    private static final String HASH = "hash=";
    private static final String TOEPLITZ = "toeplitz";
    private static final String DROPPED = "dropped";

    private boolean csumBlank;
    private boolean dataValidated;
    private int gsoType;
    private int gsoSize;
    private int hashAlgorithm;
    private int hashType;
    private int hashValue;
    private boolean dropped;

    private byte[] target = {};
    private int targetAt;
    private byte[] source = {};
    private int sourceAt;
    private int sourceEnd;

    public void clear() {
        csumBlank = false;
        dataValidated = false;
        gso(Netif.XEN_NETIF_GSO_TYPE_NONE, 0);
        hash(Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE, 0, 0);
        dropped = false;
    }

    public boolean csumBlank() {
        return csumBlank;
    }

    public void csumBlank(boolean blank) {
        csumBlank = blank;
    }

    public boolean dataValidated() {
        return dataValidated;
    }

    public void dataValidated(boolean validated) {
        dataValidated = validated;
    }

    /** XEN_NETIF_GSO_TYPE_* */
    public int gsoType() {
        return gsoType;
    }

    public int gsoSize() {
        return gsoSize;
    }

    public void gso(int type, int size) {
        gsoType = type;
        gsoSize = size;
    }

    /** XEN_NETIF_CTRL_HASH_ALGORITHM_* */
    public int hashAlgorithm() {
        return hashAlgorithm;
    }

    /** XEN_NETIF_CTRL_HASH_TYPE_*_BIT */
    public int hashType() {
        return hashType;
    }

    public int hashValue() {
        return hashValue;
    }

    public void hash(int algorithm, int type, int value) {
        hashAlgorithm = algorithm;
        hashType = type;
        hashValue = value;
    }

    public boolean dropped() {
        return dropped;
    }

    public void dropped(boolean wasDropped) {
        dropped = wasDropped;
    }

    public boolean isEmpty() {
        return !csumBlank && !dataValidated && !dropped && !isSegmented() && !isHashed();
    }

    private boolean isSegmented() {
        return gsoType != Netif.XEN_NETIF_GSO_TYPE_NONE;
    }

    private boolean isHashed() {
        return hashAlgorithm != Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
    }

    /** Writes the comment in ASCII, at most {@link #BYTES_MAX} bytes. @return where it ends */
    public int write(byte[] bytes, int at) {
        target = bytes;
        targetAt = at;
        put(START);
        if (csumBlank) {
            word(CSUM_BLANK);
        }
        if (dataValidated) {
            word(DATA_VALIDATED);
        }
        if (isSegmented()) {
            word(GSO);
            put(gsoType == Netif.XEN_NETIF_GSO_TYPE_TCPV4 ? TCPV4 : TCPV6);
            put("/");
            put(gsoSize);
        }
        if (isHashed()) {
            word(HASH);
            if (hashAlgorithm == Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ) {
                put(TOEPLITZ);
            } else {
                put(hashAlgorithm & 0xff);
            }
            put("/");
            put(hashType & 0xff);
            put("/0x");
            for (int shift = 28; shift >= 0; shift -= 4) {
                target[targetAt++] = (byte) Character.forDigit(hashValue >>> shift & 0xf, 16);
            }
        }
        if (dropped) {
            word(DROPPED);
        }
        return targetAt;
    }

    private void word(String text) {
        put(" ");
        put(text);
    }

    private void put(String text) {
        for (int i = 0; i < text.length(); i++) {
            target[targetAt++] = (byte) text.charAt(i);
        }
    }

    private void put(int number) {
        int divisor = 1;
        while (number / divisor >= 10) {
            divisor *= 10;
        }
        for (; divisor > 0; divisor /= 10) {
            target[targetAt++] = (byte) ('0' + number / divisor % 10);
        }
    }

    /**
     * Reads a comment that {@link #write} could have made.
     *
     * @return whether it is one; if not nothing is set
     */
    public boolean read(byte[] bytes, int at, int lengthBytes) {
        source = bytes;
        sourceAt = at;
        sourceEnd = at + lengthBytes;
        clear();
        boolean good = taken(START);
        if (good) {
            csumBlank = taken(" ", CSUM_BLANK);
            dataValidated = taken(" ", DATA_VALIDATED);
            good = readGso() && readHash();
            dropped = taken(" ", DROPPED);
        }
        if (!good || sourceAt != sourceEnd || isEmpty()) {
            clear();
            return false;
        }
        return true;
    }

    private boolean readGso() {
        if (!taken(" ", GSO)) {
            return true;
        }
        boolean v4 = taken(TCPV4);
        if (!v4 && !taken(TCPV6) || !taken("/")) {
            return false;
        }
        int size = number(10, 5);
        gso(v4 ? Netif.XEN_NETIF_GSO_TYPE_TCPV4 : Netif.XEN_NETIF_GSO_TYPE_TCPV6, size);
        return size >= 1 && size <= 0xffff;
    }

    private boolean readHash() {
        if (!taken(" ", HASH)) {
            return true;
        }
        int algorithm = taken(TOEPLITZ) ? Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ : number(10, 3);
        if (algorithm < 1 || algorithm > 0xff || !taken("/")) {
            return false;
        }
        int type = number(10, 3);
        if (type < 0 || type > 0xff || !taken("/0x")) {
            return false;
        }
        int valueAt = sourceAt;
        hash(algorithm, type, number(16, 8));
        return sourceAt == valueAt + 8;
    }

    /** @return -1 if there is none; with eight hexadecimal digits any value */
    private int number(int radix, int digitsMax) {
        int value = 0;
        int digits = 0;
        while (digits < digitsMax && sourceAt < sourceEnd) {
            int digit = source[sourceAt] < 0 ? -1 : Character.digit(source[sourceAt], radix);
            if (digit < 0) {
                break;
            }
            value = value * radix + digit;
            digits++;
            sourceAt++;
        }
        return digits == 0 ? -1 : value;
    }

    private boolean taken(String text) {
        if (sourceEnd - sourceAt < text.length()) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if (source[sourceAt + i] != text.charAt(i)) {
                return false;
            }
        }
        sourceAt += text.length();
        return true;
    }

    private boolean taken(String space, String text) {
        int from = sourceAt;
        if (taken(space) && taken(text)) {
            return true;
        }
        sourceAt = from;
        return false;
    }

    @Override
    public String toString() {
        byte[] bytes = new byte[BYTES_MAX];
        int length = write(bytes, 0);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) bytes[i]);
        }
        return text.toString();
    }
}
