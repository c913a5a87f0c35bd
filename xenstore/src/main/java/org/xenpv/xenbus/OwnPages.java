package org.xenpv.xenbus;

import org.xenpv.memory.SharedMemory;

/**
 * Pages of this domain that are granted to nobody.
 *
 * @param memory theirs; not to be touched after they were freed
 * @param free gives them back; to be called once
 */
public record OwnPages(SharedMemory memory, Runnable free) {}
