package org.xenpv.simulator.xenstored;

/**
 * What one domain holds, over all its connections.
 *
 * @param nodes it owns
 * @param queuedBytes that wait to be sent to it
 */
public record DomainUsage(int nodes, int watches, int transactions, int queuedBytes) {}
