package org.xenpv.simulator.xenstored;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.xenpv.xenstore.XenstorePermissions.Access;

/**
 * Who may do what with a node.
 *
 * @param owner may do everything
 * @param others what everybody not listed may do
 * @param entries further domains; the first entry of a domain counts
 */
record NodePermissions(int owner, Access others, List<Entry> entries) {

    static final int READ = 1;
    static final int WRITE = 2;
    static final int OWNER = 4;

    private static final int DOMID_MAX = 65535;

    /** @param stale the domain did not exist when the entry was made: kept for GET_PERMS, grants nothing */
    record Entry(int domid, Access access, boolean stale) {}

    NodePermissions {
        entries = List.copyOf(entries);
    }

    static NodePermissions ownedBy(int owner) {
        return new NodePermissions(owner, Access.NONE, List.of());
    }

    int count() {
        return 1 + entries.size();
    }

    /** @return bits of READ, WRITE and OWNER */
    int allowed(StoreClient client) {
        if (client.privileged() || client.actsAs(owner)) {
            return READ | WRITE | OWNER;
        }
        for (Entry entry : entries) {
            if (!entry.stale() && client.actsAs(entry.domid())) {
                return bits(entry.access());
            }
        }
        return bits(others);
    }

    private static int bits(Access access) {
        return (access.mayRead() ? READ : 0) | (access.mayWrite() ? WRITE : 0);
    }

    NodePermissions withOwner(int newOwner) {
        return newOwner == owner ? this : new NodePermissions(newOwner, others, entries);
    }

    /** The same permissions without the entries of a domain; this object if it has none. */
    NodePermissions without(int domid) {
        List<Entry> kept = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry.domid() != domid) {
                kept.add(entry);
            }
        }
        return kept.size() == entries.size() ? this : new NodePermissions(owner, others, kept);
    }

    /**
     * Reads the strings of SET_PERMS.
     *
     * @param exists whether a domain exists now
     */
    static NodePermissions parse(List<String> strings, IntPredicate exists) throws StoreException {
        int[] domids = new int[strings.size()];
        Access[] accesses = new Access[strings.size()];
        for (int i = 0; i < domids.length; i++) {
            String text = strings.get(i);
            accesses[i] = access(text);
            domids[i] = parseDomid(text.substring(1));
        }
        if (!exists.test(domids[0])) {
            throw StoreException.ENOENT;
        }
        List<Entry> entries = new ArrayList<>();
        for (int i = 1; i < domids.length; i++) {
            entries.add(new Entry(domids[i], accesses[i], !exists.test(domids[i])));
        }
        return new NodePermissions(domids[0], accesses[0], entries);
    }

    private static Access access(String text) throws StoreException {
        if (!text.isEmpty()) {
            for (Access access : Access.values()) {
                if (access.letter() == text.charAt(0)) {
                    return access;
                }
            }
        }
        throw StoreException.EINVAL;
    }

    /** A decimal domid, 0 to 65535. */
    static int parseDomid(String text) throws StoreException {
        if (text.isEmpty() || text.length() > 5) {
            throw StoreException.EINVAL;
        }
        int domid = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                throw StoreException.EINVAL;
            }
            domid = domid * 10 + (c - '0');
        }
        if (domid > DOMID_MAX) {
            throw StoreException.EINVAL;
        }
        return domid;
    }

    /** The strings of GET_PERMS, e.g. {@code n0 r1}. */
    List<String> format() {
        List<String> strings = new ArrayList<>();
        strings.add("" + others.letter() + owner);
        for (Entry entry : entries) {
            strings.add("" + entry.access().letter() + entry.domid());
        }
        return strings;
    }
}
