package org.xenpv.netfront;

import java.util.Arrays;
import org.xenpv.io.netif.ToeplitzHash;

/**
 * How the backend is to spread what it sends us over the queues: a Toeplitz hash over the fields that {@code types} name, its value
 * taken as an index (modulo the table's size) into a table of queue numbers.
 */
public final class NetHash {

    /** Entries of a mapping table that every backend takes (XEN_NETBK_MAX_HASH_MAPPING_SIZE of Linux). */
    public static final int MAPPING_ENTRIES_MAX = 128;

    private static final int TYPES_MASK = 0xf;

    private final byte[] key;
    private final int types;
    private final int[] mapping;

    /**
     * @param key 1 to 40 bytes
     * @param types any of XEN_NETIF_CTRL_HASH_TYPE_*, at least one
     * @param mapping 1 to 128 queue numbers
     */
    public NetHash(byte[] key, int types, int... mapping) {
        if (key.length < 1 || key.length > ToeplitzHash.KEY_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "key of " + key.length + " bytes, must be 1 to " + ToeplitzHash.KEY_BYTES_MAX);
        }
        if (types == 0 || (types & ~TYPES_MASK) != 0) {
            throw new IllegalArgumentException("types=0x" + Integer.toHexString(types) + ", must be 0x1 to 0xf");
        }
        if (mapping.length < 1 || mapping.length > MAPPING_ENTRIES_MAX) {
            throw new IllegalArgumentException(
                    "mapping of " + mapping.length + " entries, must be 1 to " + MAPPING_ENTRIES_MAX);
        }
        this.key = key.clone();
        this.types = types;
        this.mapping = mapping.clone();
    }

    byte[] key() {
        return key;
    }

    int types() {
        return types;
    }

    int entries() {
        return mapping.length;
    }

    /** @throws IllegalArgumentException naming an entry that is no queue of this connection */
    void check(int queues) {
        for (int queue : mapping) {
            if (queue < 0 || queue >= queues) {
                throw new IllegalArgumentException("mapping names queue " + queue + ", must be below " + queues);
            }
        }
    }

    int queue(int entry) {
        return mapping[entry];
    }

    @Override
    public String toString() {
        return "NetHash[types=0x" + Integer.toHexString(types) + ", mapping=" + Arrays.toString(mapping) + "]";
    }
}
