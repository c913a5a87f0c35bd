package org.xenpv.xenstore;

import java.util.List;

/**
 * The operations of a xenstore connection that can be done inside or outside a transaction.
 *
 * <p>Paths are absolute, or relative to our own domain's directory (/local/domain/&lt;domid&gt;). Values are bytes on
 * the wire and text here, one byte per character (ISO-8859-1), so that nothing is lost.
 *
 * <p>Every operation is asynchronous: it is sent at once, many may be in flight, the result comes on the event loop's
 * thread, in bounded time. Invalid paths are refused with IllegalArgumentException at the call.
 */
public interface XenstoreOps {

    void read(String path, Result<String> result);

    /** Reads many keys with one round trip; a missing key is null in the array, any other error fails the whole. */
    void readAll(Result<String[]> result, String... paths);

    void write(String path, String value, Result<Void> result);

    /** Writes many keys with one round trip: path, value, path, value. The first error is the result. */
    void writeAll(Result<Void> result, String... pathsAndValues);

    void mkdir(String path, Result<Void> result);

    /** Removes a node and all below it; one that does not exist is no error. */
    void remove(String path, Result<Void> result);

    /** Names of the children; falls back to XS_DIRECTORY_PART when the list is longer than a message. */
    void directory(String path, Result<List<String>> result);

    void getPermissions(String path, Result<XenstorePermissions> result);

    void setPermissions(String path, XenstorePermissions permissions, Result<Void> result);
}
