package org.xenpv.netfront.wrapper;

import org.xenpv.event.Clock;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;
import org.xenpv.pcapng.PacketComment;
import org.xenpv.pcapng.Pcapng;
import org.xenpv.pcapng.PcapngBlock;

/**
 * Writes what goes through as a pcapng file: packets as they are handed over, so with checksums still blank and TCP still
 * uncut, and with what travels beside their bytes:
 *
 * <ul>
 *   <li>{@code epb_flags}: the direction (outbound was sent, inbound received), checksum not ready (csum-blank) or valid
 *       (data-validated and not blank), TCP segmentation offloaded
 *   <li>{@code epb_hash}: a Toeplitz hash
 *   <li>a comment with all of it, see {@link PacketComment}; from it a replay has the same packets again
 * </ul>
 *
 * <p>A packet the device could not send is in the file, its comment says {@code dropped}. One that {@link #send} rejects with an
 * exception is not.
 *
 * <p>When the sink fails, the capture ends and the device goes on; {@link #failure} tells. One copy, no allocation per packet.
 */
public final class CapturingDevice extends NetworkWrapper {

    private static final String APPLICATION = "xenpv";

    private final Clock clock;
    private final CaptureSink sink;
    private final CaptureConfig config;
    private final PcapngBlock block;
    private final PacketComment comment = new PacketComment();
    private boolean pending;
    private RuntimeException failure;
    private long packets;

    /**
     * Writes the head of the file. The address of a device that has none yet (one that has not connected) is left out of it.
     *
     * @param sink stays the caller's, who closes it when the device is not used any more
     */
    public CapturingDevice(NetworkDevice below, Clock clock, CaptureSink sink, CaptureConfig config) {
        super(below);
        this.clock = clock;
        this.sink = sink;
        this.config = config;
        this.block = new PcapngBlock(config.snapLengthBytes());
        block.beginSection();
        block.textOption(Pcapng.SHB_USERAPPL, APPLICATION);
        block.end();
        sink.write(block.bytes(), 0, block.lengthBytes());
        block.beginInterface(config.snapLengthBytes());
        block.textOption(Pcapng.IF_NAME, config.name());
        if (below.mac() != null) {
            block.macOption(Pcapng.IF_MACADDR, below.mac().bits());
        }
        block.byteOption(Pcapng.IF_TSRESOL, config.resolution().decimals());
        block.end();
        sink.write(block.bytes(), 0, block.lengthBytes());
    }

    /** Packets in the file. */
    public long packets() {
        return packets;
    }

    /** Why nothing is written any more, or null. */
    public RuntimeException failure() {
        return failure;
    }

    @Override
    public boolean send(NetPacket packet) {
        begin(packet, Pcapng.EPB_FLAGS_OUTBOUND);
        boolean sent;
        try {
            sent = super.send(packet);
        } catch (IllegalArgumentException rejected) {
            pending = false;
            throw rejected;
        }
        end(!sent);
        return sent;
    }

    @Override
    public void received(NetPacket packet) {
        begin(packet, Pcapng.EPB_FLAGS_INBOUND);
        end(false);
        super.received(packet);
    }

    private void begin(NetPacket packet, int direction) {
        end(false); // sending brought this one in: the file has both in order
        if (failure != null) {
            return;
        }
        long time = Math.max(0, config.epochNs() + clock.nanoTime())
                / config.resolution().unitNs();
        int captured = Math.min(packet.length(), config.snapLengthBytes());
        block.beginPacket(0, time, captured, packet.length());
        packet.copyOut(0, block.bytes(), Pcapng.ENHANCED_PACKET_DATA_AT, captured);
        block.intOption(Pcapng.EPB_FLAGS, direction | checksumFlags(packet));
        if (packet.hashAlgorithm() == Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ) {
            block.hashOption(packet.hashValue());
        }
        comment.clear();
        comment.csumBlank(packet.csumBlank());
        comment.dataValidated(packet.dataValidated());
        comment.gso(packet.gsoType(), packet.gsoSize());
        comment.hash(packet.hashAlgorithm(), packet.hashType(), packet.hashValue());
        pending = true;
    }

    private static int checksumFlags(NetPacket packet) {
        int flags = packet.gsoType() == Netif.XEN_NETIF_GSO_TYPE_NONE ? 0 : Pcapng.EPB_FLAGS_TCP_SEGMENTATION_OFFLOADED;
        if (packet.csumBlank()) {
            return flags | Pcapng.EPB_FLAGS_CHECKSUM_NOT_READY;
        }
        return packet.dataValidated() ? flags | Pcapng.EPB_FLAGS_CHECKSUM_VALID : flags;
    }

    private void end(boolean dropped) {
        if (!pending) {
            return;
        }
        pending = false;
        comment.dropped(dropped);
        block.commentOption(comment);
        block.end();
        try {
            sink.write(block.bytes(), 0, block.lengthBytes());
            packets++;
        } catch (RuntimeException broken) {
            failure = broken;
        }
    }
}
