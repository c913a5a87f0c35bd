/** Xenstore as a program in a Linux guest has it: {@code /dev/xen/xenbus}. JVM only. */
package org.xenpv.xenstore.linux;
