package org.xenpv.ring;

/**
 * Bytes of ours that wait for room on a byte ring, or for a reader: first in first out, up to a fixed number. Shared with
 * nobody, owned by one thread.
 */
public final class ByteQueue {

    private final byte[] bytes;
    private int first;
    private int size;

    public ByteQueue(int capacityBytes) {
        if (capacityBytes < 1) {
            throw new IllegalArgumentException("capacityBytes=" + capacityBytes + ", must be at least 1");
        }
        bytes = new byte[capacityBytes];
    }

    public int size() {
        return size;
    }

    public int free() {
        return bytes.length - size;
    }

    /** Appends as much as fits. @return how much */
    public int add(byte[] source, int at, int lengthBytes) {
        int accepted = Math.min(lengthBytes, free());
        put(wrapped(first + size), source, at, accepted);
        size += accepted;
        return accepted;
    }

    /**
     * Puts bytes that had been taken back to the front.
     *
     * @throws IllegalArgumentException if they do not fit
     */
    public void addFirst(byte[] source, int at, int lengthBytes) {
        if (lengthBytes > free()) {
            throw new IllegalArgumentException("lengthBytes=" + lengthBytes + ", must be at most " + free());
        }
        first = wrapped(first + bytes.length - lengthBytes);
        put(first, source, at, lengthBytes);
        size += lengthBytes;
    }

    private int wrapped(int index) {
        return index >= bytes.length ? index - bytes.length : index;
    }

    private void put(int from, byte[] source, int at, int lengthBytes) {
        int head = Math.min(lengthBytes, bytes.length - from);
        System.arraycopy(source, at, bytes, from, head);
        System.arraycopy(source, at + head, bytes, 0, lengthBytes - head);
    }

    /** Copies from the front without removing. @return how much */
    public int peek(byte[] target, int at, int lengthBytes) {
        int taken = Math.min(lengthBytes, size);
        int head = Math.min(taken, bytes.length - first);
        System.arraycopy(bytes, first, target, at, head);
        System.arraycopy(bytes, 0, target, at + head, taken - head);
        return taken;
    }

    /** @throws IllegalArgumentException if there are not so many */
    public void remove(int count) {
        if (count < 0 || count > size) {
            throw new IllegalArgumentException("count=" + count + ", must be 0 to " + size);
        }
        first = wrapped(first + count);
        size -= count;
    }
}
