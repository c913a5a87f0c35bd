package org.xenpv.blkfront;

import java.nio.ByteBuffer;
import org.xenpv.memory.SharedMemory;

/** {@link BlkData} over a ByteBuffer, from its position at the time of the call; the position is not moved. JVM only. */
final class ByteBufferData implements BlkData {

    private static final int CHUNK = 4096;

    private final ByteBuffer buffer;
    private final int from;
    private final byte[] chunk;

    ByteBufferData(ByteBuffer buffer) {
        this.buffer = buffer.duplicate();
        this.from = buffer.position();
        this.chunk = buffer.hasArray() ? null : new byte[CHUNK];
    }

    @Override
    public void toDevice(int offset, SharedMemory target, int targetAt, int bytes) {
        if (chunk == null) {
            target.copyIn(targetAt, buffer.array(), buffer.arrayOffset() + from + offset, bytes);
            return;
        }
        for (int done = 0; done < bytes; done += CHUNK) {
            int part = Math.min(CHUNK, bytes - done);
            buffer.get(from + offset + done, chunk, 0, part);
            target.copyIn(targetAt + done, chunk, 0, part);
        }
    }

    @Override
    public void fromDevice(int offset, SharedMemory source, int sourceAt, int bytes) {
        if (chunk == null) {
            source.copyOut(sourceAt, buffer.array(), buffer.arrayOffset() + from + offset, bytes);
            return;
        }
        for (int done = 0; done < bytes; done += CHUNK) {
            int part = Math.min(CHUNK, bytes - done);
            source.copyOut(sourceAt + done, chunk, 0, part);
            buffer.put(from + offset + done, chunk, 0, part);
        }
    }
}
