/**
 * Tests with real traffic: {@link org.xenpv.testkit.net.NetworkNamespaceExtension} gives each a network namespace of its own, or skips it
 * with the reason.
 */
package org.xenpv.testkit.net;
