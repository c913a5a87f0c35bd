package org.xenpv.simulator.xenstored;

/** The tree as an operation sees it: the current one, or that of a transaction. */
interface NodeView {

    /**
     * @return null if there is no such node
     * @throws StoreException ENOSPC if a transaction would look at too many nodes
     */
    StoreNode read(String path) throws StoreException;

    /** Stores a new version of a node that has been read before; it gets its own generation. */
    void put(String path, StoreNode node);

    /** Removes a node that has been read before. */
    void remove(String path);
}
