/**
 * The format of capture files (pcapng, draft-ietf-opsawg-pcapng) as far as network packets need it, and how what travels with
 * a packet on a netif ring is noted in it: {@link org.xenpv.pcapng.PacketComment}.
 *
 * <p>Builds blocks in memory and opens no file. Little-endian, so a reader must look at the byte-order magic.
 */
package org.xenpv.pcapng;
