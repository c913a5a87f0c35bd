/**
 * The block frontend (xen/io/blkif.h).
 *
 * <p>{@link org.xenpv.blkfront.Blkfront} is what a JVM program uses: futures, channels, blocking calls from any thread.
 * Beneath it, and all that a unikernel uses, is {@link org.xenpv.blkfront.BlkfrontDevice}, owned by the event loop's
 * thread: it splits and merges operations into requests of a {@link org.xenpv.blkfront.BlkQueue}, which is one ring with
 * its grants and its requests in flight, and allocates nothing per request.
 *
 * <p>Sectors are 512 bytes everywhere in this API, whatever the disk's sector size is.
 */
package org.xenpv.blkfront;
