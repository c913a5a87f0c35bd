package org.xenpv.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.xenpv.fault.XenException;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.XenstoreOps;
import org.xenpv.xenstore.XenstorePermissions;

/** Changes of the tree that are made together, in order, in one transaction. */
final class NodeBatch {

    private final List<Step> steps = new ArrayList<>();

    private interface Step {
        void run(XenstoreOps tx, Result<Void> result);
    }

    NodeBatch remove(String path) {
        steps.add((tx, result) -> tx.remove(path, result));
        return this;
    }

    NodeBatch mkdir(String path, XenstorePermissions permissions) {
        steps.add((tx, result) -> tx.mkdir(path, result));
        return permissions(path, permissions);
    }

    NodeBatch write(String path, String value) {
        steps.add((tx, result) -> tx.write(path, value, result));
        return this;
    }

    NodeBatch write(String path, String value, XenstorePermissions permissions) {
        return write(path, value).permissions(path, permissions);
    }

    NodeBatch writeAll(String directory, Map<String, String> values) {
        values.forEach((key, value) -> write(directory + "/" + key, value));
        return this;
    }

    private NodeBatch permissions(String path, XenstorePermissions permissions) {
        steps.add((tx, result) -> tx.setPermissions(path, permissions, result));
        return this;
    }

    /** The body of a transaction; the first step that fails is its result. */
    void run(XenstoreOps tx, Result<Void> end) {
        if (steps.isEmpty()) {
            end.accept(null, null);
            return;
        }
        Gathered gathered = new Gathered(steps.size(), end);
        for (Step step : steps) {
            step.run(tx, gathered::one);
        }
    }

    /** Waits for the answers of all steps, which are under way together. */
    private static final class Gathered {
        private final Result<Void> end;
        private int missing;
        private XenException first;

        Gathered(int missing, Result<Void> end) {
            this.missing = missing;
            this.end = end;
        }

        void one(Void nothing, XenException error) {
            if (first == null) {
                first = error;
            }
            missing--;
            if (missing == 0) {
                end.accept(null, first);
            }
        }
    }
}
