/**
 * The guest that drivers run in, and the handshake that every device shares: {@link org.xenpv.xenbus.XenGuest}, {@link
 * org.xenpv.xenbus.XenbusState}.
 */
package org.xenpv.xenbus;
