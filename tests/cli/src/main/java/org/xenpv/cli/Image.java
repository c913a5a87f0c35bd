package org.xenpv.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;

/** A raw disk image as the program sees it, without any driver: what the drivers' work is judged by. */
record Image(Path path, long bytes) {

    static final int BLOCK_BYTES = 4096;
    private static final int SECTOR_BYTES = 512;
    private static final int CHUNK_BYTES = 1 << 20;

    /** Looks at the user's image, which is only read. */
    static Image existing(Path path) {
        if (!Files.exists(path)) {
            throw CommandFailure.refused("the disk image " + path + " does not exist");
        }
        if (Files.isDirectory(path)) {
            throw CommandFailure.refused("the disk image " + path + " is a directory, it must be a file");
        }
        if (!Files.isReadable(path)) {
            throw CommandFailure.refused("the disk image " + path + " is not readable");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long bytes = channel.size();
            if (bytes < BLOCK_BYTES) {
                throw CommandFailure.refused(
                        "the disk image " + path + " is " + bytes + " bytes long, it must be at least " + BLOCK_BYTES);
            }
            if (bytes % SECTOR_BYTES != 0) {
                throw CommandFailure.refused("the disk image " + path + " is " + bytes
                        + " bytes long, it must be a multiple of " + SECTOR_BYTES);
            }
            return new Image(path.toAbsolutePath(), bytes);
        } catch (IOException e) {
            throw CommandFailure.refused("the disk image " + path + " cannot be opened: " + e.getMessage());
        }
    }

    /** Makes an image of pseudo-random bytes, in place of what may be there. */
    static Image fresh(Path path, long bytes, long seed, Progress.Bar bar) {
        SplittableRandom random = new SplittableRandom(seed);
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel channel = overwrite(path)) {
            for (long at = 0; at < bytes; at += chunk.limit()) {
                chunk.clear().limit((int) Math.min(CHUNK_BYTES, bytes - at));
                while (chunk.remaining() >= Long.BYTES) {
                    chunk.putLong(random.nextLong());
                }
                writeAll(channel, chunk.flip());
                bar.stepBy(chunk.limit());
            }
        } catch (IOException e) {
            throw cannotWrite(path, e);
        }
        return new Image(path.toAbsolutePath(), bytes);
    }

    /** Copies the first bytes of this image to another file. */
    Image copy(Path target, long bytesMax) {
        long count = Math.min(bytes, bytesMax);
        try (FileChannel from = FileChannel.open(path, StandardOpenOption.READ);
                FileChannel to = overwrite(target)) {
            for (long at = 0; at < count; ) {
                long moved = from.transferTo(at, count - at, to);
                if (moved <= 0) {
                    throw new IOException(path + " ends at byte " + at);
                }
                at += moved;
            }
        } catch (IOException e) {
            throw cannotWrite(target, e);
        }
        return new Image(target.toAbsolutePath(), count);
    }

    private static FileChannel overwrite(Path path) throws IOException {
        Files.createDirectories(path.toAbsolutePath().getParent());
        return FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
    }

    private static void writeAll(FileChannel channel, ByteBuffer from) throws IOException {
        while (from.hasRemaining()) {
            channel.write(from);
        }
    }

    private static CommandFailure cannotWrite(Path path, IOException e) {
        return CommandFailure.failed("cannot make " + path + ": " + e.getMessage(), e);
    }

    void delete() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Compares what was read from the disk with the file.
     *
     * @throws CommandFailure naming the first byte that differs
     */
    void compareBlocks(BlockPlan plan, byte[] memory) {
        byte[] expected = new byte[plan.blockBytes()];
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            for (int block = 0; block < plan.count(); block++) {
                int at = block * plan.blockBytes();
                int count = plan.bytes(block);
                readFully(channel, plan.positions()[block], ByteBuffer.wrap(expected, 0, count));
                int differs = Arrays.mismatch(expected, 0, count, memory, at, at + count);
                if (differs >= 0) {
                    throw CommandFailure.failed("the guest read another byte at " + (plan.positions()[block] + differs)
                            + " than stands in " + path);
                }
            }
        } catch (IOException e) {
            throw cannotRead(e);
        }
    }

    private CommandFailure cannotRead(IOException e) {
        return CommandFailure.failed("cannot read " + path + ": " + e.getMessage(), e);
    }

    private void readFully(FileChannel channel, long position, ByteBuffer into) throws IOException {
        long at = position;
        while (into.hasRemaining()) {
            int count = channel.read(into, at);
            if (count < 0) {
                throw new IOException("it ends at byte " + at);
            }
            at += count;
        }
    }

    /** Of the whole file, as other programs see it; each byte XORed with {@code mask} first. */
    String sha256(int mask) {
        return sha256(mask, bytes);
    }

    String sha256(int mask, long count) {
        MessageDigest digest = digest();
        byte[] chunk = new byte[CHUNK_BYTES];
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            for (long at = 0; at < count; ) {
                int part = (int) Math.min(chunk.length, count - at);
                readFully(channel, at, ByteBuffer.wrap(chunk, 0, part));
                flip(chunk, part, mask);
                digest.update(chunk, 0, part);
                at += part;
            }
        } catch (IOException e) {
            throw cannotRead(e);
        }
        return hex(digest);
    }

    static void flip(byte[] bytes, int count, int mask) {
        if (mask != 0) {
            for (int i = 0; i < count; i++) {
                bytes[i] ^= (byte) mask;
            }
        }
    }

    static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }
}
