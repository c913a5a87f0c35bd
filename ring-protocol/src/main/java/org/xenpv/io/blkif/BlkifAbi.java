package org.xenpv.io.blkif;

import org.xenpv.memory.SharedMemory;

/** The layouts a frontend can choose in {@link BlkifKeys#PROTOCOL} (xen/io/protocols.h). */
public enum BlkifAbi {
    /** Ours: what we write as a frontend. */
    X86_64("x86_64-abi", BlkifRequest.SLOT_BYTES),
    /** A 32-bit guest on a 64-bit backend. */
    X86_32("x86_32-abi", BlkifX86_32Request.SLOT_BYTES);

    private final String protocol;
    private final int slotBytes;

    BlkifAbi(String protocol, int slotBytes) {
        this.protocol = protocol;
        this.slotBytes = slotBytes;
    }

    /** XEN_IO_PROTO_ABI_*: the text of the key. */
    public String protocol() {
        return protocol;
    }

    /** The size of a ring slot. */
    public int slotBytes() {
        return slotBytes;
    }

    /**
     * The ABI a frontend asked for.
     *
     * @param protocol the key's text; null (no such key) means ours, XEN_IO_PROTO_ABI_NATIVE
     * @return null if it is none of those known here
     */
    public static BlkifAbi parse(String protocol) {
        if (protocol == null) {
            return X86_64;
        }
        for (BlkifAbi abi : values()) {
            if (abi.protocol.equals(protocol)) {
                return abi;
            }
        }
        return null;
    }

    /** Writes a whole response. */
    public void putResponse(SharedMemory m, int at, long id, int operation, short status) {
        if (this == X86_64) {
            BlkifResponse.put(m, at, id, operation, status);
        } else {
            BlkifX86_32Response.put(m, at, id, operation, status);
        }
    }
}
