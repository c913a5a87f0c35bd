/** Event channels of a Linux guest: {@code /dev/xen/evtchn} (linux/include/uapi/xen/evtchn.h). JVM only. */
package org.xenpv.event.linux;
