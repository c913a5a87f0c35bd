/**
 * A xenstored for simulated hosts: the daemon that every xenstore client of the suite, and the real tools, talk to.
 *
 * <p>Three layers, each usable without the next. {@link org.xenpv.simulator.xenstored.Store} is the tree with its
 * permissions, quotas, transactions and watches: plain objects, no I/O, no clock, no threads, the same calls give the
 * same results. {@link org.xenpv.simulator.xenstored.StoreConnection} speaks xs_wire.h over it: bytes in, bytes out.
 * {@link org.xenpv.simulator.xenstored.XenstoredDaemon} puts connections on guests' ring pages and an event loop, and
 * {@link org.xenpv.simulator.xenstored.XenstoredSocket} on a unix socket.
 *
 * <p>Threads: everything belongs to the thread of the daemon's event loop; the socket's threads only move bytes.
 * Entry: {@code XenstoredDaemon}.
 */
package org.xenpv.simulator.xenstored;
