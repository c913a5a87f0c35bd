/**
 * The wire format of the console (xen/io/console.h): one page with two byte rings, and the keys in xenstore. The rings
 * themselves are {@link org.xenpv.ring.ByteRingProducer} and {@link org.xenpv.ring.ByteRingConsumer}.
 */
package org.xenpv.io.console;
