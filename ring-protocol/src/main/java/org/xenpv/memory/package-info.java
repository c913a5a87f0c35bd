/**
 * Off-heap pages shared with another domain.
 *
 * <p>Everything above sees {@link org.xenpv.memory.SharedMemory}; Chronicle Bytes stands behind it on the JVM, and an
 * embedder without an operating system brings its own. No cursors, no ownership of grants, no knowledge of rings.
 */
package org.xenpv.memory;
