package org.xenpv.xenstore;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.xs.XsMessageType;

/**
 * A connection to xenstored over any transport.
 *
 * <p>Owned by the thread of its loop. It never blocks: requests go out as the transport takes them, results come on the
 * loop, at the latest when the request's deadline has passed. Callbacks are never called from within a call.
 *
 * <p>If the server breaks the protocol the connection is dead: everything in flight fails with EIO. Where the server
 * offers it (XENSTORE_SERVER_FEATURE_RECONNECTION) the connection then begins anew: watches are registered again and
 * fire once each, for anything may have changed; requests made meanwhile wait. Where it does not, or too often, or in
 * vain, watches are told that they are lost and every further request fails with EIO.
 */
public final class XenstoreClient implements Xenstore, XenstoreControl {

    /**
     * Limits.
     *
     * @param requestTimeoutNs from the call to the answer. Must be longer than oxenstored lets a domain wait whose
     *     writes made others' transactions fail: a few times 50 ms
     * @param transactionTimeoutNs from the begin of a transaction's body to its end
     * @param requestsMax accepted and not answered, those that timed out included; more are refused with ENOBUFS
     * @param unknownRepliesMax replies to requests never made, and watch events that cannot be decoded, that are
     *     forgiven in the life of a connection, of each kind
     * @param childrenMax children of one directory
     * @param reconnectsPerMinute how often a connection may begin anew
     * @param reconnectTimeoutNs how long to wait for the server to do so
     * @param resetWatches send XS_RESET_WATCHES first, for a domain whose former life may have left watches and
     *     transactions behind (kexec); a server that does not know it is no error
     * @param seed for request ids, watch tokens and the spreading of retries; 0 for one made from the clock
     */
    public record Options(
            long requestTimeoutNs,
            long transactionTimeoutNs,
            int requestsMax,
            int unknownRepliesMax,
            int childrenMax,
            int reconnectsPerMinute,
            long reconnectTimeoutNs,
            boolean resetWatches,
            long seed) {

        public static final Options DEFAULT =
                new Options(5_000_000_000L, 10_000_000_000L, 1024, 16, 1000, 6, 30_000_000_000L, false, 0);

        public Options {
            positive("requestTimeoutNs", requestTimeoutNs);
            positive("transactionTimeoutNs", transactionTimeoutNs);
            positive("requestsMax", requestsMax);
            positive("childrenMax", childrenMax);
            positive("reconnectTimeoutNs", reconnectTimeoutNs);
            notNegative("unknownRepliesMax", unknownRepliesMax);
            notNegative("reconnectsPerMinute", reconnectsPerMinute);
        }

        private static void positive(String name, long value) {
            if (value <= 0) {
                throw new IllegalArgumentException(name + "=" + value + ", must be positive");
            }
        }

        private static void notNegative(String name, long value) {
            if (value < 0) {
                throw new IllegalArgumentException(name + "=" + value + ", must not be negative");
            }
        }

        public Options withRequestTimeoutNs(long timeoutNs) {
            return new Options(
                    timeoutNs,
                    transactionTimeoutNs,
                    requestsMax,
                    unknownRepliesMax,
                    childrenMax,
                    reconnectsPerMinute,
                    reconnectTimeoutNs,
                    resetWatches,
                    seed);
        }

        public Options withRequestsMax(int max) {
            return new Options(
                    requestTimeoutNs,
                    transactionTimeoutNs,
                    max,
                    unknownRepliesMax,
                    childrenMax,
                    reconnectsPerMinute,
                    reconnectTimeoutNs,
                    resetWatches,
                    seed);
        }

        public Options withResetWatches(boolean reset) {
            return new Options(
                    requestTimeoutNs,
                    transactionTimeoutNs,
                    requestsMax,
                    unknownRepliesMax,
                    childrenMax,
                    reconnectsPerMinute,
                    reconnectTimeoutNs,
                    reset,
                    seed);
        }

        public Options withSeed(long value) {
            return new Options(
                    requestTimeoutNs,
                    transactionTimeoutNs,
                    requestsMax,
                    unknownRepliesMax,
                    childrenMax,
                    reconnectsPerMinute,
                    reconnectTimeoutNs,
                    resetWatches,
                    value);
        }
    }

    private final EventLoop loop;
    private final Options options;
    private final Jitter jitter;
    private final Completions completions;
    private final XenstoreCounters counters = new XenstoreCounters();
    private final XsConnection connection;
    private final WatchTable watches;
    private final Operations plain;
    private final Set<TransactionRun<?>> transactions = new LinkedHashSet<>();

    private Result<Void> quiet;
    private EventLoop.Timer quietDeadline;
    private boolean closed;

    public XenstoreClient(XenstoreTransport transport, EventLoop loop, Options options) {
        this.loop = Objects.requireNonNull(loop, "loop");
        this.options = Objects.requireNonNull(options, "options");
        this.jitter =
                new Jitter(options.seed() != 0 ? options.seed() : loop.clock().nanoTime());
        this.completions = new Completions(loop);
        this.connection = new XsConnection(
                Objects.requireNonNull(transport, "transport"),
                loop,
                options,
                jitter,
                completions,
                counters,
                new Owner());
        this.watches = new WatchTable(this);
        this.plain = new Plain();
        connection.start();
    }

    /** What the connection reports. */
    private final class Owner implements XsConnection.Owner {
        @Override
        public void watchEvent(byte[] body, int length) {
            watches.event(body, length);
        }

        @Override
        public void opened() {
            if (options.resetWatches()) {
                connection.submit(
                        new XsRequest(
                                XsMessageType.RESET_WATCHES, 0, XsBody.strings(""), "reset watches", (ok, error) -> {}),
                        false);
            }
            watches.registerAll();
        }

        @Override
        public void settled() {
            checkQuiet();
        }

        @Override
        public void lost(XenstoreException why, boolean forGood) {
            for (TransactionRun<?> run : new ArrayList<>(transactions)) {
                run.lost(why);
            }
            if (closed) {
                watches.forget();
            } else if (forGood) {
                watches.lost(why);
            }
            checkQuiet();
        }
    }

    /** Operations outside any transaction. */
    private final class Plain extends Operations {
        Plain() {
            super(XenstoreClient.this.connection, XenstoreClient.this.completions);
        }

        @Override
        void checkCall() {
            XenstoreClient.this.checkCall();
        }

        @Override
        void send(XsMessageType type, byte[] body, String what, XsRequest.Reply reply) {
            submit(type, 0, body, what, reply);
        }

        @Override
        int childrenMax() {
            return options.childrenMax();
        }
    }

    void submit(XsMessageType type, int txId, byte[] body, String what, XsRequest.Reply reply) {
        connection.submit(new XsRequest(type, txId, body, what, reply), true);
    }

    /** @throws IllegalStateException from a thread that does not own the loop */
    void checkCall() {
        if (!loop.inLoop()) {
            throw new IllegalStateException("called from thread "
                    + Thread.currentThread().getName() + ", but the loop is owned by another: use EventLoop.execute");
        }
    }

    @Override
    public void read(String path, Result<String> result) {
        plain.read(path, result);
    }

    @Override
    public void readAll(Result<String[]> result, String... paths) {
        plain.readAll(result, paths);
    }

    @Override
    public void write(String path, String value, Result<Void> result) {
        plain.write(path, value, result);
    }

    @Override
    public void writeAll(Result<Void> result, String... pathsAndValues) {
        plain.writeAll(result, pathsAndValues);
    }

    @Override
    public void mkdir(String path, Result<Void> result) {
        plain.mkdir(path, result);
    }

    @Override
    public void remove(String path, Result<Void> result) {
        plain.remove(path, result);
    }

    @Override
    public void directory(String path, Result<List<String>> result) {
        plain.directory(path, result);
    }

    @Override
    public void getPermissions(String path, Result<XenstorePermissions> result) {
        plain.getPermissions(path, result);
    }

    @Override
    public void setPermissions(String path, XenstorePermissions permissions, Result<Void> result) {
        plain.setPermissions(path, permissions, result);
    }

    @Override
    public XenstoreWatch watch(String path, XenstoreWatch.Handler handler) {
        checkCall();
        XsPath.check(path);
        Objects.requireNonNull(handler, "handler");
        return watches.add(path, handler);
    }

    @Override
    public <T> void transaction(TransactionBody<T> body, Result<T> result) {
        checkCall();
        Objects.requireNonNull(body, "body");
        Objects.requireNonNull(result, "result");
        TransactionRun<T> run = new TransactionRun<>(this, body, result);
        transactions.add(run);
        run.start();
    }

    @Override
    public boolean isDead() {
        return connection.isDead();
    }

    void transactionDone(TransactionRun<?> run) {
        transactions.remove(run);
        checkQuiet();
    }

    @Override
    public void getDomainPath(int domid, Result<String> result) {
        String what = "domain path of " + domid;
        ask(XsMessageType.GET_DOMAIN_PATH, domid, what, result, (body, error) -> {
            String path = error == null ? XsBody.scalar(body) : null;
            boolean bad = error == null && !XsPath.isValid(path);
            completions.add(result, bad ? null : path, bad ? Operations.badMessage(what, body) : error);
        });
    }

    @Override
    public void isDomainIntroduced(int domid, Result<Boolean> result) {
        String what = "is domain introduced " + domid;
        ask(XsMessageType.IS_DOMAIN_INTRODUCED, domid, what, result, (body, error) -> {
            String answer = error == null ? XsBody.scalar(body) : null;
            boolean bad = error == null && !"T".equals(answer) && !"F".equals(answer);
            Boolean introduced = bad || error != null ? null : (Boolean) answer.equals("T");
            completions.add(result, introduced, bad ? Operations.badMessage(what, body) : error);
        });
    }

    @Override
    public void introduce(int domid, long gfn, int port, Result<Void> result) {
        if (gfn < 0 || port < 1) {
            throw new IllegalArgumentException("gfn=" + gfn + ", port=" + port + ", must be at least 0 and 1");
        }
        command(
                XsMessageType.INTRODUCE,
                "introduce domain " + domid,
                result,
                domid,
                Long.toString(gfn),
                Integer.toString(port));
    }

    @Override
    public void release(int domid, Result<Void> result) {
        command(XsMessageType.RELEASE, "release domain " + domid, result, domid);
    }

    @Override
    public void setTarget(int domid, int targetDomid, Result<Void> result) {
        String target = Integer.toString(XsBody.checkDomid(targetDomid));
        command(XsMessageType.SET_TARGET, "set target of domain " + domid, result, domid, target);
    }

    @Override
    public void resume(int domid, Result<Void> result) {
        command(XsMessageType.RESUME, "resume domain " + domid, result, domid);
    }

    private void command(XsMessageType type, String what, Result<Void> result, int domid, String... more) {
        ask(type, domid, what, result, plain.acknowledge(result), more);
    }

    private void ask(
            XsMessageType type, int domid, String what, Result<?> result, XsRequest.Reply reply, String... more) {
        checkCall();
        Objects.requireNonNull(result, "result");
        String[] strings = new String[more.length + 1];
        strings[0] = Integer.toString(XsBody.checkDomid(domid));
        System.arraycopy(more, 0, strings, 1, more.length);
        submit(type, 0, XsBody.strings(strings), what, reply);
    }

    /**
     * Comes to rest before the domain is suspended. New requests and transactions wait; those under way are let finish.
     *
     * @param result called when nothing is under way, or with XenTimeoutException when something still is after the
     *     timeout of a request. In either case {@link #resume(XenstoreTransport)} or {@link #resume()} must follow
     */
    public void suspend(Result<Void> result) {
        checkCall();
        Objects.requireNonNull(result, "result");
        if (quiet != null) {
            throw new IllegalStateException("suspend is under way");
        }
        connection.hold();
        quiet = result;
        quietDeadline = loop.at(
                loop.clock().nanoTime() + options.requestTimeoutNs(),
                () -> quieted(new XenTimeoutException("xenstore suspend: requests=" + connection.inFlight()
                        + ", transactions=" + transactions.size() + " did not finish")));
        checkQuiet();
    }

    private void checkQuiet() {
        if (quiet != null && connection.isQuiet()) {
            for (TransactionRun<?> run : transactions) {
                if (run.isOpen()) {
                    return;
                }
            }
            quieted(null);
        }
    }

    private void quieted(XenException error) {
        if (quiet != null) {
            quietDeadline.cancel();
            completions.add(quiet, null, error);
            quiet = null;
        }
    }

    /** Goes on as before: the suspend was cancelled, the domain has the same page and port. */
    public void resume() {
        checkCall();
        quieted(new XenstoreException("ECANCELED", "suspend"));
        connection.release();
        watches.registerNew();
    }

    /**
     * Goes on over another connection, with the page and port that the domain has after it was resumed, or after the
     * old connection died. What was still in flight fails with EIO; what was held back is sent; every watch is
     * registered again and fires.
     *
     * @param fresh not yet attached; the client closes it in the end, as it does the old one now
     */
    public void resume(XenstoreTransport fresh) {
        checkCall();
        Objects.requireNonNull(fresh, "fresh");
        if (closed) {
            throw new IllegalStateException("closed");
        }
        quieted(new XenstoreException("ECANCELED", "suspend"));
        connection.replace(fresh);
    }

    @Override
    public void close() {
        checkCall();
        if (!closed) {
            closed = true;
            connection.close(new XenstoreException("ECONNABORTED", "xenstore connection: closed"));
            completions.drain();
        }
    }

    /** A snapshot. */
    public XenstoreStats stats() {
        return counters.snapshot(connection.inFlight());
    }

    /** A watch event that is not two strings: forgiven a few times (X10). */
    void badEvent() {
        if (++counters.badEvents > options.unknownRepliesMax()) {
            connection.die("malformed watch events=" + counters.badEvents + ", must be at most "
                    + options.unknownRepliesMax());
        }
    }

    EventLoop loop() {
        return loop;
    }

    Options options() {
        return options;
    }

    Jitter jitter() {
        return jitter;
    }

    Completions completions() {
        return completions;
    }

    XenstoreCounters counters() {
        return counters;
    }

    XsConnection connection() {
        return connection;
    }
}
