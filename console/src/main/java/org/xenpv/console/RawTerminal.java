package org.xenpv.console;

import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Joins a terminal with a console: every key goes to the other side, everything from there to the screen, until the
 * escape key Ctrl-].
 *
 * <pre>{@code
 * try (RawTerminal terminal = RawTerminal.open()) {
 *     terminal.attach(console.input(), console.output());
 * }
 * }</pre>
 *
 * <p>The terminal is in raw mode from {@link #open} to {@link #close}, and is put back when the program exits as well. For
 * programs on the JVM with {@code stty}, on a live host: two threads copy. For one thread at a time; {@link #close} from
 * any.
 */
public final class RawTerminal implements AutoCloseable {

    /** Ctrl-], as in telnet and xl console. */
    public static final int ESCAPE = 0x1d;

    /** Why {@link #attach} returned. */
    public enum Left {
        /** The user pressed the escape key. */
        ESCAPE,
        /** The console has ended. */
        CONSOLE_ENDED,
        /** The terminal is gone, or this was closed. */
        TERMINAL_GONE
    }

    /** A read of the terminal ends after a tenth of a second without a key, so that its thread can be stopped. */
    private static final String[] RAW_MODE = {"raw", "-echo", "min", "0", "time", "1"};

    private static final long EMPTY_READ_NS = 50_000_000L;
    private static final int EMPTY_READS_MAX = 20;
    private static final long STTY_SECONDS = 5;
    private static final long STOP_MS = 1000;
    private static final int CHUNK_BYTES = 1024;

    private final File device;
    private final String saved;
    private final InputStream keys;
    private final OutputStream screen;
    private final Thread atExit;
    private volatile boolean closed;

    private RawTerminal(File device, String saved, InputStream keys, OutputStream screen) {
        this.device = device;
        this.saved = saved;
        this.keys = keys;
        this.screen = screen;
        this.atExit = new Thread(this::restore, "terminal restore");
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /**
     * The terminal this program was started from.
     *
     * @throws IOException if there is none, or it cannot be put into raw mode
     */
    public static RawTerminal open() throws IOException {
        return open(Path.of("/dev/tty"));
    }

    /** @param device another terminal, e.g. {@code /dev/pts/3} */
    public static RawTerminal open(Path device) throws IOException {
        File file = device.toFile();
        InputStream keys;
        try {
            keys = new FileInputStream(file);
        } catch (IOException e) {
            throw new IOException("no terminal to attach: " + e.getMessage(), e);
        }
        try {
            String saved = stty(file, "-g");
            RawTerminal terminal = new RawTerminal(file, saved, keys, new FileOutputStream(file));
            try {
                stty(file, RAW_MODE);
                return terminal;
            } catch (IOException e) {
                terminal.close();
                throw e;
            }
        } catch (IOException e) {
            keys.close();
            throw e;
        }
    }

    /** @return what it printed */
    private static String stty(File device, String... arguments) throws IOException {
        String[] command = new String[arguments.length + 1];
        command[0] = "stty";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .redirectInput(device)
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            throw new IOException("no raw terminal without stty: " + e.getMessage(), e);
        }
        try {
            if (!process.waitFor(STTY_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("stty does not end");
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while setting up the terminal", e);
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        if (process.exitValue() != 0) {
            throw new IOException("no terminal to attach: " + device + ": " + said);
        }
        return said;
    }

    /**
     * Copies both ways until the user leaves or the console ends.
     *
     * @param input what the other side prints, e.g. {@link PvConsole#input()}; a thread that waits in its {@code read} is
     *     interrupted at the end
     * @param output what is typed goes there
     * @throws IOException if the other side fails
     */
    public Left attach(InputStream input, OutputStream output) throws IOException {
        Printer printer = new Printer(input);
        Thread thread = new Thread(printer, "terminal printer");
        thread.setDaemon(true);
        thread.start();
        try {
            return type(output, printer);
        } finally {
            printer.stopped = true;
            thread.interrupt();
            try {
                thread.join(STOP_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private Left type(OutputStream output, Printer printer) throws IOException {
        byte[] typed = new byte[CHUNK_BYTES];
        int emptyReads = 0;
        while (true) {
            if (printer.failure != null) {
                throw printer.failure;
            }
            if (printer.ended) {
                return Left.CONSOLE_ENDED;
            }
            long sinceNs = System.nanoTime();
            int count;
            try {
                count = closed ? -1 : keys.read(typed);
            } catch (IOException e) {
                return Left.TERMINAL_GONE;
            }
            if (closed) {
                return Left.TERMINAL_GONE;
            }
            if (count <= 0) {
                // In this mode a read without a key takes a while; only one of a terminal that is gone ends at once.
                emptyReads = System.nanoTime() - sinceNs < EMPTY_READ_NS ? emptyReads + 1 : 0;
                if (emptyReads == EMPTY_READS_MAX) {
                    return Left.TERMINAL_GONE;
                }
                continue;
            }
            emptyReads = 0;
            int escape = indexOfEscape(typed, count);
            output.write(typed, 0, escape < 0 ? count : escape);
            output.flush();
            if (escape >= 0) {
                return Left.ESCAPE;
            }
        }
    }

    private static int indexOfEscape(byte[] typed, int count) {
        for (int i = 0; i < count; i++) {
            if (typed[i] == ESCAPE) {
                return i;
            }
        }
        return -1;
    }

    /** From the console to the screen. */
    private final class Printer implements Runnable {
        private final InputStream input;
        private volatile boolean stopped;
        private volatile boolean ended;
        private volatile IOException failure;

        Printer(InputStream input) {
            this.input = input;
        }

        @Override
        public void run() {
            byte[] printed = new byte[CHUNK_BYTES];
            try {
                int count = input.read(printed);
                while (count >= 0) {
                    screen.write(printed, 0, count);
                    screen.flush();
                    count = input.read(printed);
                }
                ended = true;
            } catch (IOException e) {
                if (!stopped) {
                    failure = e;
                }
            }
        }
    }

    private void restore() {
        try {
            stty(device, saved);
        } catch (IOException e) {
            // The terminal is gone: there is nothing left to put back.
        }
    }

    /** Puts the terminal back as it was. Idempotent, never throws. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        restore();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The program exits: the hook does it again, to no harm.
        }
        try (InputStream in = keys;
                OutputStream out = screen) {
            out.flush();
        } catch (IOException e) {
            // Nothing of ours is in them.
        }
    }
}
