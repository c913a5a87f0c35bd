package org.xenpv.console;

/** Bytes waiting, first in first out, up to a fixed number. */
final class ByteQueue {

    private final byte[] bytes;
    private int first;
    private int size;

    ByteQueue(int capacityBytes) {
        bytes = new byte[capacityBytes];
    }

    int size() {
        return size;
    }

    int free() {
        return bytes.length - size;
    }

    int capacity() {
        return bytes.length;
    }

    /** Appends as much as fits. @return how much */
    int add(byte[] source, int at, int lengthBytes) {
        int accepted = Math.min(lengthBytes, free());
        int end = first + size;
        if (end >= bytes.length) {
            end -= bytes.length;
        }
        int head = Math.min(accepted, bytes.length - end);
        System.arraycopy(source, at, bytes, end, head);
        System.arraycopy(source, at + head, bytes, 0, accepted - head);
        size += accepted;
        return accepted;
    }

    /** Copies from the front without removing. @return how much */
    int peek(byte[] target, int at, int lengthBytes) {
        int taken = Math.min(lengthBytes, size);
        int head = Math.min(taken, bytes.length - first);
        System.arraycopy(bytes, first, target, at, head);
        System.arraycopy(bytes, 0, target, at + head, taken - head);
        return taken;
    }

    void remove(int count) {
        first += count;
        if (first >= bytes.length) {
            first -= bytes.length;
        }
        size -= count;
    }
}
