/**
 * Network devices over a network device: {@link org.xenpv.netfront.wrapper.TracingDevice} counts and remembers,
 * {@link org.xenpv.netfront.wrapper.CapturingDevice} writes a pcapng file, {@link org.xenpv.netfront.wrapper.FaultyDevice} loses,
 * repeats, swaps, damages and delays. They stack in any order, over anything that is a
 * {@link org.xenpv.netfront.NetworkDevice}.
 *
 * <p>Owned by the thread of the event loop, like what is below them. Inside the unikernel's Java, but for
 * {@link org.xenpv.netfront.wrapper.StreamSink}.
 */
package org.xenpv.netfront.wrapper;
