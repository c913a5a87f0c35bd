/**
 * The block backend (xen/io/blkif.h, the back half): {@link org.xenpv.backends.block.Blkback} serves one device of one
 * frontend from a {@link org.xenpv.backends.block.BlockStore}, {@link org.xenpv.backends.block.BlkbackService} every
 * device the toolstack attaches to its domain.
 *
 * <p>It sees only {@link org.xenpv.xenbus.XenGuest} and so runs on any platform. Everything here is owned by the thread
 * of the domain's event loop, and disk I/O is done on that thread. Sectors are units of 512 bytes everywhere, whatever
 * the sector size. What the frontend writes is copied once, judged, then used.
 *
 * <p>For a JVM only: image files are read and written through java.nio straight from and to the mapped pages.
 */
package org.xenpv.backends.block;
