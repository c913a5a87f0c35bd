/**
 * The wire format of the block protocol (xen/io/blkif.h): requests, responses and the keys in xenstore.
 *
 * <p>One C struct is one class of static accessors over {@code (SharedMemory m, int at)}. They do one plain load or
 * store each and check nothing: the caller has called {@link org.xenpv.memory.SharedMemory#check} for the whole struct,
 * or got {@code at} from a ring, which has. uint8_t and uint16_t come back as {@code int}, int16_t as {@code short},
 * uint32_t as {@code int} bits and uint64_t as {@code long} bits.
 *
 * <p>Whoever reads what the other end wrote uses a copy: {@link org.xenpv.io.blkif.BlkifResponse} and {@link
 * org.xenpv.io.blkif.BlkifRequestCopy} read each word of the slot once and are then out of the other end's reach.
 *
 * <p>Two layouts exist, chosen by the frontend in the key {@code protocol}: {@link org.xenpv.io.blkif.BlkifAbi}. Nothing
 * here knows a ring, a grant or a state.
 */
package org.xenpv.io.blkif;
