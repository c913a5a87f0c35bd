package org.xenpv.backends.net;

/**
 * What a {@link ReplayPort} did: a snapshot.
 *
 * @param frames frames that came out of the port, {@code bytes} in them
 * @param passedOver packets of another direction than wanted, and those that the captured device had dropped
 * @param cut packets of which the capture does not have all bytes
 * @param unfit packets shorter than an Ethernet header, or longer than netif takes
 * @param discarded frames sent into the port
 */
public record ReplayStats(long frames, long bytes, long passedOver, long cut, long unfit, long discarded) {}
