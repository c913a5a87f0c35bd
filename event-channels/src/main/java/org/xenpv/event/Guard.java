package org.xenpv.event;

/** Calls what may throw, so that nothing gets through to the loop: errors are counted and told to the sink. */
final class Guard {

    private final LoopCounters counters;
    private EventLoop.ErrorSink sink = new PrintingErrorSink();

    Guard(LoopCounters counters) {
        this.counters = counters;
    }

    void sink(EventLoop.ErrorSink replacement) {
        sink = replacement;
    }

    void run(String where, Runnable action) {
        try {
            action.run();
        } catch (Throwable error) {
            failed(where, error);
        }
    }

    /** @return 0 if the handler threw */
    int poll(Served served) {
        try {
            return served.handler.poll(served.budget);
        } catch (Throwable error) {
            failed(served.name, error);
            return 0;
        }
    }

    /** The port's re-enable: unmasking may be refused if the handler has closed its port under us. */
    boolean wantsMore(Served served, int done, long nowNs) {
        try {
            return served.served(done, nowNs);
        } catch (Throwable error) {
            failed(served.name, error);
            return false;
        }
    }

    boolean isAwaiting(Served served) {
        try {
            return served.handler.awaiting();
        } catch (Throwable error) {
            failed(served.name, error);
            return false;
        }
    }

    boolean poll(EventLoop.Source source) {
        try {
            return source.poll();
        } catch (Throwable error) {
            failed("source", error);
            return false;
        }
    }

    void failed(String where, Throwable error) {
        counters.errors++;
        try {
            sink.failed(where, error);
        } catch (Throwable ofSink) {
            counters.errors++;
        }
    }
}
