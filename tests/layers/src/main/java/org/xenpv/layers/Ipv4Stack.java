package org.xenpv.layers;

import org.xenpv.netfront.NetworkDevice;

/**
 * The usual stack of a host on Ethernet.
 *
 * @param <D> the device below
 */
public final class Ipv4Stack<D extends NetworkDevice> implements AutoCloseable {

    private final Ethernet<D> ethernet;
    private final Arp<Ethernet<D>> arp;
    private final Ipv4<Arp<Ethernet<D>>> ipv4;
    private final IcmpEcho<Ipv4<Arp<Ethernet<D>>>> icmp;
    private final Udp<Ipv4<Arp<Ethernet<D>>>> udp;

    public Ipv4Stack(D device, Ipv4Home home, Alarms alarms, Ipv4Buffers buffers) {
        ethernet = new Ethernet<>(device);
        arp = new Arp<>(ethernet, home, alarms, ArpConfig.DEFAULT);
        ipv4 = new Ipv4<>(arp, home, alarms, buffers);
        icmp = new IcmpEcho<>(ipv4);
        udp = new Udp<>(ipv4);
    }

    public Ethernet<D> ethernet() {
        return ethernet;
    }

    public Arp<Ethernet<D>> arp() {
        return arp;
    }

    public Ipv4<Arp<Ethernet<D>>> ipv4() {
        return ipv4;
    }

    public IcmpEcho<Ipv4<Arp<Ethernet<D>>>> icmp() {
        return icmp;
    }

    public Udp<Ipv4<Arp<Ethernet<D>>>> udp() {
        return udp;
    }

    /** Gives back what waits in the layers; comes before the device is closed, which is the caller's. */
    @Override
    public void close() {
        arp.close();
        ipv4.close();
    }

    /** What each layer counted, a line each. */
    @Override
    public String toString() {
        return "ethernet " + ethernet.counters() + "\narp " + arp.counters() + "\nipv4 " + ipv4.counters() + "\nicmp "
                + icmp.counters() + "\nudp " + udp.counters();
    }
}
