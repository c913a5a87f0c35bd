/**
 * The frontend of network interfaces (xen/io/netif.h): {@link org.xenpv.netfront.NetworkDevice} is what programs and the
 * layers above see, {@link org.xenpv.netfront.NetPacket} what goes through it.
 *
 * <p>Everything here is owned by the thread of the guest's event loop and neither blocks nor reads a clock. Transmit and
 * receive are named from the frontend's side.
 */
package org.xenpv.netfront;
