package org.xenpv.simulator.xenstored;

/** Moves bytes between a connection and what is under it. Called on the loop. */
interface Endpoint {

    StoreConnection connection();

    /** The connection has bytes to send, or may be read from again: moves what can be moved now. */
    void pump();

    /** Stops, and gives back what is under it; the connection has been disconnected. Idempotent. */
    void close();
}
