package org.xenpv.event;

/** Prints the first few errors with their stack traces, so that a mistake in a handler is seen at once. */
final class PrintingErrorSink implements EventLoop.ErrorSink {

    private static final int PRINTED_MAX = 16;

    private int printed;

    @Override
    public void failed(String where, Throwable error) {
        if (printed < PRINTED_MAX) {
            printed++;
            System.err.println("event loop: exception in " + where);
            error.printStackTrace();
        }
    }
}
