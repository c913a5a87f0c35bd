package org.xenpv.backends.console;

/**
 * Where a console's output goes and its input comes from. Owned and closed by the console; it stays while frontends come
 * and go.
 *
 * <p>Called on the event loop's thread; nothing here ever blocks.
 */
public interface Terminal extends AutoCloseable {

    /**
     * Called once, before anything else.
     *
     * @param ready to be called whenever there is input, or room for output again after {@link #write} took less than all;
     *     from any thread
     */
    void start(Runnable ready);

    /** Takes output. @return how many bytes; fewer than all if there is no room now */
    int write(byte[] bytes, int at, int lengthBytes);

    /** Gives input. @return how many bytes; 0 if there is none now */
    int read(byte[] target, int at, int lengthBytes);

    /** The device a person attaches to, for the key {@code tty}; null if there is none. */
    default String tty() {
        return null;
    }

    /** Idempotent, never throws. */
    @Override
    void close();

    /** Makes the terminal of a console. */
    @FunctionalInterface
    interface Factory {
        /**
         * @param domid the frontend's domain
         * @param number 0 for the primary console
         * @throws org.xenpv.fault.XenException if it cannot be made; the console is then not served
         */
        Terminal open(int domid, int number);
    }
}
