package org.xenpv.xenstore;

import java.util.ArrayList;
import java.util.List;

/**
 * Who may read and write a node (XS_GET_PERMS, XS_SET_PERMS).
 *
 * @param owner domid of the owner, who may do everything
 * @param others what a domain not listed may do
 * @param acl further domains, in order
 */
public record XenstorePermissions(int owner, Access others, List<Entry> acl) {

    /** NONE, READ, WRITE, BOTH: the letters n, r, w, b on the wire. */
    public enum Access {
        NONE('n'),
        READ('r'),
        WRITE('w'),
        BOTH('b');

        private final char letter;

        Access(char letter) {
            this.letter = letter;
        }

        public char letter() {
            return letter;
        }

        public boolean mayRead() {
            return this == READ || this == BOTH;
        }

        public boolean mayWrite() {
            return this == WRITE || this == BOTH;
        }
    }

    public record Entry(int domid, Access access) {}

    public XenstorePermissions {
        acl = List.copyOf(acl);
    }

    /** Owned by one domain, readable by another, by nobody else: what a driver's own directory has. */
    public static XenstorePermissions readableBy(int owner, int reader) {
        List<Entry> acl = new ArrayList<>();
        acl.add(new Entry(reader, Access.READ));
        return new XenstorePermissions(owner, Access.NONE, acl);
    }
}
