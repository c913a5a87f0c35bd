/**
 * The hypervisor of the simulated host: domains with their own memory, shared_info, grant tables and event channels,
 * reached through the same hypercall ports and argument structs as the real one.
 *
 * <p>It knows nothing of drivers, xenstore or time. How virtual CPUs come to run is behind {@link
 * org.xenpv.simulator.hypervisor.Processors}: threads in live mode, one seeded scheduler in deterministic mode. Any
 * thread may make hypercalls; bookkeeping of ports and grants is done under one lock, sending to a connected port is
 * not.
 */
package org.xenpv.simulator.hypervisor;
