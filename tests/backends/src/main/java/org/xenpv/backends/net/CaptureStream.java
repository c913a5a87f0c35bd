package org.xenpv.backends.net;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.xenpv.fault.XenException;
import org.xenpv.pcapng.CaptureSource;

/** A capture read from a stream, a file for example. A failure is an XenException that names it. */
public final class CaptureStream implements CaptureSource, AutoCloseable {

    private static final int BUFFER_BYTES = 1 << 16;

    private final InputStream stream;
    private final String name;

    /** @param name for errors */
    public CaptureStream(InputStream stream, String name) {
        this.stream = stream;
        this.name = name;
    }

    /** @throws XenException naming the file, if it cannot be read */
    public static CaptureStream ofFile(Path file) {
        try {
            return new CaptureStream(
                    new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES), file.toString());
        } catch (IOException failed) {
            throw new XenException("cannot read the capture " + file + ": " + failed, failed);
        }
    }

    @Override
    public int read(byte[] bytes, int at, int lengthBytes) {
        try {
            return stream.read(bytes, at, lengthBytes);
        } catch (IOException failed) {
            throw new XenException("cannot read the capture " + name + ": " + failed, failed);
        }
    }

    @Override
    public void close() {
        try {
            stream.close();
        } catch (IOException failed) {
            throw new XenException("cannot close the capture " + name + ": " + failed, failed);
        }
    }
}
