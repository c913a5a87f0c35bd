/**
 * The rings of xen/io/ring.h: request/response rings, byte rings and flexible rings, front and back halves side by
 * side. Nothing here notifies, waits, maps or allocates: memory is passed in, "send an event" is a returned boolean.
 */
package org.xenpv.ring;
