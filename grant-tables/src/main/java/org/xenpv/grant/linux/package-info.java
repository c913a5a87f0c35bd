/**
 * Grants of a Linux guest: pages from {@code /dev/xen/gntalloc}, other domains' pages through {@code /dev/xen/gntdev}
 * (linux/include/uapi/xen/gntalloc.h, gntdev.h). JVM only.
 */
package org.xenpv.grant.linux;
