/**
 * The Linux platform on an ordinary machine: a fake of the kernel's {@code /dev/xen} drivers behind the system-call port, and the
 * contracts over it.
 */
package org.xenpv.scenarios.linux;
