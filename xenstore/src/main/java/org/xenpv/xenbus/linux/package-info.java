/** The guest that a program in a Linux domain runs in, over the devices of {@code /dev/xen}. JVM only. */
package org.xenpv.xenbus.linux;
