/**
 * What the backends of all kinds of devices have in common: {@link org.xenpv.backends.ServedDevices} finds what the toolstack
 * attaches. Owned by the thread of the domain's event loop.
 */
package org.xenpv.backends;
