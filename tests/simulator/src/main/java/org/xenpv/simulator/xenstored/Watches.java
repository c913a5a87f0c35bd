package org.xenpv.simulator.xenstored;

import java.util.List;
import org.xenpv.simulator.xenstored.StoreClient.Watch;

/** Tells clients of changes: in the order in which they connected, for each in the order of its watches. */
final class Watches {

    private final NodeTable table;
    private final List<StoreClient> clients;

    /** @param clients all there are; changes as they come and go */
    Watches(NodeTable table, List<StoreClient> clients) {
        this.table = table;
        this.clients = clients;
    }

    boolean has(StoreClient client, String path, String token) {
        return find(client, path, token) != null;
    }

    Watch add(StoreClient client, String path, String token, int prefixLength) {
        Watch watch = new Watch(path, token, prefixLength);
        client.watches().add(watch);
        return watch;
    }

    /** @throws StoreException ENOENT if the client has no such watch */
    void remove(StoreClient client, String path, String token) throws StoreException {
        Watch watch = find(client, path, token);
        if (watch == null) {
            throw StoreException.ENOENT;
        }
        client.watches().remove(watch);
    }

    private static Watch find(StoreClient client, String path, String token) {
        for (Watch watch : client.watches()) {
            if (watch.path().equals(path) && watch.token().equals(token)) {
                return watch;
            }
        }
        return null;
    }

    /**
     * A node changed.
     *
     * @param transaction where it did: it tells when it commits; null if the change is current
     * @param node as it is now, or was last; null if it is gone and who could read it is only known from {@code before}
     * @param before permissions it had until now, if they may have changed, else null
     */
    void fire(Transaction transaction, String path, StoreNode node, Match match, NodePermissions before) {
        if (transaction != null) {
            transaction.changed(path, match);
            return;
        }
        for (StoreClient client : clients) {
            if (!mayKnow(client, path, node, before)) {
                continue;
            }
            for (Watch watch : client.watches()) {
                boolean concerned =
                        match == Match.EXACT ? path.equals(watch.path()) : StorePath.isWithin(path, watch.path());
                if (concerned) {
                    client.events().watchEvent(watch.reported(path), watch.token());
                }
            }
        }
    }

    /** Whoever may read the node, could read it before its permissions changed, or may read its parent. */
    private boolean mayKnow(StoreClient client, String path, StoreNode node, NodePermissions before) {
        if (before != null && (before.allowed(client) & NodePermissions.READ) != 0) {
            return true;
        }
        if (node == null) {
            return false;
        }
        if ((node.permissions().allowed(client) & NodePermissions.READ) != 0) {
            return true;
        }
        StoreNode parent = table.read(StorePath.parent(path));
        return parent != null && (parent.permissions().allowed(client) & NodePermissions.READ) != 0;
    }
}
