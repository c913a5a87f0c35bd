/**
 * The rings of xen/io/ring.h, console.h and xs_wire.h, front and back halves side by side: {@link
 * org.xenpv.ring.FrontRing} and {@link org.xenpv.ring.BackRing} on a {@link org.xenpv.ring.SharedRing} for requests and
 * responses, {@link org.xenpv.ring.ByteRingProducer} and {@link org.xenpv.ring.ByteRingConsumer} for bytes, {@link
 * org.xenpv.ring.FlexRing} for a pair of byte rings of a chosen size.
 *
 * <p>Nothing here notifies, waits, maps or allocates: memory is passed in, "send an event" is a returned boolean.
 *
 * <p>A half is owned by one thread; the two halves may be on two, or in two domains. Ordering is named in the call: a
 * producer index is published with <em>release</em> and looked at with <em>acquire</em>, and a <em>full fence</em>
 * stands between publishing and looking at the peer's event word, and between asking for an event and looking again.
 *
 * <p>What the peer can write is read once and judged. Its first fault is kept ({@code fault()}) and the half is BROKEN
 * from then on. Our own indices are private; the page only receives them.
 */
package org.xenpv.ring;
