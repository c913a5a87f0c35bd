package org.xenpv.realxen;

import org.xenpv.backends.net.NetFrame;
import org.xenpv.backends.net.NetworkPort;
import org.xenpv.backends.net.linux.TapDevice;
import org.xenpv.backends.net.linux.TapPort;
import org.xenpv.event.EventLoop;
import org.xenpv.io.netif.Netif;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.netfront.NetOffloads;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;

/**
 * An interface of ours as the network of this machine's ordinary programs: joined with a TAP device, whose other end is an interface of
 * the kernel's. It wants the address of the device ({@link NetworkDevice#mac}) and its MTU. Blank checksums and packets to be segmented
 * stay so in both directions, if the device can have all of them; if not the kernel leaves none to us.
 *
 * <p>Needs the module {@code tun} and CAP_NET_ADMIN. Owned by the loop's thread; what finds no room is dropped and counted.
 */
public final class TapBridge implements AutoCloseable {

    /** Longest frame that comes out of either, behind Ethernet and a VLAN tag. */
    private static final int FRAME_BYTES_MAX = 65535 + 18;

    private static final int HEADROOM = 64;

    private final NetworkDevice device;
    private final TapPort tap;
    private final ChronicleMemory memory = ChronicleMemory.allocatePages(17);
    private final NetFrame frame = new NetFrame();
    private long dropped;
    private long blankOut;
    private long blankIn;
    private long gsoOut;
    private long gsoIn;

    /**
     * What went through; out is what the kernel sent.
     *
     * @param blankOut with a blank checksum
     * @param gsoOut to be segmented
     * @param dropped that found no room, or that the other side does not take
     */
    public record Counts(long blankOut, long blankIn, long gsoOut, long gsoIn, long dropped) {}

    /**
     * Makes the kernel's interface; the caller configures it and brings it up.
     *
     * @param device is connected; this becomes its receiver
     * @param name of the kernel's interface
     */
    public TapBridge(NetworkDevice device, EventLoop loop, String name) {
        this.device = device;
        NetOffloads offloads = device.offloads();
        boolean all = offloads.csumV4() && offloads.csumV6() && offloads.gsoV4() && offloads.gsoV6();
        this.tap = new TapPort(TapDevice.open(name, all), loop, null);
        tap.plug(new ToDevice());
        device.receiver(new ToKernel());
    }

    public Counts counts() {
        return new Counts(blankOut, blankIn, gsoOut, gsoIn, dropped);
    }

    /** What came from the kernel. */
    private final class ToDevice implements NetworkPort.Sink {

        @Override
        public void received(NetFrame sent) {
            boolean gso = sent.gsoType() != Netif.XEN_NETIF_GSO_TYPE_NONE;
            NetOffloads offloads = device.offloads();
            NetPacket packet = sent.length() > (gso ? offloads.gsoBytesMax() : offloads.frameBytesMax())
                    ? null
                    : device.acquire(sent.length());
            if (packet == null) {
                dropped++;
                return;
            }
            int done = 0;
            for (int i = 0; i < packet.fragments(); i++) {
                sent.memory().copyTo(sent.at() + done, packet.memory(), packet.fragmentAt(i), packet.fragmentBytes(i));
                done += packet.fragmentBytes(i);
            }
            packet.csumBlank(sent.csumBlank());
            packet.dataValidated(sent.dataValidated());
            packet.gso(sent.gsoType(), sent.gsoSize());
            if (!send(packet)) {
                dropped++;
                return;
            }
            blankOut += sent.csumBlank() ? 1 : 0;
            gsoOut += gso ? 1 : 0;
        }

        private boolean send(NetPacket packet) {
            try {
                return device.send(packet);
            } catch (IllegalArgumentException refused) { // connected anew, to a backend that takes less
                device.release(packet);
                return false;
            }
        }

        @Override
        public void receivedAll() {
            device.flush();
        }
    }

    /** What came from the other end. */
    private final class ToKernel implements NetworkDevice.Receiver {

        @Override
        public void received(NetPacket packet) {
            int length = packet.length();
            if (length > FRAME_BYTES_MAX) {
                dropped++;
                return;
            }
            int at = HEADROOM;
            for (int i = 0; i < packet.fragments(); i++) {
                packet.memory().copyTo(packet.fragmentAt(i), memory, at, packet.fragmentBytes(i));
                at += packet.fragmentBytes(i);
            }
            frame.set(memory, HEADROOM, length, HEADROOM);
            frame.csumBlank(packet.csumBlank());
            frame.dataValidated(packet.dataValidated());
            frame.gso(packet.gsoType(), packet.gsoSize());
            if (!tap.send(frame)) {
                dropped++;
                return;
            }
            blankIn += packet.csumBlank() ? 1 : 0;
            gsoIn += packet.gsoType() == Netif.XEN_NETIF_GSO_TYPE_NONE ? 0 : 1;
        }
    }

    /** Takes the kernel's interface away; the device is the caller's. */
    @Override
    public void close() {
        device.receiver(null);
        tap.close();
        memory.close();
    }
}
