/**
 * A whole Xen host in one program: {@link org.xenpv.simulator.SimulatedXen} has the hypervisor, xenstored in dom0, the
 * toolstack and as many domains as asked for, each a {@link org.xenpv.xenbus.BareGuest} over simulated hypercalls.
 *
 * <p>The same drivers and backends run in two modes. <em>Live</em>: a thread per domain, real time. <em>Deterministic</em>:
 * one thread, virtual time, and a seed that decides the order of everything, so that a run can be repeated exactly.
 */
package org.xenpv.simulator;
