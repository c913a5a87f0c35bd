/**
 * The xenstore client: {@link org.xenpv.xenstore.Xenstore} is the asynchronous connection that drivers use on the event
 * loop, with transactions and watches; transports carry its messages.
 */
package org.xenpv.xenstore;
