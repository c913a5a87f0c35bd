package org.xenpv.simulator.xenstored;

import java.util.ArrayList;
import java.util.List;

/**
 * What a domain may use. Privileged connections are exempt, but for the length of paths.
 *
 * @param nodes it owns
 * @param watches registered at one time; as in 4.17 one more is let through
 * @param transactions open at one time; as in 4.17 one more is let through
 * @param outstanding requests answered and not yet taken from the ring; more are not read
 * @param transactionNodes nodes one transaction looks at or changes
 * @param nodePermissions entries of one node, the owner's included
 * @param pathBytes length of a path, not counting a leading /local/domain/N/; nobody is exempt
 * @param nodeBytes size of one node: record header, permissions, value, names of children
 * @param queuedBytes replies and watch events waiting for one connection; watch events beyond it are dropped
 */
public record Quotas(
        int nodes,
        int watches,
        int transactions,
        int outstanding,
        int transactionNodes,
        int nodePermissions,
        int pathBytes,
        int nodeBytes,
        int queuedBytes) {

    private static final List<String> NAMES = List.of(
            "nodes",
            "watches",
            "transactions",
            "outstanding",
            "transaction-nodes",
            "node-permissions",
            "path-max",
            "node-size",
            "memory");

    public Quotas {
        List<Integer> all = List.of(
                nodes,
                watches,
                transactions,
                outstanding,
                transactionNodes,
                nodePermissions,
                pathBytes,
                nodeBytes,
                queuedBytes);
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i) < 1) {
                throw new IllegalArgumentException(NAMES.get(i) + "=" + all.get(i) + ", must be at least 1");
            }
        }
    }

    /** The defaults of C xenstored 4.17. */
    public static Quotas defaults() {
        return new Quotas(1000, 128, 10, 20, 1024, 5, 2048, 2048, 2 * 1024 * 1024 + 512 * 1024);
    }

    /** The names that {@link #with} and CONTROL quota know, as C xenstored spells them. */
    static List<String> names() {
        return NAMES;
    }

    List<Integer> values() {
        return new ArrayList<>(List.of(
                nodes,
                watches,
                transactions,
                outstanding,
                transactionNodes,
                nodePermissions,
                pathBytes,
                nodeBytes,
                queuedBytes));
    }

    /**
     * The same quotas with one changed.
     *
     * @param name nodes, watches, transactions, outstanding, transaction-nodes, node-permissions, path-max, node-size
     *     or memory
     */
    public Quotas with(String name, int value) {
        int index = NAMES.indexOf(name);
        if (index < 0) {
            throw new IllegalArgumentException("name=" + name + ", must be one of " + NAMES);
        }
        List<Integer> v = values();
        v.set(index, value);
        return new Quotas(v.get(0), v.get(1), v.get(2), v.get(3), v.get(4), v.get(5), v.get(6), v.get(7), v.get(8));
    }
}
