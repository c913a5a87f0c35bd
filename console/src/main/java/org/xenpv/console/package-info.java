/**
 * The console frontend (xen/io/console.h): the primary console, and any number of further ones on xenbus.
 *
 * <p>{@link org.xenpv.console.PvConsole} is what a JVM program uses: streams, from any thread. Beneath it, and all that a
 * unikernel uses, is {@link org.xenpv.console.ConsoleDevice}, owned by the event loop's thread. Nothing ever blocks or
 * spins because nobody empties the ring: what does not fit waits in a bounded buffer, and {@link
 * org.xenpv.console.FullPolicy} says what happens when that is full.
 */
package org.xenpv.console;
