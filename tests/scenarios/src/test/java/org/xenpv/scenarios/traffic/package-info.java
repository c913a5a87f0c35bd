/**
 * A whole guest in real traffic: netfront in a simulated guest, netback in a simulated driver domain, a TAP device, and the host's own
 * network stack with real programs in a namespace of the test's.
 */
package org.xenpv.scenarios.traffic;
