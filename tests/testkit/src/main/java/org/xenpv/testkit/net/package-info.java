/**
 * Network namespaces for tests with real traffic: a network stack of the host's kernel that has nothing to do with the host's own, where
 * real programs run. For JUnit: {@link org.xenpv.testkit.net.NetworkNamespaceExtension}.
 *
 * <p>Needs Linux, CAP_NET_ADMIN and CAP_SYS_ADMIN, and the programs ip, unshare and nsenter; a test is skipped, with the reason, where one
 * is missing.
 */
package org.xenpv.testkit.net;
