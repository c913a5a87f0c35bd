package org.xenpv.xenstore;

import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.xs.XsMessageType;

/**
 * One transaction with its retries.
 *
 * <pre>
 * START --id--> BODY --end(value)--> all operations answered --> END T --OK--> value
 *   |             |  end(error), throws, deadline               |
 *   |             +----------------------------------> END F ---|---------------> error
 *   | EAGAIN                                     EAGAIN, ENOENT |
 *   +-----------------------+-----------------------------------+
 *                           v
 *              wait 10 ms, 20 ms, 40 ms ... 1 s (half of it at random), START again if it is still wanted;
 *              at most 10 times
 * </pre>
 *
 * <p>ENOENT for an END is said by a server that does not know the transaction: another has taken its place (xenstore-control live-update -F).
 * Nothing of it has been done, and what was read in it was answered ENOENT as well, whatever is there.
 *
 * <p>If START is answered after its deadline, the transaction that the server then holds is ended.
 */
final class TransactionRun<T> {

    static final int TRIES_MAX = 10;
    private static final long BACKOFF_FIRST_NS = 10_000_000L;
    private static final long BACKOFF_MAX_NS = 1_000_000_000L;

    private final XenstoreClient client;
    private final Xenstore.TransactionBody<T> body;
    private final Result<T> result;

    private int tries;
    private Attempt attempt;
    private EventLoop.Timer backOff;
    private boolean done;

    TransactionRun(XenstoreClient client, Xenstore.TransactionBody<T> body, Result<T> result) {
        this.client = client;
        this.body = body;
        this.result = result;
    }

    void start() {
        tries++;
        client.submit(
                XsMessageType.TRANSACTION_START, 0, XsBody.strings(""), "start transaction", new XsRequest.Reply() {
                    @Override
                    public void accept(byte[] id, XenException error) {
                        if (error != null) {
                            failed(error);
                        } else {
                            started(id);
                        }
                    }

                    @Override
                    public void late(byte[] id) {
                        int txId = txId(id);
                        if (txId != 0) {
                            abort(txId, (ok, ignored) -> {});
                        }
                    }
                });
    }

    /** Strict: 1..2^32-1 in decimal; 0 if it is anything else, for 0 would mean "outside any transaction" (X16). */
    private static int txId(byte[] body) {
        long id = XsBody.decimal(XsBody.scalar(body), 0xffff_ffffL);
        return id < 0 ? 0 : (int) id;
    }

    private void started(byte[] id) {
        int txId = txId(id);
        if (txId == 0) {
            finish(null, Operations.badMessage("start transaction", id));
            return;
        }
        client.counters().transactions++;
        attempt = new Attempt(txId);
        Attempt current = attempt;
        client.completions().add(() -> {
            try {
                body.run(current, current::end);
            } catch (RuntimeException | Error thrown) {
                current.end(null, wrap(thrown));
                if (thrown instanceof Error error) {
                    throw error;
                }
            }
        });
    }

    private static XenException wrap(Throwable thrown) {
        return thrown instanceof XenException known
                ? known
                : new XenException("transaction aborted, its body threw " + thrown, thrown);
    }

    private void abort(int txId, XsRequest.Reply reply) {
        client.connection().submit(end(txId, "F", "abort transaction", reply).givingBack(), false);
    }

    /** One that was not even sent by its deadline must not happen later: the transaction is aborted instead. */
    private void commit(int txId, XsRequest.Reply reply) {
        XsRequest[] commit = new XsRequest[1];
        commit[0] = end(txId, "T", "commit transaction", (ok, error) -> {
            if (error instanceof XenTimeoutException && commit[0].sent == 0) {
                abort(txId, (aborted, ignored) -> {});
            }
            reply.accept(ok, error);
        });
        client.connection().submit(commit[0], false);
    }

    private static XsRequest end(int txId, String how, String what, XsRequest.Reply reply) {
        return new XsRequest(XsMessageType.TRANSACTION_END, txId, XsBody.strings(how), what, reply);
    }

    private void failed(XenException error) {
        if (error instanceof XenstoreException refused && refused.is("EAGAIN")) {
            conflicted();
        } else {
            finish(null, error);
        }
    }

    private void conflicted() {
        attempt = null;
        client.counters().conflicts++;
        if (tries >= TRIES_MAX) {
            finish(null, new XenstoreException("EAGAIN", "transaction (conflicts=" + tries + ", none committed)"));
            return;
        }
        long period = Math.min(BACKOFF_FIRST_NS << (tries - 1), BACKOFF_MAX_NS);
        EventLoop loop = client.loop();
        backOff = loop.at(loop.clock().nanoTime() + client.jitter().spread(period), this::startAgain);
    }

    private void startAgain() {
        boolean wanted;
        try {
            wanted = body.again();
        } catch (RuntimeException thrown) {
            finish(null, wrap(thrown));
            return;
        }
        if (wanted) {
            start();
        } else {
            finish(null, new XenstoreException("EAGAIN", "transaction (conflicts=" + tries + ", not wanted any more)"));
        }
    }

    private void finish(T value, XenException error) {
        if (!done) {
            done = true;
            attempt = null;
            client.transactionDone(this);
            client.completions().add(result, value, error);
        }
    }

    /** Whether the server holds a transaction for us now. */
    boolean isOpen() {
        return attempt != null;
    }

    /** The connection is gone, and the transaction with it. */
    void lost(XenstoreException why) {
        if (backOff != null) {
            backOff.cancel();
        }
        if (attempt != null) {
            attempt.close();
        }
        finish(null, new XenstoreException(why.error(), "transaction (" + why.getMessage() + ")"));
    }

    /** What the body sees of one try. */
    private final class Attempt extends Operations {

        private final int txId;
        private final EventLoop.Timer deadline;
        private final int epoch;
        private int unanswered;
        private boolean ended;
        private boolean endedByBody;
        private boolean closed;
        private T value;
        private XenException error;

        Attempt(int txId) {
            super(client.connection(), client.completions());
            this.txId = txId;
            this.epoch = connection.epoch();
            EventLoop loop = client.loop();
            long timeout = client.options().transactionTimeoutNs();
            this.deadline = loop.at(
                    loop.clock().nanoTime() + timeout,
                    () -> end(
                            null,
                            new XenTimeoutException("transaction aborted, its body did not end it within "
                                    + timeout / 1_000_000L + " ms"),
                            false));
        }

        /** The body is to blame for using a transaction that it has ended, not for one that ended under it. */
        @Override
        void checkCall() {
            client.checkCall();
            if (endedByBody) {
                throw new IllegalStateException("the transaction has been ended");
            }
        }

        @Override
        void send(XsMessageType type, byte[] payload, String what, XsRequest.Reply reply) {
            if (ended || epoch != connection.epoch()) {
                reply.accept(null, new XenstoreException("ECONNABORTED", what + " (the transaction is over)"));
                return;
            }
            unanswered++;
            client.submit(type, txId, payload, what, (answer, failure) -> {
                reply.accept(answer, failure);
                unanswered--;
                endIfQuiet();
            });
        }

        @Override
        int childrenMax() {
            return client.options().childrenMax();
        }

        void end(T result, XenException failure) {
            end(result, failure, true);
        }

        private void end(T result, XenException failure, boolean byBody) {
            endedByBody |= byBody;
            if (ended) {
                return;
            }
            ended = true;
            deadline.cancel();
            value = result;
            error = failure;
            endIfQuiet();
        }

        /** END goes out when every operation has been answered: no order of processing is promised but by req_id. */
        private void endIfQuiet() {
            if (!ended || closed || unanswered > 0 || epoch != connection.epoch()) {
                return;
            }
            closed = true;
            if (error != null) {
                boolean read = error instanceof XenstoreException;
                abort(txId, (ok, refused) -> answered(read && isForgotten(refused), error));
            } else {
                commit(txId, (ok, refused) -> answered(isForgotten(refused), refused));
            }
        }

        private void answered(boolean forgotten, XenException failure) {
            if (forgotten) {
                conflicted();
            } else if (failure != null) {
                failed(failure);
            } else {
                finish(value, null);
            }
        }

        private static boolean isForgotten(XenException refused) {
            return refused instanceof XenstoreException error && error.is("ENOENT");
        }

        void close() {
            ended = true;
            closed = true;
            deadline.cancel();
        }
    }
}
