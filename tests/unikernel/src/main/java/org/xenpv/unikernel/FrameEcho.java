package org.xenpv.unikernel;

import java.util.function.Consumer;
import org.xenpv.fault.XenException;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.MacAddress;
import org.xenpv.netfront.NetHash;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.netfront.NetfrontDevice;
import org.xenpv.netfront.NetworkDevice;
import org.xenpv.xenbus.XenGuest;

/**
 * Sends every frame of the first network interface back to where it came from, as it is: in pieces, with a checksum left out,
 * unsegmented. Where there is a control ring, the backend is told a hash by which to spread flows over the queues that there are.
 */
final class FrameEcho implements NetworkDevice.Receiver, NetfrontDevice.Listener {

    private static final int ADDRESS_BYTES = 6;
    private static final int HASH_TYPES = Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4
            | Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP
            | Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6
            | Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP;

    private final NetfrontDevice net;
    private final Consumer<String> say;
    private final Runnable whenEnded;

    FrameEcho(XenGuest guest, Consumer<String> say, Runnable whenEnded) {
        this.net = new NetfrontDevice(guest, "device/vif/0", NetfrontConfig.DEFAULT.multicastControl(true), this);
        this.say = say;
        this.whenEnded = whenEnded;
        net.receiver(this);
        net.announce(new byte[] {10, 0, 0, 2});
    }

    void start() {
        net.start();
        net.joinMulticast(new MacAddress(0x0100_5e00_00fbL));
    }

    void close() {
        net.close();
    }

    @Override
    public void connected() {
        say.accept("network " + net.mac() + ", " + net.features().queues() + " queues");
        if (net.features().ctrlRing()) {
            int[] mapping = new int[net.features().queues()];
            for (int i = 0; i < mapping.length; i++) {
                mapping[i] = i;
            }
            net.hash(new NetHash(new byte[40], HASH_TYPES, mapping), error -> {
                if (error != null) {
                    say.accept(error.getMessage());
                }
            });
        }
    }

    @Override
    public void received(NetPacket frame) {
        if (frame.length() > net.offloads().gsoBytesMax()) {
            return; // the backend takes less than it gives
        }
        NetPacket answer = net.acquire(frame.length());
        if (answer == null) {
            return; // no room: the frame is lost
        }
        frame.copyTo(answer);
        for (int i = 0; i < ADDRESS_BYTES; i++) {
            answer.putU8(i, frame.getU8(ADDRESS_BYTES + i));
            answer.putU8(ADDRESS_BYTES + i, frame.getU8(i));
        }
        try {
            net.send(answer);
        } catch (IllegalArgumentException notOffered) {
            net.release(answer); // nor does it take every offload that it gives
        }
    }

    @Override
    public void receivedAll() {
        net.flush();
    }

    @Override
    public void ended(XenException reason) {
        say.accept(reason == null ? "network closed" : reason.getMessage());
        whenEnded.run();
    }
}
