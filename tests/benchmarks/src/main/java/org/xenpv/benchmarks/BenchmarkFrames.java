package org.xenpv.benchmarks;

import org.xenpv.io.netif.Netif;

/** The frames that are sent: as short as Ethernet has them, or as long as netif has them. */
enum BenchmarkFrames {

    /** Raw Ethernet. */
    SHORT(64),

    /** TCP over IPv4, to be segmented by whoever cannot take it whole; the sender writes its headers. */
    SEGMENTED(Netif.XEN_NETIF_MAX_TX_SIZE),

    /** The same, and the sender writes every byte of it. */
    WRITTEN(Netif.XEN_NETIF_MAX_TX_SIZE);

    /** Where a frame's number stands: of a TCP segment its sequence number. */
    static final int NUMBER_AT = 38;

    /** Payload of a segment on an Ethernet link. */
    static final int SEGMENT_BYTES = 1460;

    private static final int HEADER_BYTES = 54;

    private final int lengthBytes;

    BenchmarkFrames(int lengthBytes) {
        this.lengthBytes = lengthBytes;
    }

    int lengthBytes() {
        return lengthBytes;
    }

    boolean isSegmented() {
        return this != SHORT;
    }

    /** What the sender writes: Ethernet, and IPv4 and TCP headers as far as they matter; checksums are left to the other end. */
    byte[] written() {
        byte[] header = new byte[this == WRITTEN ? lengthBytes : HEADER_BYTES];
        header[0] = 0x02;
        header[6] = 0x02;
        header[11] = 1;
        if (isSegmented()) {
            put16(header, 12, 0x0800);
            header[14] = 0x45;
            put16(header, 16, lengthBytes - 14);
            header[22] = 64;
            header[23] = 6;
            header[26] = 10;
            header[30] = 10;
            header[46] = 5 << 4;
        } else {
            put16(header, 12, 0x88b5); // IEEE's number for local experiments
        }
        return header;
    }

    private static void put16(byte[] target, int at, int value) {
        target[at] = (byte) (value >>> 8);
        target[at + 1] = (byte) value;
    }
}
