package org.xenpv.io.netif;

/**
 * The Toeplitz hash over a packet's addresses and ports (xen_netif_toeplitz_hash in xen/io/netif.h, under Hash algorithms):
 * for every bit of the input that is one, the 32 bits of the key that begin at the same place are XORed in.
 *
 * <p>What each byte of the input contributes is in a table made when the key is set: a hash of n bytes is n look-ups and nothing is
 * allocated. Owned by one thread.
 */
public final class ToeplitzHash {

    /** Addresses and ports of IPv6, the longest input there is. */
    public static final int INPUT_BYTES_MAX = 36;

    /** XEN_NETBK_MAX_HASH_KEY_SIZE of Linux, and the length of the key that goes with the inputs above. */
    public static final int KEY_BYTES_MAX = 40;

    private static final int VALUES = 256;

    private static final byte[] RSS_KEY = {
        0x6d,
        0x5a,
        0x56,
        (byte) 0xda,
        0x25,
        0x5b,
        0x0e,
        (byte) 0xc2,
        0x41,
        0x67,
        0x25,
        0x3d,
        0x43,
        (byte) 0xa3,
        (byte) 0x8f,
        (byte) 0xb0,
        (byte) 0xd0,
        (byte) 0xca,
        0x2b,
        (byte) 0xcb,
        (byte) 0xae,
        0x7b,
        0x30,
        (byte) 0xb4,
        0x77,
        (byte) 0xcb,
        0x2d,
        (byte) 0xa3,
        (byte) 0x80,
        0x30,
        (byte) 0xf2,
        0x0c,
        0x6a,
        0x42,
        (byte) 0xb7,
        0x3b,
        (byte) 0xbe,
        (byte) 0xac,
        0x01,
        (byte) 0xfa
    };

    private final int[] contribution = new int[INPUT_BYTES_MAX * VALUES];

    /** @param key up to 40 bytes; one that is shorter is filled up with zeroes, as the header does */
    public ToeplitzHash(byte[] key) {
        if (key.length > KEY_BYTES_MAX) {
            throw new IllegalArgumentException("key of " + key.length + " bytes, must be at most " + KEY_BYTES_MAX);
        }
        for (int at = 0; at < INPUT_BYTES_MAX; at++) {
            long window = 0; // of the key: its 40 bits from this byte on
            for (int i = 0; i < 5; i++) {
                window = window << 8 | (at + i < key.length ? key[at + i] & 0xff : 0);
            }
            for (int value = 0; value < VALUES; value++) {
                int hash = 0;
                for (int bit = 0; bit < 8; bit++) {
                    if ((value & 0x80 >>> bit) != 0) {
                        hash ^= (int) (window >>> 8 - bit);
                    }
                }
                contribution[at * VALUES + value] = hash;
            }
        }
    }

    /** A copy of the 40-byte key of the verification suite that is published with RSS: any would do, and this one spreads well. */
    public static byte[] rssKey() {
        return RSS_KEY.clone();
    }

    /** What one byte of the input adds (by XOR) to the hash: for input that does not lie in an array. */
    public int of(int position, int value) {
        return contribution[position * VALUES + (value & 0xff)];
    }

    /** The hash of the first bytes of an array. */
    public int of(byte[] input, int length) {
        int hash = 0;
        for (int i = 0; i < length; i++) {
            hash ^= of(i, input[i]);
        }
        return hash;
    }
}
