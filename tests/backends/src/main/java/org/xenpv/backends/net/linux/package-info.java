/**
 * Ports of the host's own network, for Linux on x86-64 and AArch64: {@link org.xenpv.backends.net.linux.TapPort}.
 *
 * <p>Owned by the loop's thread; one thread more waits for the device and does nothing else. Needs /dev/net/tun and CAP_NET_ADMIN.
 *
 * <p>{@link org.xenpv.backends.net.linux.NetworkNamespace}: a network stack of the host's kernel that has nothing to do with the host's own,
 * where real programs run at the other end of a TAP device. Needs CAP_SYS_ADMIN too, and the programs ip, unshare and nsenter.
 */
package org.xenpv.backends.net.linux;
