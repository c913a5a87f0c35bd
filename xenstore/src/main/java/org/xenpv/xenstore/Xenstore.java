package org.xenpv.xenstore;

/** A connection to xenstored. Owned by the event loop's thread. */
public interface Xenstore extends XenstoreOps {

    /**
     * Watches a path and everything below it. The handler is called once soon after, and then whenever something may
     * have changed: events are coalesced, so it reads what it wants to know.
     */
    XenstoreWatch watch(String path, XenstoreWatch.Handler handler);

    /**
     * Runs a body inside a transaction, again if it conflicted and the body still {@linkplain TransactionBody#again wants
     * to}: at most 10 times, with jittered back-off, then the result is EAGAIN. The transaction is ended however the body
     * ends.
     */
    <T> void transaction(TransactionBody<T> body, Result<T> result);

    void getDomainPath(int domid, Result<String> result);

    void isDomainIntroduced(int domid, Result<Boolean> result);

    /** CONN-DEAD for good: every request fails with EIO and every watch has been told that it is lost. */
    boolean isDead();

    /** Fails what is in flight with ECONNABORTED and takes the connection off the loop. Idempotent. */
    void close();

    /** What is done inside a transaction. May run several times. */
    interface TransactionBody<T> {
        /**
         * @param tx only valid until {@code end} is called
         * @param end called once: with a value to commit, with an error to abort
         */
        void run(XenstoreOps tx, Result<T> end);

        /** Asked before each further try after a conflict; if it is not wanted any more, the result is EAGAIN. */
        default boolean again() {
            return true;
        }
    }
}
