package org.xenpv.console;

/**
 * How a console behaves.
 *
 * @param outputBytes buffered when the ring is full, 1 to 2^24
 * @param inputBytes buffered until read, 1 to 2^24; when full, the ring fills and the backend waits
 * @param whenFull what becomes of output that does not fit
 * @param writeNs how long a stream of {@link PvConsole} waits for room under {@link FullPolicy#KEEP}
 * @param handshakeNs how long any step of connecting or closing a xenbus console may take
 */
public record ConsoleConfig(int outputBytes, int inputBytes, FullPolicy whenFull, long writeNs, long handshakeNs) {

    public static final ConsoleConfig DEFAULT =
            new ConsoleConfig(64 * 1024, 4096, FullPolicy.DROP_OLDEST, 5_000_000_000L, 10_000_000_000L);

    private static final int BUFFER_BYTES_MAX = 1 << 24;

    public ConsoleConfig {
        range("outputBytes", outputBytes, BUFFER_BYTES_MAX);
        range("inputBytes", inputBytes, BUFFER_BYTES_MAX);
        if (whenFull == null) {
            throw new IllegalArgumentException("whenFull=null, must be one of FullPolicy");
        }
        range("writeNs", writeNs, Long.MAX_VALUE / 4);
        range("handshakeNs", handshakeNs, Long.MAX_VALUE / 4);
    }

    private static void range(String name, long value, long max) {
        if (value < 1 || value > max) {
            throw new IllegalArgumentException(name + "=" + value + ", must be 1 to " + max);
        }
    }

    public ConsoleConfig whenFull(FullPolicy policy) {
        return new ConsoleConfig(outputBytes, inputBytes, policy, writeNs, handshakeNs);
    }

    public ConsoleConfig buffers(int output, int input) {
        return new ConsoleConfig(output, input, whenFull, writeNs, handshakeNs);
    }

    public ConsoleConfig deadlines(long write, long handshake) {
        return new ConsoleConfig(outputBytes, inputBytes, whenFull, write, handshake);
    }
}
