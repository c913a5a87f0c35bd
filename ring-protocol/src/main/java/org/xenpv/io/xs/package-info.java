/**
 * The wire format of xenstore (xen/io/xs_wire.h): message header, types, errors, limits, and the page a guest shares with
 * xenstored. The rings in that page are {@link org.xenpv.ring.ByteRingProducer} and {@link
 * org.xenpv.ring.ByteRingConsumer}. No message bodies, no connection, no waiting: the xenstore module has those.
 */
package org.xenpv.io.xs;
