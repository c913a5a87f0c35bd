/**
 * The console daemon (xen/io/console.h, the back half): {@link org.xenpv.backends.console.Consoled} serves the primary
 * consoles of domains, and the further ones on xenbus, each from a {@link org.xenpv.backends.console.Terminal}.
 *
 * <p>It sees only {@link org.xenpv.xenbus.XenGuest} and so runs on any platform. Everything is owned by the thread of the
 * domain's event loop, except where a {@code Terminal} says otherwise. "Output" and "out" are the guest's: what it
 * prints; "input" and "in" is what is typed for it.
 *
 * <p>For a JVM only.
 */
package org.xenpv.backends.console;
