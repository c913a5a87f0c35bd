package org.xenpv.grant.abi;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * The table's frames as one processor sees them while another works on them: before every access of ours the other
 * domain gets a turn, and our stores reach memory as late as their ordering allows. A plain store stays in the buffer
 * until a fence, a release store or a compare-and-set; a release store drains what is before it and then waits itself.
 * Only 4- and 8-byte stores of aligned fields, which is all the table uses.
 */
final class SteppedMemory implements SharedMemory {

    private final ChronicleMemory memory;
    private final Map<Integer, Integer> ints = new LinkedHashMap<>();
    private Runnable turn = () -> {};
    private boolean latestFirst = true;

    SteppedMemory(ChronicleMemory memory) {
        this.memory = memory;
    }

    /** What the other domain does before each of our accesses. */
    void turn(Runnable other) {
        turn = other;
    }

    /** Which of the stores in the buffer becomes visible first; their order among each other promises nothing. */
    void latestFirst(boolean latest) {
        latestFirst = latest;
    }

    /** Our stores become visible, and the other domain looks between any two of them. */
    void drain() {
        List<Integer> order = new ArrayList<>(ints.keySet());
        if (latestFirst) {
            Collections.reverse(order);
        }
        for (int at : order) {
            turn.run();
            memory.putInt(at, ints.remove(at));
        }
    }

    @Override
    public int sizeBytes() {
        return memory.sizeBytes();
    }

    @Override
    public void check(int at, int lengthBytes, int alignmentBytes) {
        memory.check(at, lengthBytes, alignmentBytes);
    }

    @Override
    public SharedMemory slice(int at, int lengthBytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public byte getByte(int at) {
        throw new UnsupportedOperationException();
    }

    @Override
    public short getShort(int at) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int getInt(int at) {
        turn.run();
        Integer buffered = ints.get(at);
        return buffered != null ? buffered : memory.getInt(at);
    }

    @Override
    public long getLong(int at) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void putByte(int at, byte value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void putShort(int at, short value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void putInt(int at, int value) {
        turn.run();
        buffer(at, value);
    }

    @Override
    public void putLong(int at, long value) {
        turn.run();
        buffer(at, (int) value);
        buffer(at + 4, (int) (value >>> 32));
    }

    private void buffer(int at, int value) {
        ints.remove(at);
        ints.put(at, value);
    }

    @Override
    public int getIntAcquire(int at) {
        return getInt(at);
    }

    @Override
    public void putIntRelease(int at, int value) {
        turn.run();
        drain();
        buffer(at, value);
    }

    @Override
    public boolean compareAndSetInt(int at, int expected, int value) {
        turn.run();
        drain();
        return memory.compareAndSetInt(at, expected, value);
    }

    @Override
    public void copyOut(int at, byte[] target, int targetAt, int lengthBytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void copyIn(int at, byte[] source, int sourceAt, int lengthBytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void copyTo(int at, SharedMemory target, int targetAt, int lengthBytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void zero(int at, int lengthBytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void acquireFence() {}

    @Override
    public void releaseFence() {
        drain();
    }

    @Override
    public void fullFence() {
        turn.run();
        drain();
    }
}
