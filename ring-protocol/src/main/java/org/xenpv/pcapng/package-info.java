/**
 * The format of capture files (pcapng, draft-ietf-opsawg-pcapng; to be read, pcap too) as far as network packets need it, and
 * how what travels with a packet on a netif ring is noted in it: {@link org.xenpv.pcapng.PacketComment}.
 *
 * <p>Builds blocks in memory, little-endian, and reads captures of either order with {@link org.xenpv.pcapng.CaptureReader};
 * opens no file.
 */
package org.xenpv.pcapng;
