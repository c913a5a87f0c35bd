package org.xenpv.netfront;

import org.xenpv.io.netif.Netif;
import org.xenpv.memory.SharedMemory;

/**
 * An Ethernet frame in pieces that each lie within a page, and what travels with it beside its bytes: the extras of
 * netif. The same object for sending and receiving, used again and again.
 *
 * <p>Positions are counted from the start of the packet. {@link #pull} moves the start behind a header that has been read,
 * {@link #push} moves it back in front of one that is to be written, both within the first fragment. Numbers of more than
 * one byte are in network order.
 *
 * <p>A packet to send is filled in place in pages the other end may read at any time. A packet received is valid during the
 * call it is handed to, and its bytes are the receiver's own: nobody changes them meanwhile.
 *
 * <p>Not for use by several threads.
 */
public final class NetPacket {

    /** What the checksum, segmentation and hash fields are when nothing is known. */
    public static final int NONE = 0;

    private final SharedMemory memory;
    private final int[] fragmentAt;
    private final int[] fragmentBytes;
    private int fragments;
    private int pushed;
    private int length;

    /** Where a packet to send came from, and how many of its fragments have pages there; null otherwise. */
    private TxPages pool;

    private final int[] page;
    private int pages;

    private boolean csumBlank;
    private boolean dataValidated;
    private int gsoType;
    private int gsoSize;
    private int hashAlgorithm;
    private int hashType;
    private int hashValue;

    /**
     * @param memory what all fragments lie in
     * @param fragmentsMax how many there can be at most
     */
    public NetPacket(SharedMemory memory, int fragmentsMax) {
        if (fragmentsMax < 1) {
            throw new IllegalArgumentException("fragmentsMax=" + fragmentsMax + ", must be at least 1");
        }
        this.memory = memory;
        this.fragmentAt = new int[fragmentsMax];
        this.fragmentBytes = new int[fragmentsMax];
        this.page = new int[fragmentsMax];
    }

    /** Says whose pages this packet is filled in; null once they are not its own any more. */
    void acquiredFrom(TxPages from) {
        pool = from;
    }

    TxPages pool() {
        return pool;
    }

    /** How many pages of the pool this packet has, whatever was truncated since. */
    int pages() {
        return pages;
    }

    int page(int index) {
        return page[index];
    }

    /**
     * Makes it empty, with nothing known about its checksum, segmentation and hash.
     *
     * @throws IllegalStateException if it is an acquired packet, whose pages are the device's
     */
    public void clear() {
        checkNotAcquired();
        fragments = 0;
        pages = 0;
        pushed = 0;
        length = 0;
        clearExtras();
    }

    /** Forgets what is known about its checksum, segmentation and hash, and keeps its bytes. */
    public void clearExtras() {
        csumBlank = false;
        dataValidated = false;
        gsoType = Netif.XEN_NETIF_GSO_TYPE_NONE;
        gsoSize = 0;
        hashAlgorithm = Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
        hashType = 0;
        hashValue = 0;
    }

    private void checkNotAcquired() {
        if (pool != null) {
            throw new IllegalStateException("an acquired packet of " + pages + " pages, which are the device's");
        }
    }

    /**
     * Adds the next piece.
     *
     * @throws IndexOutOfBoundsException if it does not lie in the memory
     * @throws IllegalStateException if there are too many, or it is an acquired packet, whose pages are the device's
     */
    public void add(int at, int bytes) {
        checkNotAcquired();
        if (fragments == fragmentAt.length) {
            throw new IllegalStateException("fragments=" + fragments + ", there can be no more");
        }
        memory.check(at, bytes, 1);
        fragmentAt[fragments] = at;
        fragmentBytes[fragments] = bytes;
        page[fragments] = at / SharedMemory.PAGE_BYTES;
        fragments++;
        pages = fragments;
        length += bytes;
    }

    /** Takes bytes off the end. @param bytes how many are left */
    public void truncate(int bytes) {
        if (bytes < 0 || bytes > length) {
            throw new IllegalArgumentException("bytes=" + bytes + ", must be 0 to " + length);
        }
        while (length > bytes) {
            int last = fragments - 1;
            int cut = Math.min(length - bytes, fragmentBytes[last]);
            fragmentBytes[last] -= cut;
            length -= cut;
            if (fragmentBytes[last] == 0 && last > 0) {
                fragments--;
            }
        }
    }

    /** Leaves out so many bytes at the start: a header that has been read. */
    public void pull(int bytes) {
        if (bytes < 0 || fragments == 0 || bytes > fragmentBytes[0]) {
            throw new IllegalArgumentException(
                    "bytes=" + bytes + ", must be 0 to " + (fragments == 0 ? 0 : fragmentBytes[0]));
        }
        fragmentAt[0] += bytes;
        fragmentBytes[0] -= bytes;
        pushed += bytes;
        length -= bytes;
    }

    /** Takes bytes in front of the start in again that were left out by {@link #pull}, or were reserved as headroom. */
    public void push(int bytes) {
        if (bytes < 0 || bytes > pushed) {
            throw new IllegalArgumentException("bytes=" + bytes + ", must be 0 to " + pushed);
        }
        fragmentAt[0] -= bytes;
        fragmentBytes[0] += bytes;
        pushed -= bytes;
        length += bytes;
    }

    /** Bytes in front of the start that {@link #push} can take in. */
    public int headroom() {
        return pushed;
    }

    /** Says that the first fragment has room for so many more bytes in front of it, within its page. */
    void headroom(int bytes) {
        int within = fragments == 0 ? 0 : fragmentAt[0] % SharedMemory.PAGE_BYTES;
        if (bytes < 0 || bytes > within) {
            throw new IllegalArgumentException("headroom=" + bytes + ", must be 0 to " + within);
        }
        pushed = bytes;
    }

    public int length() {
        return length;
    }

    public SharedMemory memory() {
        return memory;
    }

    public int fragments() {
        return fragments;
    }

    /** Where in {@link #memory} a fragment is. */
    public int fragmentAt(int index) {
        return fragmentAt[index];
    }

    public int fragmentBytes(int index) {
        return fragmentBytes[index];
    }

    /** Bytes that follow a position in the same fragment: what can be accessed at once. */
    public int contiguous(int position) {
        int fragment = 0;
        int left = position;
        while (fragment < fragments && left >= fragmentBytes[fragment]) {
            left -= fragmentBytes[fragment++];
        }
        return fragment == fragments ? 0 : fragmentBytes[fragment] - left;
    }

    private int at(int position, int bytes) {
        if (fragments > 0 && position >= 0 && position <= fragmentBytes[0] - bytes) {
            return fragmentAt[0] + position;
        }
        return atLater(position, bytes);
    }

    private int atLater(int position, int bytes) {
        if (position < 0 || position > length - bytes) {
            throw new IndexOutOfBoundsException(
                    "position=" + position + ", bytes=" + bytes + ", must lie within " + length);
        }
        int left = position;
        for (int i = 0; i < fragments; i++) {
            if (left < fragmentBytes[i]) {
                return left <= fragmentBytes[i] - bytes ? fragmentAt[i] + left : -1;
            }
            left -= fragmentBytes[i];
        }
        return -1;
    }

    public int getU8(int position) {
        return memory.getByte(at(position, 1)) & 0xff;
    }

    public int getU16(int position) {
        return getU8(position) << 8 | getU8(position + 1);
    }

    public int getInt(int position) {
        return getU16(position) << 16 | getU16(position + 2);
    }

    public void putU8(int position, int value) {
        memory.putByte(at(position, 1), (byte) value);
    }

    public void putU16(int position, int value) {
        putU8(position, value >>> 8);
        putU8(position + 1, value);
    }

    public void putInt(int position, int value) {
        putU16(position, value >>> 16);
        putU16(position + 2, value);
    }

    /** Copies bytes of the packet out. */
    public void copyOut(int position, byte[] target, int targetAt, int bytes) {
        checkRange(position, bytes);
        int done = 0;
        while (done < bytes) {
            int part = Math.min(bytes - done, contiguous(position + done));
            memory.copyOut(at(position + done, part), target, targetAt + done, part);
            done += part;
        }
    }

    /** Copies bytes into the packet. */
    public void copyIn(int position, byte[] source, int sourceAt, int bytes) {
        checkRange(position, bytes);
        int done = 0;
        while (done < bytes) {
            int part = Math.min(bytes - done, contiguous(position + done));
            memory.copyIn(at(position + done, part), source, sourceAt + done, part);
            done += part;
        }
    }

    /** Copies all of this packet's bytes to another that is at least as long, and what travels with them. */
    public void copyTo(NetPacket target) {
        if (target.length < length) {
            throw new IllegalArgumentException("target has " + target.length + " bytes, must have " + length);
        }
        int done = 0;
        while (done < length) {
            int part = Math.min(Math.min(contiguous(done), target.contiguous(done)), length - done);
            memory.copyTo(at(done, part), target.memory, target.at(done, part), part);
            done += part;
        }
        target.truncate(length);
        target.csumBlank = csumBlank;
        target.dataValidated = dataValidated;
        target.gsoType = gsoType;
        target.gsoSize = gsoSize;
        target.hashAlgorithm = hashAlgorithm;
        target.hashType = hashType;
        target.hashValue = hashValue;
    }

    /** All of the packet's bytes, newly allocated. */
    public byte[] toBytes() {
        byte[] bytes = new byte[length];
        copyOut(0, bytes, 0, length);
        return bytes;
    }

    private void checkRange(int position, int bytes) {
        if (position < 0 || bytes < 0 || position > length - bytes) {
            throw new IndexOutOfBoundsException(
                    "position=" + position + ", bytes=" + bytes + ", must lie within " + length);
        }
    }

    /** The transport checksum is not filled in, but that of the pseudo header is (NETTXF_csum_blank). */
    public boolean csumBlank() {
        return csumBlank;
    }

    public void csumBlank(boolean blank) {
        csumBlank = blank;
    }

    /** The checksum has been verified, or needs no verification (NETTXF_data_validated). On reception a hint of the other end. */
    public boolean dataValidated() {
        return dataValidated;
    }

    public void dataValidated(boolean validated) {
        dataValidated = validated;
    }

    /** XEN_NETIF_GSO_TYPE_*; if not NONE this is a packet to be cut into segments, or put together from such. */
    public int gsoType() {
        return gsoType;
    }

    /** Payload bytes of each segment but the last. */
    public int gsoSize() {
        return gsoSize;
    }

    /** @param size 1 to 65535, or 0 with XEN_NETIF_GSO_TYPE_NONE */
    public void gso(int type, int size) {
        boolean none = type == Netif.XEN_NETIF_GSO_TYPE_NONE;
        if (type < Netif.XEN_NETIF_GSO_TYPE_NONE || type > Netif.XEN_NETIF_GSO_TYPE_TCPV6) {
            throw new IllegalArgumentException("gso type=" + type + ", must be 0 to 2");
        }
        if (none ? size != 0 : size < 1 || size > 0xffff) {
            throw new IllegalArgumentException("gso size=" + size + ", must be " + (none ? "0" : "1 to 65535"));
        }
        gsoType = type;
        gsoSize = size;
    }

    /** XEN_NETIF_CTRL_HASH_ALGORITHM_*; NONE if no hash came with the packet. */
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
