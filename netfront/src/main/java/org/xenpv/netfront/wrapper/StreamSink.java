package org.xenpv.netfront.wrapper;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.xenpv.fault.XenException;

/** Writes a capture to a file or stream. JVM only. Blocks the loop while the stream does. */
public final class StreamSink implements CaptureSink, AutoCloseable {

    private static final int BUFFER_BYTES = 1 << 16;

    private final OutputStream stream;
    private final String name;

    /** @param name for errors */
    public StreamSink(OutputStream stream, String name) {
        this.stream = stream;
        this.name = name;
    }

    /** Starts a file anew. @throws XenException naming it, if it cannot be written */
    public static StreamSink toFile(Path file) {
        try {
            return new StreamSink(new BufferedOutputStream(Files.newOutputStream(file), BUFFER_BYTES), file.toString());
        } catch (IOException failed) {
            throw new XenException("cannot write the capture " + file + ": " + failed, failed);
        }
    }

    @Override
    public void write(byte[] bytes, int at, int lengthBytes) {
        try {
            stream.write(bytes, at, lengthBytes);
        } catch (IOException failed) {
            throw new XenException("cannot write the capture " + name + ": " + failed, failed);
        }
    }

    /** @throws XenException if what was buffered cannot be written */
    @Override
    public void close() {
        try {
            stream.close();
        } catch (IOException failed) {
            throw new XenException("cannot write the capture " + name + ": " + failed, failed);
        }
    }
}
