package org.xenpv.netfront.wrapper;

import org.xenpv.netfront.MacAddress;
import org.xenpv.netfront.NetOffloads;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;

/**
 * A device that hands everything on to one below it, and everything from there to the receiver above: what it does itself, a
 * subclass overrides. It becomes the receiver of the device below when it is given one itself.
 */
public abstract class NetworkWrapper implements NetworkDevice, NetworkDevice.Receiver {

    private final NetworkDevice below;
    private Receiver above;

    protected NetworkWrapper(NetworkDevice below) {
        if (below == null) {
            throw new IllegalArgumentException("below=null");
        }
        this.below = below;
    }

    /** The device under this one. */
    public NetworkDevice below() {
        return below;
    }

    @Override
    public MacAddress mac() {
        return below.mac();
    }

    @Override
    public int mtu() {
        return below.mtu();
    }

    @Override
    public boolean carrier() {
        return below.carrier();
    }

    @Override
    public NetOffloads offloads() {
        return below.offloads();
    }

    @Override
    public NetPacket acquire(int lengthBytes) {
        return below.acquire(lengthBytes);
    }

    @Override
    public boolean send(NetPacket packet) {
        return below.send(packet);
    }

    @Override
    public void release(NetPacket packet) {
        below.release(packet);
    }

    @Override
    public void flush() {
        below.flush();
    }

    @Override
    public void receiver(Receiver receiver) {
        above = receiver;
        below.receiver(receiver == null ? null : this);
    }

    @Override
    public void received(NetPacket packet) {
        if (above != null) {
            above.received(packet);
        }
    }

    @Override
    public void receivedAll() {
        if (above != null) {
            above.receivedAll();
        }
    }

    @Override
    public void writable() {
        if (above != null) {
            above.writable();
        }
    }

    @Override
    public void linkChanged() {
        if (above != null) {
            above.linkChanged();
        }
    }
}
