/**
 * The wire format of the network protocol (xen/io/netif.h): transmit, receive and control rings, extra information and
 * the keys in xenstore. TX and RX are seen from the frontend, in backends too.
 *
 * <p>One C struct is one class of static accessors over {@code (SharedMemory m, int at)}. They do one plain load or
 * store each and check nothing: the caller has called {@link org.xenpv.memory.SharedMemory#check} for the whole struct,
 * or got {@code at} from a ring, which has. uint8_t and uint16_t come back as {@code int}, int16_t as {@code short},
 * uint32_t as {@code int} bits.
 *
 * <p>Structs of eight bytes and less are copied out of a slot as one {@code long} ({@code load}) and taken apart from
 * that, so the other end cannot change them between two looks; {@link org.xenpv.io.netif.NetifTxRequest} is a copying
 * object instead. Nothing here knows a ring, a grant or a packet.
 */
package org.xenpv.io.netif;
