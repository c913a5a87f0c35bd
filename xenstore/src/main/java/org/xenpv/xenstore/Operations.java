package org.xenpv.xenstore;

import java.util.List;
import java.util.Objects;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.io.xs.XsMessageType;

/** The operations as messages and back: the same outside a transaction (tx_id 0) and inside one. */
abstract class Operations implements XenstoreOps {

    final Completions completions;
    final XsConnection connection;

    Operations(XsConnection connection, Completions completions) {
        this.connection = connection;
        this.completions = completions;
    }

    /** Refuses a call that must not be made now, before anything else. */
    abstract void checkCall();

    /** Sends within this transaction, or none. */
    abstract void send(XsMessageType type, byte[] body, String what, XsRequest.Reply reply);

    abstract int childrenMax();

    @Override
    public final void read(String path, Result<String> result) {
        begin(path, result);
        sendRead(path, (body, error) -> completions.add(result, error == null ? XsBody.text(body) : null, error));
    }

    @Override
    public final void readAll(Result<String[]> result, String... paths) {
        checkCall();
        Objects.requireNonNull(result, "result");
        for (String path : paths) {
            XsPath.check(path);
        }
        String[] values = new String[paths.length];
        Gather gather =
                new Gather(paths.length, error -> completions.add(result, error == null ? values : null, error));
        connection.cork();
        for (int i = 0; i < paths.length; i++) {
            int at = i;
            sendRead(paths[i], (body, error) -> {
                values[at] = error == null ? XsBody.text(body) : null;
                gather.one(isMissing(error) ? null : error);
            });
        }
        connection.uncork();
    }

    private void sendRead(String path, XsRequest.Reply reply) {
        send(XsMessageType.READ, XsBody.strings(path), "read " + path, reply);
    }

    @Override
    public final void write(String path, String value, Result<Void> result) {
        begin(path, result);
        sendWrite(path, value, acknowledge(result));
    }

    @Override
    public final void writeAll(Result<Void> result, String... pathsAndValues) {
        checkCall();
        Objects.requireNonNull(result, "result");
        if (pathsAndValues.length % 2 != 0) {
            throw new IllegalArgumentException("pathsAndValues=" + pathsAndValues.length + ", must be pairs");
        }
        for (int i = 0; i < pathsAndValues.length; i += 2) {
            XsPath.check(pathsAndValues[i]);
            writeBody(pathsAndValues[i], pathsAndValues[i + 1]);
        }
        Gather gather = new Gather(pathsAndValues.length / 2, error -> completions.add(result, null, error));
        connection.cork();
        for (int i = 0; i < pathsAndValues.length; i += 2) {
            sendWrite(pathsAndValues[i], pathsAndValues[i + 1], (body, error) -> gather.one(error));
        }
        connection.uncork();
    }

    private void sendWrite(String path, String value, XsRequest.Reply reply) {
        send(XsMessageType.WRITE, writeBody(path, value), "write " + path, reply);
    }

    private byte[] writeBody(String path, String value) {
        Objects.requireNonNull(value, path);
        return XsBody.checkLength(XsBody.pathAndValue(path, value), connection.payloadMax(), "write " + path);
    }

    @Override
    public final void mkdir(String path, Result<Void> result) {
        begin(path, result);
        send(XsMessageType.MKDIR, XsBody.strings(path), "mkdir " + path, acknowledge(result));
    }

    @Override
    public final void remove(String path, Result<Void> result) {
        begin(path, result);
        send(
                XsMessageType.RM,
                XsBody.strings(path),
                "remove " + path,
                (body, error) -> completions.add(result, null, isMissing(error) ? null : error));
    }

    @Override
    public final void directory(String path, Result<List<String>> result) {
        begin(path, result);
        new DirectoryRead(this, path, result).start();
    }

    @Override
    public final void getPermissions(String path, Result<XenstorePermissions> result) {
        begin(path, result);
        String what = "get permissions of " + path;
        send(XsMessageType.GET_PERMS, XsBody.strings(path), what, (body, error) -> {
            XenstorePermissions permissions = error == null ? XsBody.permissions(body) : null;
            completions.add(result, permissions, error == null && permissions == null ? badMessage(what, body) : error);
        });
    }

    @Override
    public final void setPermissions(String path, XenstorePermissions permissions, Result<Void> result) {
        begin(path, result);
        String what = "set permissions of " + path;
        byte[] body = XsBody.strings(XsBody.encode(path, permissions));
        XsBody.checkLength(body, connection.payloadMax(), what);
        send(XsMessageType.SET_PERMS, body, what, acknowledge(result));
    }

    private void begin(String path, Result<?> result) {
        checkCall();
        XsPath.check(path);
        Objects.requireNonNull(result, "result");
    }

    XsRequest.Reply acknowledge(Result<Void> result) {
        return (body, error) -> completions.add(result, null, error);
    }

    static boolean isMissing(XenException error) {
        return error instanceof XenstoreException refused && refused.is("ENOENT");
    }

    static XenstoreException badMessage(String what, byte[] body) {
        return new XenstoreException(
                "EBADMSG", what + " (answered \"" + XenConfigException.escape(XsBody.text(body)) + "\")");
    }

    /** Waits for a number of replies; the outcome is the first error. */
    private static final class Gather {
        interface Done {
            void accept(XenException error);
        }

        private final Done done;
        private int missing;
        private XenException first;

        Gather(int count, Done done) {
            this.missing = count;
            this.done = done;
            if (count == 0) {
                done.accept(null);
            }
        }

        void one(XenException error) {
            if (first == null) {
                first = error;
            }
            if (--missing == 0) {
                done.accept(first);
            }
        }
    }
}
