/**
 * The handshake of a device when it is not the other end that makes it hard: xenstore does not do what it is asked for a while
 * or for good, a driver throws, the toolstack makes the device anew while the old one still has something to write.
 */
package org.xenpv.scenarios.xenbus;
