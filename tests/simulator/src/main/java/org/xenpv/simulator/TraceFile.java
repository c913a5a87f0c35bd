package org.xenpv.simulator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The whole trace of a deterministic host as text: a line that says how to get the same again, then one line for each
 * event, written as they happen.
 */
final class TraceFile implements AutoCloseable {

    private final Path path;
    private final Writer writer;
    private final StringBuilder line = new StringBuilder();

    /** @throws UncheckedIOException if the file cannot be written */
    TraceFile(Path path, long seed) {
        this.path = path;
        try {
            Path directory = path.toAbsolutePath().getParent();
            if (directory != null) {
                Files.createDirectories(directory);
            }
            this.writer = Files.newBufferedWriter(path);
            writer.write("seed=" + seed + "; the same program with this seed does all this again\n");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the trace to " + path, e);
        }
    }

    void record(long number, int what, long domid, long a, long b) {
        line.setLength(0);
        TraceText.append(line, number, what, domid, a, b);
        try {
            writer.append(line).append('\n');
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the trace to " + path, e);
        }
    }

    @Override
    public void close() {
        try {
            writer.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the trace to " + path, e);
        }
    }
}
