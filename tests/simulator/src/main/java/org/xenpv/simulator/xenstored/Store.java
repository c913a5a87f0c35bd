package org.xenpv.simulator.xenstored;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import org.xenpv.simulator.xenstored.StoreClient.Watch;

/**
 * The store: every operation of xenstored as a method call.
 *
 * <p>No I/O, no clock, no threads, no dependence on hash order: the same calls give the same results and the same watch
 * events in the same order. What it answers, down to which errno comes first, is what C xenstored answers.
 */
final class Store {

    static final int DOM0 = 0;

    private final NodeTable table = new NodeTable();
    private final List<StoreClient> clients = new ArrayList<>();
    private final Watches watches = new Watches(table, clients);
    private final DomainTable domains;
    private final IntPredicate domainExists;
    private Quotas quotas;

    /** @param domainExists whether the hypervisor knows a domain; permissions can only be given to those it does */
    Store(Quotas quotas, IntPredicate domainExists) {
        this.quotas = quotas;
        this.domainExists = domainExists;
        NodePermissions dom0 = NodePermissions.ownedBy(DOM0);
        table.put(StorePath.ROOT, StoreNode.empty(dom0).withChild("tool"));
        table.put("/tool", StoreNode.empty(dom0).withChild("xenstored"));
        table.put("/tool/xenstored", StoreNode.empty(dom0));
        table.put(StorePath.INTRODUCE_DOMAIN, StoreNode.empty(dom0));
        table.put(StorePath.RELEASE_DOMAIN, StoreNode.empty(dom0));
        domains = new DomainTable(this, table, watches, clients);
    }

    Quotas quotas() {
        return quotas;
    }

    void setQuotas(Quotas newQuotas) {
        quotas = newQuotas;
    }

    DomainTable domains() {
        return domains;
    }

    /** A new connection; dom0 is privileged. */
    StoreClient connect(int domid, StoreClient.Events events) {
        StoreClient client = new StoreClient(domid, domid == DOM0, events);
        clients.add(client);
        return client;
    }

    /** Forgets a connection, its watches and its transactions. */
    void disconnect(StoreClient client) {
        resetWatches(client);
        clients.remove(client);
    }

    // Paths and permissions

    private String canonicalize(StoreClient client, String path, boolean special) throws StoreException {
        return StorePath.canonicalize(path, client.home(), special, quotas.pathBytes());
    }

    private NodeView view(Transaction transaction) {
        return transaction == null ? table : transaction;
    }

    /** The node, if it is there and may be used so; a client learns of its absence only if the parent is open to it. */
    private StoreNode node(StoreClient client, NodeView view, String path, int wanted) throws StoreException {
        StoreNode node = view.read(path);
        if (node != null && (node.permissions().allowed(client) & wanted) == wanted) {
            return node;
        }
        String ancestor = path;
        StoreNode above;
        do {
            ancestor = StorePath.parent(ancestor);
            above = view.read(ancestor);
        } while (above == null);
        if ((above.permissions().allowed(client) & wanted) == 0) {
            throw StoreException.EACCES;
        }
        throw node == null ? StoreException.ENOENT : StoreException.EACCES;
    }

    // Nodes

    byte[] read(StoreClient client, Transaction transaction, String path) throws StoreException {
        return get(client, transaction, path, false).value();
    }

    /** The node as it is for a reader: children and generation for DIRECTORY and DIRECTORY_PART. */
    StoreNode get(StoreClient client, Transaction transaction, String path, boolean special) throws StoreException {
        String name = canonicalize(client, path, special);
        return node(client, view(transaction), name, NodePermissions.READ);
    }

    void write(StoreClient client, Transaction transaction, String path, byte[] value) throws StoreException {
        String name = canonicalize(client, path, false);
        StoreNode node;
        try {
            StoreNode old = node(client, view(transaction), name, NodePermissions.WRITE);
            node = old.withValue(value);
            checkSize(client, transaction, node);
            view(transaction).put(name, node);
        } catch (StoreException e) {
            if (e != StoreException.ENOENT) {
                throw e;
            }
            node = create(client, transaction, name, value);
        }
        watches.fire(transaction, name, node, Match.SUBTREE, null);
    }

    void mkdir(StoreClient client, Transaction transaction, String path) throws StoreException {
        String name = canonicalize(client, path, false);
        try {
            node(client, view(transaction), name, NodePermissions.WRITE);
        } catch (StoreException e) {
            if (e != StoreException.ENOENT) {
                throw e;
            }
            StoreNode node = create(client, transaction, name, new byte[0]);
            watches.fire(transaction, name, node, Match.SUBTREE, null);
        }
    }

    /** Creates a node and the missing ones above it. They inherit permissions; an unprivileged creator owns them. */
    private StoreNode create(StoreClient client, Transaction transaction, String path, byte[] value)
            throws StoreException {
        NodeView view = view(transaction);
        List<String> missing = new ArrayList<>();
        String parent = path;
        StoreNode existing;
        do {
            missing.add(parent);
            parent = StorePath.parent(parent);
            existing = view.read(parent);
        } while (existing == null);

        if (transaction != null) {
            transaction.nodeCreated();
        }
        if (!client.privileged()) {
            // Nodes that a transaction adds are counted when it commits.
            int adding = transaction == null ? missing.size() : 1;
            if (adding > quotas.nodes() - table.ownedBy(client.domid())) {
                throw StoreException.ENOSPC;
            }
        }
        NodePermissions permissions = client.privileged()
                ? existing.permissions()
                : existing.permissions().withOwner(client.domid());
        StoreNode grown = existing.withChild(StorePath.name(missing.get(missing.size() - 1)));
        List<StoreNode> nodes = new ArrayList<>();
        nodes.add(StoreNode.empty(permissions).withValue(value));
        for (int i = 1; i < missing.size(); i++) {
            nodes.add(StoreNode.empty(permissions).withChild(StorePath.name(missing.get(i - 1))));
        }
        for (StoreNode node : nodes) {
            checkSize(client, transaction, node);
        }
        checkSize(client, transaction, grown);
        view.put(parent, grown);
        for (int i = missing.size() - 1; i >= 0; i--) {
            view.put(missing.get(i), nodes.get(i));
        }
        return nodes.get(0);
    }

    private void checkSize(StoreClient client, Transaction transaction, StoreNode node) throws StoreException {
        if (!client.privileged() && node.sizeBytes() >= quotas.nodeBytes()) {
            if (transaction != null) {
                transaction.fail();
            }
            throw StoreException.ENOSPC;
        }
    }

    void remove(StoreClient client, Transaction transaction, String path) throws StoreException {
        String name = canonicalize(client, path, false);
        NodeView view = view(transaction);
        try {
            node(client, view, name, NodePermissions.WRITE);
        } catch (StoreException e) {
            if (e == StoreException.ENOENT && view.read(StorePath.parent(name)) != null) {
                return;
            }
            throw e;
        }
        if (name.equals(StorePath.ROOT)) {
            throw StoreException.EINVAL;
        }
        removeSubtree(transaction, name);
    }

    /**
     * A transaction may have looked at a node and at its parent at different times, so that they contradict each other.
     * It cannot be committed then; what it sees of the removal is what could be done, and the answer is an error.
     */
    void removeSubtree(Transaction transaction, String path) throws StoreException {
        NodeView view = view(transaction);
        String parentPath = StorePath.parent(path);
        String name = StorePath.name(path);
        StoreNode parent = view.read(parentPath);
        if (parent == null) {
            throw StoreException.EINVAL;
        }
        removeBelow(transaction, path, path);
        if (!parent.children().contains(name)) {
            throw StoreException.EIO;
        }
        view.put(parentPath, parent.withoutChild(name));
    }

    /** Children first: a watch on one of them is told while its permissions are still known. */
    private void removeBelow(Transaction transaction, String path, String top) throws StoreException {
        NodeView view = view(transaction);
        StoreNode node = view.read(path);
        for (String child : node.children()) {
            String below = StorePath.child(path, child);
            requireThere(view, below);
            removeBelow(transaction, below, top);
            view.put(path, view.read(path).withoutChild(child));
        }
        view.remove(path);
        watches.fire(transaction, path, node, path.equals(top) ? Match.SUBTREE : Match.EXACT, null);
    }

    private static void requireThere(NodeView view, String path) throws StoreException {
        StoreNode node;
        try {
            node = view.read(path);
        } catch (StoreException e) {
            throw StoreException.EIO;
        }
        if (node == null) {
            throw StoreException.EIO;
        }
    }

    List<String> getPermissions(StoreClient client, Transaction transaction, String path) throws StoreException {
        return get(client, transaction, path, true).permissions().format();
    }

    /** @param strings owner first, e.g. {@code n1 r2} */
    void setPermissions(StoreClient client, Transaction transaction, String path, List<String> strings)
            throws StoreException {
        if (strings.isEmpty()) {
            throw StoreException.EINVAL;
        }
        if (!client.privileged() && strings.size() > quotas.nodePermissions()) {
            throw StoreException.ENOSPC;
        }
        NodePermissions permissions = NodePermissions.parse(strings, this::exists);
        String name = canonicalize(client, path, true);
        StoreNode old = node(client, view(transaction), name, NodePermissions.WRITE | NodePermissions.OWNER);
        if (!client.privileged() && permissions.owner() != old.permissions().owner()) {
            throw StoreException.EPERM;
        }
        StoreNode node = old.withPermissions(permissions);
        checkSize(client, transaction, node);
        if (transaction != null) {
            transaction.checkOwner(old.permissions().owner());
        }
        view(transaction).put(name, node);
        watches.fire(transaction, name, node, Match.SUBTREE, old.permissions());
    }

    private boolean exists(int domid) {
        return domains.isIntroduced(domid) || domainExists.test(domid);
    }

    // Watches

    /**
     * Registers a watch. Its first event is not sent from here: it comes after the reply.
     *
     * @return what to pass to {@link #fireFirst}
     */
    Watch watch(StoreClient client, String path, String token) throws StoreException {
        String name = canonicalize(client, path, true);
        if (watches.has(client, name, token)) {
            throw StoreException.EEXIST;
        }
        if (!client.privileged() && client.watches().size() > quotas.watches()) {
            throw StoreException.E2BIG;
        }
        return watches.add(
                client, name, token, StorePath.isRelative(path) ? client.home().length() + 1 : 0);
    }

    void fireFirst(StoreClient client, Watch watch) {
        client.events().watchEvent(watch.reported(watch.path()), watch.token());
    }

    void unwatch(StoreClient client, String path, String token) throws StoreException {
        watches.remove(client, canonicalize(client, path, true), token);
    }

    /** Drops all watches and transactions of a client. */
    void resetWatches(StoreClient client) {
        client.watches().clear();
        client.transactions().clear();
    }

    // Transactions

    /** @param current the transaction of the request's header, which must not be there */
    Transaction startTransaction(StoreClient client, Transaction current) throws StoreException {
        if (current != null) {
            throw StoreException.EBUSY;
        }
        if (!client.privileged() && client.transactions().size() > quotas.transactions()) {
            throw StoreException.ENOSPC;
        }
        int nodesMax = client.privileged() ? Integer.MAX_VALUE : quotas.transactionNodes();
        Transaction transaction = new Transaction(client.newTransactionId(), table, nodesMax);
        client.transactions().put(transaction.id(), transaction);
        return transaction;
    }

    /**
     * @param id 0 for none
     * @throws StoreException ENOENT if the client has no such transaction
     */
    Transaction transaction(StoreClient client, int id) throws StoreException {
        if (id == 0) {
            return null;
        }
        Transaction transaction = client.transactions().get(id);
        if (transaction == null) {
            throw StoreException.ENOENT;
        }
        return transaction;
    }

    void abort(StoreClient client, Transaction transaction) {
        client.transactions().remove(transaction.id());
    }

    /** Ends a transaction, whether it succeeds or throws EAGAIN (conflict), ENOSPC (quota) or ENOMEM (it failed). */
    void commit(StoreClient client, Transaction transaction) throws StoreException {
        client.transactions().remove(transaction.id());
        if (transaction.failed()) {
            throw StoreException.ENOMEM;
        }
        if (!client.privileged() && transaction.exceeds(quotas.nodes(), DOM0)) {
            throw StoreException.ENOSPC;
        }
        if (transaction.conflicts()) {
            throw StoreException.EAGAIN;
        }
        transaction.apply((path, match, before) -> watches.fire(null, path, table.read(path), match, before));
    }

    // Looking in from outside

    int ownedBy(int domid) {
        return table.ownedBy(domid);
    }

    /** The current version of a node, or null. */
    StoreNode peek(String path) {
        return table.read(path);
    }

    /**
     * Walks the whole tree.
     *
     * @return null if every node is reachable once and every child exists, else what is wrong
     */
    String check() {
        TreeSet<String> reachable = new TreeSet<>();
        String fault = checkBelow(StorePath.ROOT, reachable);
        int special = 2;
        if (fault == null && reachable.size() + special != table.size()) {
            fault = "nodes=" + table.size() + ", reachable=" + reachable.size();
        }
        return fault;
    }

    private String checkBelow(String path, TreeSet<String> reachable) {
        StoreNode node = table.read(path);
        if (node == null) {
            return path + " is listed and not there";
        }
        if (!reachable.add(path)) {
            return path + " is listed twice";
        }
        for (String child : node.children()) {
            String fault = checkBelow(StorePath.child(path, child), reachable);
            if (fault != null) {
                return fault;
            }
        }
        return null;
    }
}
