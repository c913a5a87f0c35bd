package org.xenpv.xenstore;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenTimeoutException;

/**
 * Waits until something holds over the tree, whatever it depends on.
 *
 * <p>A condition is a function that reads what it wants and answers with a value, or with null for "not yet". The paths
 * it read are watched, and when one of them changes it is run again; what it reads may differ from run to run. Reading a
 * node that is not there means "not yet", unless the condition itself makes something of it.
 *
 * <pre>
 * run condition --value--> done          any path read fires (also once at registration)
 *      |                                              |
 *      +-- null or ENOENT --> watch the paths read ---+--> run condition again
 * </pre>
 *
 * <p>Owned by the loop's thread.
 */
public final class XenstoreAwait<T> {

    /** What is waited for. */
    @FunctionalInterface
    public interface Condition<T> {
        /**
         * @param reads for reading only: operations that change the tree throw UnsupportedOperationException
         * @param answer called once, now or later: a value ends the wait, null continues it, an error other than ENOENT
         *     ends it
         */
        void check(XenstoreOps reads, Result<T> answer);
    }

    private final Xenstore store;
    private final Condition<T> condition;
    private final Result<T> result;
    private final EventLoop.Timer deadline;
    private final Map<String, XenstoreWatch> watches = new HashMap<>();
    private final XenstoreWatch.Handler handler = new XenstoreWatch.Handler() {
        @Override
        public void fired(String changed) {
            look();
        }

        @Override
        public void lost(XenException why) {
            finish(null, why);
        }
    };

    private Run run;
    private boolean dirty;
    private boolean done;

    private XenstoreAwait(Xenstore store, EventLoop loop, long timeoutNs, Condition<T> condition, Result<T> result) {
        this.store = store;
        this.condition = condition;
        this.result = result;
        this.deadline = loop.at(
                loop.clock().nanoTime() + timeoutNs,
                () -> finish(
                        null,
                        new XenTimeoutException("xenstore await: not so within " + timeoutNs / 1_000_000L
                                + " ms, watching " + watches.keySet())));
    }

    /**
     * Begins to wait.
     *
     * @param timeoutNs how long at most, then the result is XenTimeoutException
     */
    public static <T> XenstoreAwait<T> start(
            Xenstore store, EventLoop loop, long timeoutNs, Condition<T> condition, Result<T> result) {
        Objects.requireNonNull(store, "store");
        Objects.requireNonNull(condition, "condition");
        Objects.requireNonNull(result, "result");
        if (timeoutNs <= 0) {
            throw new IllegalArgumentException("timeoutNs=" + timeoutNs + ", must be positive");
        }
        XenstoreAwait<T> await = new XenstoreAwait<>(store, loop, timeoutNs, condition, result);
        loop.at(loop.clock().nanoTime(), await::look);
        return await;
    }

    /** Gives up: the result is ECANCELED, unless it was told already. */
    public void cancel() {
        finish(null, new XenstoreException("ECANCELED", "xenstore await"));
    }

    private void look() {
        if (done) {
            return;
        }
        if (run != null) {
            dirty = true;
            return;
        }
        dirty = false;
        run = new Run();
        Run current = run;
        try {
            condition.check(current, current::answered);
        } catch (RuntimeException thrown) {
            finish(
                    null,
                    thrown instanceof XenException known
                            ? known
                            : new XenException("xenstore await, its condition threw " + thrown, thrown));
        }
    }

    private void finish(T value, XenException error) {
        if (done) {
            return;
        }
        done = true;
        run = null;
        deadline.cancel();
        for (XenstoreWatch watch : watches.values()) {
            watch.cancel();
        }
        watches.clear();
        result.accept(value, error);
    }

    private void watchOnly(Set<String> paths) {
        List<String> stale = new ArrayList<>();
        for (String path : watches.keySet()) {
            if (!paths.contains(path)) {
                stale.add(path);
            }
        }
        for (String path : stale) {
            watches.remove(path).cancel();
        }
        for (String path : paths) {
            if (!watches.containsKey(path)) {
                watches.put(path, store.watch(path, handler));
            }
        }
    }

    /** One run of the condition: remembers what it reads. */
    private final class Run implements XenstoreOps {

        private final Set<String> paths = new LinkedHashSet<>();

        void answered(T value, XenException error) {
            if (run != this) {
                return;
            }
            run = null;
            if (value != null) {
                finish(value, null);
            } else if (error != null && !Operations.isMissing(error)) {
                finish(null, error);
            } else {
                watchOnly(paths);
                if (dirty) {
                    look();
                }
            }
        }

        @Override
        public void read(String path, Result<String> reply) {
            paths.add(path);
            store.read(path, reply);
        }

        @Override
        public void readAll(Result<String[]> reply, String... all) {
            for (String path : all) {
                paths.add(path);
            }
            store.readAll(reply, all);
        }

        @Override
        public void directory(String path, Result<List<String>> reply) {
            paths.add(path);
            store.directory(path, reply);
        }

        @Override
        public void getPermissions(String path, Result<XenstorePermissions> reply) {
            paths.add(path);
            store.getPermissions(path, reply);
        }

        @Override
        public void write(String path, String value, Result<Void> reply) {
            throw readOnly();
        }

        @Override
        public void writeAll(Result<Void> reply, String... pathsAndValues) {
            throw readOnly();
        }

        @Override
        public void mkdir(String path, Result<Void> reply) {
            throw readOnly();
        }

        @Override
        public void remove(String path, Result<Void> reply) {
            throw readOnly();
        }

        @Override
        public void setPermissions(String path, XenstorePermissions permissions, Result<Void> reply) {
            throw readOnly();
        }

        private UnsupportedOperationException readOnly() {
            return new UnsupportedOperationException("a condition only reads");
        }
    }
}
