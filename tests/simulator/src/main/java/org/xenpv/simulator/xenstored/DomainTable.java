package org.xenpv.simulator.xenstored;

import java.util.List;
import java.util.TreeMap;

/** The domains that xenstored knows, and what becomes of their nodes when they go. */
final class DomainTable {

    private final Store store;
    private final NodeTable table;
    private final Watches watches;
    private final List<StoreClient> clients;
    /** Introduced domains, and whether each has been reported as shut down. */
    private final TreeMap<Integer, Boolean> introduced = new TreeMap<>();

    DomainTable(Store store, NodeTable table, Watches watches, List<StoreClient> clients) {
        this.store = store;
        this.table = table;
        this.watches = watches;
        this.clients = clients;
        introduced.put(Store.DOM0, false);
    }

    boolean isIntroduced(int domid) {
        return introduced.containsKey(domid);
    }

    /** Records a domain and tells those who watch {@code @introduceDomain}. */
    void introduce(int domid) {
        introduced.put(domid, false);
        fireSpecial(StorePath.INTRODUCE_DOMAIN);
    }

    /** The domain has been shut down but is still there; reported once until {@link #resume}. */
    void shutdown(int domid) {
        if (Boolean.FALSE.equals(introduced.get(domid))) {
            introduced.put(domid, true);
            fireSpecial(StorePath.RELEASE_DOMAIN);
        }
    }

    void resume(int domid) throws StoreException {
        checkGuest(domid);
        introduced.put(domid, false);
    }

    /** A guest that has been introduced, or EINVAL (dom0) and ENOENT. */
    void checkGuest(int domid) throws StoreException {
        if (domid == Store.DOM0) {
            throw StoreException.EINVAL;
        }
        if (!introduced.containsKey(domid)) {
            throw StoreException.ENOENT;
        }
    }

    void setTarget(int domid, int targetDomid) throws StoreException {
        if (!introduced.containsKey(domid) || !introduced.containsKey(targetDomid)) {
            throw StoreException.ENOENT;
        }
        for (StoreClient client : clients) {
            if (client.domid() == domid) {
                client.setTarget(targetDomid);
            }
        }
    }

    /** The domain is gone: its nodes go, and every permission it was given. */
    void release(int domid) {
        for (StoreClient client : clients) {
            client.clearTarget(domid);
        }
        forget(domid, StorePath.ROOT);
        forget(domid, StorePath.INTRODUCE_DOMAIN);
        forget(domid, StorePath.RELEASE_DOMAIN);
        if (introduced.remove(domid) != null) {
            fireSpecial(StorePath.RELEASE_DOMAIN);
        }
    }

    private void forget(int domid, String path) {
        StoreNode node = table.read(path);
        if (node.permissions().owner() == domid) {
            removeOwned(path);
            return;
        }
        NodePermissions kept = node.permissions().without(domid);
        if (kept != node.permissions()) {
            table.put(path, node.withPermissions(kept));
        }
        for (String child : node.children()) {
            forget(domid, StorePath.child(path, child));
        }
    }

    private void removeOwned(String path) {
        if (path.equals(StorePath.ROOT) || path.startsWith("@")) {
            table.put(path, table.read(path).withPermissions(NodePermissions.ownedBy(Store.DOM0)));
            return;
        }
        try {
            store.removeSubtree(null, path);
        } catch (StoreException e) {
            throw new IllegalStateException("outside a transaction nothing limits reads", e);
        }
    }

    private void fireSpecial(String path) {
        watches.fire(null, path, table.read(path), Match.SUBTREE, null);
    }
}
