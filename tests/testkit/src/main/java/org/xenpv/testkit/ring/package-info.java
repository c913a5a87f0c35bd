/**
 * Everything to test a ring of xen/io/ring.h with: yours or ours, your slots or ours.
 *
 * <p>Subclass {@link org.xenpv.testkit.ring.RequestResponseRingContract} and {@link
 * org.xenpv.testkit.ring.HostileRingPeerContract}. Name your {@link org.xenpv.testkit.ring.RingLayout}s, and if the ring
 * code is your own hand out a {@link org.xenpv.testkit.ring.RingUnderTest}. What they are made of can be used alone:
 *
 * <ul>
 *   <li>{@link org.xenpv.testkit.ring.RingArbitraries}: jqwik generators of start indices, layouts and operation sequences.
 *   <li>{@link org.xenpv.testkit.ring.RingModel}: what a ring does, in unbounded numbers and without memory.
 *   <li>{@link org.xenpv.testkit.ring.RingModelRun}: drives two halves and the model and compares every answer.
 *   <li>{@link org.xenpv.testkit.ring.LostWakeupChecker}: two ends that sleep, on memory that reorders, at random.
 *   <li>{@link org.xenpv.testkit.ring.EveryPosition}: the same for one message, exhaustively.
 * </ul>
 *
 * <p>One thread, no clock. Failures name the seed.
 */
package org.xenpv.testkit.ring;
