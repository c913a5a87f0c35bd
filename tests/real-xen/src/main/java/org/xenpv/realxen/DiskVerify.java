package org.xenpv.realxen;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A program for the guest, as fio with verify is one: threads write blocks of a disk of the kernel's at random, past its cache, read
 * them again, flush and discard, and compare what they read with what they wrote last, every block once more at the end.
 */
public final class DiskVerify {

    private static final int BLOCK = 4096;
    private static final int BLOCKS_MAX = 64;
    private static final int THREADS = 8;

    private final Path disk;
    private final long seed;
    private final int operations;
    private final boolean discards;

    private DiskVerify(Path disk, long seed, int operations, boolean discards) {
        this.disk = disk;
        this.seed = seed;
        this.operations = operations;
        this.discards = discards;
    }

    /** @param args the disk, a seed, operations of each thread, and whether the disk can discard */
    public static void main(String[] args) throws Exception {
        DiskVerify verify = new DiskVerify(
                Path.of(args[0]), Long.parseLong(args[1]), Integer.parseInt(args[2]), Boolean.parseBoolean(args[3]));
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        List<Future<String>> results = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            int number = i;
            results.add(threads.submit(() -> verify.new Part(number).work()));
        }
        try {
            for (Future<String> each : results) {
                System.out.println(each.get());
            }
        } catch (ExecutionException wrong) {
            System.out.println("wrong with seed " + args[1] + ": " + wrong.getCause());
            System.exit(1);
        }
        System.exit(0);
    }

    /** O_DIRECT, by its name: the javac of JDK 25 warns of its class, and nothing there can tell it not to. */
    private static OpenOption direct() throws IOException {
        try {
            return (OpenOption) Class.forName("com.sun.nio.file.ExtendedOpenOption")
                    .getField("DIRECT")
                    .get(null);
        } catch (ReflectiveOperationException e) {
            throw new IOException("this JVM cannot read past the cache", e);
        }
    }

    /** One thread's part of the disk, which it alone touches. */
    private final class Part {

        private final int number;
        private final Random random;
        private final ByteBuffer buffer =
                ByteBuffer.allocateDirect((BLOCKS_MAX + 1) * BLOCK).alignedSlice(BLOCK);
        private final FileChannel channel;
        private final int first;
        /** What was written to each block last; 0 for zeros. */
        private final int[] generation;

        private int generations;
        private int wrote;
        private int read;
        private int flushed;
        private int discarded;

        Part(int number) throws IOException {
            this.number = number;
            this.random = new Random(seed * THREADS + number);
            this.channel = FileChannel.open(disk, StandardOpenOption.READ, StandardOpenOption.WRITE, direct());
            long bytes;
            try (FileChannel size = FileChannel.open(disk, StandardOpenOption.READ)) {
                bytes = size.position(0).size();
            }
            int blocks = (int) (bytes / BLOCK / THREADS);
            this.first = number * blocks;
            this.generation = new int[blocks];
        }

        String work() throws Exception {
            for (int i = 0; i < operations; i++) {
                int count = 1 + random.nextInt(random.nextInt(4) == 0 ? BLOCKS_MAX : 8);
                int block = random.nextInt(generation.length - count);
                int what = random.nextInt(100);
                if (what < 50) {
                    write(block, count);
                } else if (what < 94) {
                    read(block, count);
                } else if (what < 98 || !discards) {
                    channel.force(false);
                    flushed++;
                } else {
                    discard(block, count);
                }
            }
            for (int block = 0; block < generation.length; block += BLOCKS_MAX) {
                read(block, Math.min(BLOCKS_MAX, generation.length - block));
            }
            channel.close();
            return "part " + number + ": blocks=" + generation.length + " wrote=" + wrote + " read=" + read
                    + " flushed=" + flushed + " discarded=" + discarded;
        }

        private long at(int block) {
            return (long) (first + block) * BLOCK;
        }

        /** The long at a place of a block's content. */
        private long content(int block, int index) {
            long mixed = ((long) generation[block] << 32 ^ (first + block)) * 0x9e3779b97f4a7c15L + index;
            return generation[block] == 0 ? 0 : mixed * 0xbf58476d1ce4e5b9L;
        }

        private void write(int block, int count) throws IOException {
            buffer.clear().limit(count * BLOCK);
            for (int i = block; i < block + count; i++) {
                generation[i] = ++generations;
                for (int index = 0; index < BLOCK / Long.BYTES; index++) {
                    buffer.putLong(content(i, index));
                }
            }
            buffer.flip();
            for (long at = at(block); buffer.hasRemaining(); ) {
                at += channel.write(buffer, at);
            }
            wrote++;
        }

        private void read(int block, int count) throws IOException {
            buffer.clear().limit(count * BLOCK);
            for (long at = at(block); buffer.hasRemaining(); ) {
                int bytes = channel.read(buffer, at);
                if (bytes <= 0) {
                    throw new IOException("read gave " + bytes + " at " + at);
                }
                at += bytes;
            }
            buffer.flip();
            for (int i = block; i < block + count; i++) {
                for (int index = 0; index < BLOCK / Long.BYTES; index++) {
                    long found = buffer.getLong();
                    if (found != content(i, index)) {
                        throw new IOException("block " + (first + i) + " of generation " + generation[i] + " has "
                                + Long.toHexString(found) + " at long " + index + ", must be "
                                + Long.toHexString(content(i, index)));
                    }
                }
            }
            read++;
        }

        private void discard(int block, int count) throws Exception {
            synchronized (DiskVerify.this) { // the program opens the disk for itself alone
                Process process = new ProcessBuilder(
                                "blkdiscard",
                                "-o",
                                Long.toString(at(block)),
                                "-l",
                                Long.toString((long) count * BLOCK),
                                disk.toString())
                        .inheritIO()
                        .start();
                if (process.waitFor() != 0) {
                    throw new IOException("blkdiscard failed");
                }
            }
            Arrays.fill(generation, block, block + count, 0);
            discarded++;
        }
    }
}
