package org.xenpv.netfront;

/**
 * What may be left to the other end of a device when sending.
 *
 * @param csumV4 a packet of TCP or UDP over IPv4 may be {@link NetPacket#csumBlank()}
 * @param csumV6 the same over IPv6
 * @param gsoV4 TCP over IPv4 may be sent in one packet to be segmented ({@link NetPacket#gsoType()})
 * @param gsoV6 the same over IPv6
 * @param frameBytesMax longest frame that is not to be segmented, its 14-byte header included
 * @param gsoBytesMax longest packet that is, its headers included
 */
public record NetOffloads(
        boolean csumV4, boolean csumV6, boolean gsoV4, boolean gsoV6, int frameBytesMax, int gsoBytesMax) {}
