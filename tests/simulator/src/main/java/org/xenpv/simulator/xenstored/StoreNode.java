package org.xenpv.simulator.xenstored;

import java.util.ArrayList;
import java.util.List;

/**
 * One version of a node; never changed, always replaced.
 *
 * @param value not to be written to by whoever holds it
 * @param children names, oldest first
 * @param generation differs between any two versions that were ever current
 */
record StoreNode(byte[] value, NodePermissions permissions, List<String> children, long generation) {

    /** The generation of a node that is not there. */
    static final long ABSENT = -1;

    private static final byte[] EMPTY = new byte[0];

    /* What C xenstored stores beside names and values: record header and one struct xs_permissions. */
    private static final int HEADER_BYTES = 24;
    private static final int PERMISSION_BYTES = 8;

    static StoreNode empty(NodePermissions permissions) {
        return new StoreNode(EMPTY, permissions, List.of(), 0);
    }

    StoreNode withValue(byte[] newValue) {
        return new StoreNode(newValue, permissions, children, generation);
    }

    StoreNode withPermissions(NodePermissions newPermissions) {
        return new StoreNode(value, newPermissions, children, generation);
    }

    StoreNode withGeneration(long newGeneration) {
        return new StoreNode(value, permissions, children, newGeneration);
    }

    StoreNode withChild(String name) {
        List<String> more = new ArrayList<>(children.size() + 1);
        more.addAll(children);
        more.add(name);
        return new StoreNode(value, permissions, more, generation);
    }

    StoreNode withoutChild(String name) {
        List<String> fewer = new ArrayList<>(children);
        fewer.remove(name);
        return new StoreNode(value, permissions, fewer, generation);
    }

    /** Length of the names of the children, each with its nul. */
    int childrenBytes() {
        int bytes = 0;
        for (String child : children) {
            bytes += child.length() + 1;
        }
        return bytes;
    }

    /** What counts against the node size quota. */
    int sizeBytes() {
        return HEADER_BYTES + permissions.count() * PERMISSION_BYTES + value.length + childrenBytes();
    }
}
