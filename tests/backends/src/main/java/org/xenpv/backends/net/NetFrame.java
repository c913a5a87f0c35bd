package org.xenpv.backends.net;

import org.xenpv.grant.CopyPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.memory.SharedMemory;

/**
 * An Ethernet frame in one piece, and what travels with it beside its bytes. The same object is used again and again.
 *
 * <p>The bytes are ours: no guest can change them. They lie in memory that begins at a multiple of 8, and stay as they are
 * until the burst they came with is over ({@link NetworkPort.Sink#receivedAll} has returned). Numbers of more than one byte are
 * in network order.
 *
 * <p>{@link #headroom()} bytes in front of the frame may be overwritten by whoever handles it, e.g. with a struct virtio_net_hdr.
 */
public final class NetFrame {

    private CopyPages pages;
    private SharedMemory memory;
    private int at;
    private int length;
    private int headroom;

    private boolean csumBlank;
    private boolean dataValidated;
    private int gsoType;
    private int gsoSize;
    private int hashAlgorithm;
    private int hashType;
    private int hashValue;

    /** Takes a frame in pages that the hypervisor can copy from, with nothing known about it. */
    public void set(CopyPages holder, int start, int bytes, int headroomBytes) {
        set(holder.memory(), start, bytes, headroomBytes);
        pages = holder;
    }

    /** Takes a frame in any memory; a netback copies it once more. */
    public void set(SharedMemory holder, int start, int bytes, int headroomBytes) {
        holder.check(start - headroomBytes, bytes + headroomBytes, 1);
        pages = null;
        memory = holder;
        at = start;
        length = bytes;
        headroom = headroomBytes;
        csumBlank = false;
        dataValidated = false;
        gsoType = Netif.XEN_NETIF_GSO_TYPE_NONE;
        gsoSize = 0;
        hashAlgorithm = Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
        hashType = 0;
        hashValue = 0;
    }

    /** Takes over what travels with another frame; the bytes stay as they are. */
    public void describeAs(NetFrame other) {
        csumBlank = other.csumBlank;
        dataValidated = other.dataValidated;
        gsoType = other.gsoType;
        gsoSize = other.gsoSize;
        hashAlgorithm = other.hashAlgorithm;
        hashType = other.hashType;
        hashValue = other.hashValue;
    }

    /** The pages that hold it, or null if the hypervisor cannot copy from there. */
    public CopyPages pages() {
        return pages;
    }

    public SharedMemory memory() {
        return memory;
    }

    /** Where it begins in {@link #memory()}. */
    public int at() {
        return at;
    }

    public int length() {
        return length;
    }

    public int headroom() {
        return headroom;
    }

    public int u8(int position) {
        return memory.getByte(at + position) & 0xff;
    }

    public int u16(int position) {
        return u8(position) << 8 | u8(position + 1);
    }

    public int u32(int position) {
        return u16(position) << 16 | u16(position + 2);
    }

    public void putU8(int position, int value) {
        memory.putByte(at + position, (byte) value);
    }

    public void putU16(int position, int value) {
        putU8(position, value >>> 8);
        putU8(position + 1, value);
    }

    public void putU32(int position, int value) {
        putU16(position, value >>> 16);
        putU16(position + 2, value);
    }

    /** The destination's MAC address in the low 48 bits, first byte on the wire highest. */
    public long destination() {
        return mac(0);
    }

    public long source() {
        return mac(6);
    }

    private long mac(int position) {
        return (long) u16(position) << 32 | u32(position + 2) & 0xffff_ffffL;
    }

    /** Whether the destination is a group: multicast or broadcast. */
    public boolean toGroup() {
        return (u8(0) & 1) != 0;
    }

    /** All bytes, newly allocated. */
    public byte[] toBytes() {
        byte[] bytes = new byte[length];
        memory.copyOut(at, bytes, 0, length);
        return bytes;
    }

    /** The TCP or UDP checksum is not filled in: its field holds that of the pseudo header (NETTXF_csum_blank). */
    public boolean csumBlank() {
        return csumBlank;
    }

    public void csumBlank(boolean blank) {
        csumBlank = blank;
    }

    /** The checksum has been verified, says who sent it. */
    public boolean dataValidated() {
        return dataValidated;
    }

    public void dataValidated(boolean validated) {
        dataValidated = validated;
    }

    /** XEN_NETIF_GSO_TYPE_*; if not NONE this is to be cut into segments by whoever cannot handle it whole. */
    public int gsoType() {
        return gsoType;
    }

    /** Payload bytes of each segment but the last. */
    public int gsoSize() {
        return gsoSize;
    }

    /** Says that it is to be segmented; the sender has judged type and size. */
    public void gso(int type, int size) {
        gsoType = type;
        gsoSize = size;
    }

    /** XEN_NETIF_CTRL_HASH_ALGORITHM_*; NONE if no hash came with the frame. */
    public int hashAlgorithm() {
        return hashAlgorithm;
    }

    /** XEN_NETIF_CTRL_HASH_TYPE_*_BIT: over what. */
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
}
