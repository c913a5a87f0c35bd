package org.xenpv.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Reads blocks with FileChannel.read, each into the next of as many direct buffers as the other side has in flight. */
final class FileReads {

    private final FileChannel channel;
    private final BlockSequence blocks;
    private final ByteBuffer[] buffers;
    private int next;

    FileReads(FileChannel channel, BlockSequence blocks, int depth) {
        this.channel = channel;
        this.blocks = blocks;
        this.buffers = new ByteBuffer[depth];
        for (int i = 0; i < depth; i++) {
            buffers[i] = ByteBuffer.allocateDirect(blocks.blockBytes());
        }
    }

    /** @return the sum of the blocks' first bytes */
    long read(long count) {
        long checksum = 0;
        try {
            for (long i = 0; i < count; i++) {
                ByteBuffer buffer = buffers[next];
                next = next + 1 == buffers.length ? 0 : next + 1;
                long at = blocks.next();
                buffer.clear();
                while (buffer.hasRemaining()) {
                    if (channel.read(buffer, at + buffer.position()) < 0) {
                        throw new IOException("the image ends at " + (at + buffer.position()));
                    }
                }
                checksum += buffer.get(0);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return checksum;
    }
}
