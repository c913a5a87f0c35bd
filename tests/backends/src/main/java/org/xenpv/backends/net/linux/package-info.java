/**
 * Ports of the host's own network, for Linux on x86-64 and AArch64: {@link org.xenpv.backends.net.linux.TapPort}.
 *
 * <p>Owned by the loop's thread; one thread more waits for the device and does nothing else. Needs /dev/net/tun and CAP_NET_ADMIN.
 */
package org.xenpv.backends.net.linux;
