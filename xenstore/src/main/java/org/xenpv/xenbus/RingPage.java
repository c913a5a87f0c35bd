package org.xenpv.xenbus;

import org.xenpv.memory.SharedMemory;

/** A ring page that the toolstack set up for a domain, and the port that goes with it. */
public record RingPage(SharedMemory memory, int port) {}
