/** The keys every split device has in xenstore, whatever its protocol. What is done with them is xenbus's business. */
package org.xenpv.io.xenbus;
