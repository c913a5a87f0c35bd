/**
 * What every connection to xenstored does, whatever carries it and whoever serves it: {@link
 * org.xenpv.testkit.xenstore.XenstoreContract}, to be subclassed with a {@link org.xenpv.testkit.xenstore.XenstorePair}.
 */
package org.xenpv.testkit.xenstore;
