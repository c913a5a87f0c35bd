package org.xenpv.backends.console;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.xenpv.fault.XenException;

/**
 * Keeps what a guest prints in a file, byte for byte, and hands it on to another terminal if there is one.
 *
 * <p>A guest prints as much as it likes, so the file is bounded: when it is full it becomes {@code <name>.1}, in the place
 * of the one before, and a new one is begun. What the guest wrote can hold anything, escape sequences among it: look at
 * it with {@code cat -v}.
 *
 * <p>The file is written on the event loop's thread.
 */
public final class LogFile implements Terminal {

    private final Path path;
    private final long sizeMax;
    private final Terminal next;
    private FileChannel file;
    private long sizeBytes;
    private long lostBytes;

    /**
     * Appends to a file, which is made if there is none.
     *
     * @param sizeMax of the file, at least 1; as much again is kept of the one before
     * @param next gets the output as well, and gives the input; null for none
     * @throws XenException if the file cannot be opened
     */
    public LogFile(Path path, long sizeMax, Terminal next) {
        if (sizeMax < 1) {
            throw new IllegalArgumentException("sizeMax=" + sizeMax + ", must be at least 1");
        }
        this.path = path;
        this.sizeMax = sizeMax;
        this.next = next;
        try {
            open();
        } catch (IOException e) {
            throw new XenException("console log " + path + " cannot be opened: " + e, e);
        }
    }

    private void open() throws IOException {
        file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        sizeBytes = file.size();
    }

    /** Bytes that could not be written, because the disk was full for example. */
    public long lostBytes() {
        return lostBytes;
    }

    @Override
    public void start(Runnable ready) {
        if (next != null) {
            next.start(ready);
        }
    }

    /** The file takes what the next terminal takes; alone it takes all. */
    @Override
    public int write(byte[] bytes, int at, int lengthBytes) {
        int accepted = next == null ? lengthBytes : next.write(bytes, at, lengthBytes);
        log(bytes, at, accepted);
        return accepted;
    }

    private void log(byte[] bytes, int at, int lengthBytes) {
        int done = 0;
        try {
            while (done < lengthBytes) {
                if (sizeBytes >= sizeMax) {
                    rotate();
                }
                int count = (int) Math.min(lengthBytes - done, sizeMax - sizeBytes);
                int written = file.write(ByteBuffer.wrap(bytes, at + done, count));
                sizeBytes += written;
                done += written;
            }
        } catch (IOException e) {
            lostBytes += lengthBytes - done;
        }
    }

    private void rotate() throws IOException {
        file.close();
        Files.move(path, path.resolveSibling(path.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
        open();
    }

    @Override
    public int read(byte[] target, int at, int lengthBytes) {
        return next == null ? 0 : next.read(target, at, lengthBytes);
    }

    @Override
    public String tty() {
        return next == null ? null : next.tty();
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            // Nothing more is written to it, and what was written is counted.
        }
        if (next != null) {
            next.close();
        }
    }
}
