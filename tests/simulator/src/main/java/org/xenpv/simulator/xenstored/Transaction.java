package org.xenpv.simulator.xenstored;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * A transaction: private versions of the nodes it has looked at, over the current tree.
 *
 * <p>A node is copied when it is first looked at, present or absent, and stays as it was then. The transaction commits
 * if every one of them is still the version that was copied; whether it was only read or also written makes no
 * difference, since a node is always read before it is written. That is how C xenstored does it, with the consequence
 * that two transactions that each add a child to the same node conflict.
 */
final class Transaction implements NodeView {

    private static final int NOBODY = -1;

    private static final class Accessed {
        final StoreNode original;
        StoreNode current;
        boolean modified;
        Match fire;

        Accessed(StoreNode original) {
            this.original = original;
            this.current = original;
        }

        long originalGeneration() {
            return original == null ? StoreNode.ABSENT : original.generation();
        }
    }

    private final int id;
    private final NodeTable table;
    private final int nodesMax;
    private final Map<String, Accessed> accessed = new LinkedHashMap<>();
    private final Map<Integer, Integer> ownedDelta = new TreeMap<>();
    private boolean created;
    private boolean failed;

    /** @param nodesMax how many nodes it may look at */
    Transaction(int id, NodeTable table, int nodesMax) {
        this.id = id;
        this.table = table;
        this.nodesMax = nodesMax;
    }

    int id() {
        return id;
    }

    /** Something could not be undone: the transaction can only be aborted. */
    void fail() {
        failed = true;
    }

    boolean failed() {
        return failed;
    }

    void nodeCreated() {
        created = true;
    }

    @Override
    public StoreNode read(String path) throws StoreException {
        Accessed node = accessed.get(path);
        if (node == null) {
            if (accessed.size() >= nodesMax) {
                failed = true;
                throw StoreException.ENOSPC;
            }
            node = new Accessed(table.read(path));
            accessed.put(path, node);
        }
        return node.current;
    }

    @Override
    public void put(String path, StoreNode node) {
        replace(path, node.withGeneration(table.nextGeneration()));
    }

    @Override
    public void remove(String path) {
        table.nextGeneration();
        replace(path, null);
    }

    private void replace(String path, StoreNode node) {
        Accessed entry = accessed.get(path);
        if (entry == null) {
            throw new IllegalStateException("path=" + path + ", must have been read");
        }
        int before = owner(entry.current);
        int after = owner(node);
        if (before != after) {
            count(before, -1);
            count(after, 1);
        }
        entry.current = node;
        entry.modified = true;
    }

    private static int owner(StoreNode node) {
        return node == null ? NOBODY : node.permissions().owner();
    }

    private void count(int domid, int nodes) {
        if (domid != NOBODY) {
            ownedDelta.merge(domid, nodes, Integer::sum);
        }
    }

    /** The number of this domain's nodes is looked at by {@link #exceeds} even if it does not change. */
    void checkOwner(int domid) {
        count(domid, 0);
    }

    /** Keeps a watch event for the commit. A change of the subtree replaces an exact one, not the other way round. */
    void changed(String path, Match match) {
        Accessed node = accessed.get(path);
        if (node.fire != Match.SUBTREE) {
            node.fire = match;
        }
    }

    /** Whether a domain would own as many nodes as it may once this is committed: from there 4.17 refuses. */
    boolean exceeds(int nodesPerDomain, int privilegedDomid) {
        if (!created) {
            return false;
        }
        for (Map.Entry<Integer, Integer> entry : ownedDelta.entrySet()) {
            int domid = entry.getKey();
            if (domid != privilegedDomid && table.ownedBy(domid) + entry.getValue() >= nodesPerDomain) {
                return true;
            }
        }
        return false;
    }

    /** Whether something it looked at is no longer what it was. */
    boolean conflicts() {
        for (Map.Entry<String, Accessed> entry : accessed.entrySet()) {
            if (entry.getValue().originalGeneration() != table.generationOf(entry.getKey())) {
                return true;
            }
        }
        return false;
    }

    /** Receives the watch events of a commit, in the order in which the nodes were first looked at. */
    interface Changes {
        /** @param before null if the node was not there when it was first looked at */
        void changed(String path, Match match, NodePermissions before);
    }

    /** Makes the changes current, then reports them. */
    void apply(Changes changes) {
        for (Map.Entry<String, Accessed> entry : accessed.entrySet()) {
            Accessed node = entry.getValue();
            if (!node.modified) {
                continue;
            }
            if (node.current == null) {
                table.remove(entry.getKey());
            } else {
                table.put(entry.getKey(), node.current);
            }
        }
        for (Map.Entry<String, Accessed> entry : accessed.entrySet()) {
            Accessed node = entry.getValue();
            if (node.fire != null) {
                changes.changed(entry.getKey(), node.fire, node.original == null ? null : node.original.permissions());
            }
        }
    }
}
