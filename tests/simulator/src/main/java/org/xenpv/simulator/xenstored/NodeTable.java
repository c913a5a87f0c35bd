package org.xenpv.simulator.xenstored;

import java.util.HashMap;
import java.util.Map;

/** The current tree, by path. Order comes from the lists of children; nothing iterates over the map. */
final class NodeTable implements NodeView {

    private final Map<String, StoreNode> nodes = new HashMap<>();
    private final Map<Integer, Integer> owned = new HashMap<>();
    private long generation;

    @Override
    public StoreNode read(String path) {
        return nodes.get(path);
    }

    long generationOf(String path) {
        StoreNode node = nodes.get(path);
        return node == null ? StoreNode.ABSENT : node.generation();
    }

    long nextGeneration() {
        return ++generation;
    }

    @Override
    public void put(String path, StoreNode node) {
        StoreNode old = nodes.put(path, node.withGeneration(nextGeneration()));
        if (old != null) {
            owned.merge(old.permissions().owner(), -1, Integer::sum);
        }
        owned.merge(node.permissions().owner(), 1, Integer::sum);
    }

    @Override
    public void remove(String path) {
        StoreNode old = nodes.remove(path);
        if (old != null) {
            generation++;
            owned.merge(old.permissions().owner(), -1, Integer::sum);
        }
    }

    /** How many nodes a domain owns. */
    int ownedBy(int domid) {
        return owned.getOrDefault(domid, 0);
    }

    int size() {
        return nodes.size();
    }
}
