package org.xenpv.xenstore;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.io.xs.XsMessageType;

/**
 * Reads the names of a node's children: one XS_DIRECTORY, and if the list is too long for a message (E2BIG), as many
 * XS_DIRECTORY_PART as it takes. Each part tells the node's generation; if it changes, the list is read from the start,
 * five times at most. The last part ends with an empty name.
 */
final class DirectoryRead {

    private static final int RESTARTS_MAX = 5;

    private final Operations operations;
    private final String path;
    private final String what;
    private final Result<List<String>> result;
    private final List<String> names = new ArrayList<>();

    private String generation;
    private int offset;
    private int restarts;

    DirectoryRead(Operations operations, String path, Result<List<String>> result) {
        this.operations = operations;
        this.path = path;
        this.what = "directory " + path;
        this.result = result;
    }

    void start() {
        operations.send(XsMessageType.DIRECTORY, XsBody.strings(path), what, (body, error) -> {
            if (error instanceof XenstoreException refused && refused.is("E2BIG")) {
                nextPart();
            } else if (error != null) {
                finish(error);
            } else {
                whole(body);
            }
        });
    }

    private void whole(byte[] body) {
        List<String> list = XsBody.list(body, body.length);
        if (list == null) {
            finish(Operations.badMessage(what, body));
        } else {
            finish(add(list));
        }
    }

    private void nextPart() {
        byte[] body = XsBody.strings(path, Integer.toString(offset));
        operations.send(XsMessageType.DIRECTORY_PART, body, what, (part, error) -> {
            if (error instanceof XenstoreException refused && refused.is("ENOSYS")) {
                finish(new XenstoreException("E2BIG", what + " (server has no XS_DIRECTORY_PART)"));
            } else if (error != null) {
                finish(error);
            } else {
                part(part);
            }
        });
    }

    private void part(byte[] body) {
        List<String> list = XsBody.list(body, body.length);
        if (list == null || list.size() < 2) {
            finish(Operations.badMessage(what, body));
            return;
        }
        String now = list.get(0);
        if (generation != null && !generation.equals(now)) {
            restart();
            return;
        }
        generation = now;
        boolean last = list.get(list.size() - 1).isEmpty();
        XenException error = add(list.subList(1, last ? list.size() - 1 : list.size()));
        if (error != null || last) {
            finish(error);
        } else {
            offset += body.length - (now.length() + 1);
            nextPart();
        }
    }

    private void restart() {
        if (++restarts > RESTARTS_MAX) {
            finish(new XenstoreException("EAGAIN", what + " (changed while being read, tries=" + restarts + ")"));
            return;
        }
        generation = null;
        offset = 0;
        names.clear();
        nextPart();
    }

    private XenException add(List<String> more) {
        if (names.size() + more.size() > operations.childrenMax()) {
            return new XenstoreException(
                    "E2BIG",
                    what + " (children=" + (names.size() + more.size()) + ", must be at most "
                            + operations.childrenMax() + ")");
        }
        for (String name : more) {
            if (!XsPath.isName(name)) {
                return new XenstoreException(
                        "EBADMSG", what + " (child \"" + XenConfigException.escape(name) + "\" is no name)");
            }
        }
        names.addAll(more);
        return null;
    }

    private void finish(XenException error) {
        operations.completions.add(result, error == null ? List.copyOf(names) : null, error);
    }
}
