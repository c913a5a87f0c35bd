/**
 * Test doubles of {@link org.xenpv.memory.SharedMemory}: each turns one class of bug that needs luck to show on a real
 * machine into one that shows every time.
 *
 * <ul>
 *   <li>{@link org.xenpv.testkit.memory.FlipOnSecondRead}: a word fetched twice has changed in between.
 *   <li>{@link org.xenpv.testkit.memory.InterleavingMemory}: the other end acts between any two accesses.
 *   <li>{@link org.xenpv.testkit.memory.StoreBufferMemory}: stores reach the other end late and in another order.
 *   <li>{@link org.xenpv.testkit.memory.StaleLoadMemory}: loads return what memory held at the last acquire.
 *   <li>{@link org.xenpv.testkit.memory.PoisonMemory}: touching a word one has no business with is an error.
 * </ul>
 *
 * <p>They wrap any memory and each other. None is thread-safe: one thread plays both ends. They model the ordering rules
 * of xen/io/ring.h, not a processor; what a compiler or processor really does is for a stress test to find.
 *
 * <p>{@link org.xenpv.testkit.memory.SharedMemoryContract} is what every implementation of the interface must pass.
 */
package org.xenpv.testkit.memory;
