package org.xenpv.realxen;

import java.util.function.BooleanSupplier;
import org.xenpv.fault.XenException;
import org.xenpv.layers.Ipv4Buffers;
import org.xenpv.layers.Ipv4Home;
import org.xenpv.layers.Ipv4Stack;
import org.xenpv.layers.LoopAlarms;
import org.xenpv.layers.UdpEcho;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.netfront.NetfrontDevice;

/**
 * An interface that dom0 serves, 10.0.0.1 at its end and 10.0.0.2 at ours, with a stack on it that answers ping and echoes datagrams
 * on port 7.
 */
final class Network implements AutoCloseable {

    static final String THEIRS = "10.0.0.1";
    static final String OURS = "10.0.0.2";
    static final NetfrontConfig PATIENT = NetfrontConfig.DEFAULT.handshakeNs(RealGuest.PATIENCE_NS);

    private final RealGuest guest;
    private final ChronicleMemory memory = ChronicleMemory.allocatePages(128);
    private final Vif vif;
    private final Ipv4Stack<NetfrontDevice> stack;
    private final UdpEcho<?> echo;

    /** Of an interface that is attached already. */
    Network(RealGuest guest, NetfrontConfig config) {
        this.guest = guest;
        this.vif = new Vif(guest, config);
        this.stack = new Ipv4Stack<>(
                vif.device(),
                Ipv4Home.parse(OURS + "/24", ""),
                new LoopAlarms(guest.xen().loop()),
                Ipv4Buffers.of(memory));
        this.echo = new UdpEcho<>(stack.udp(), 7);
    }

    NetfrontDevice device() {
        return vif.device();
    }

    Ipv4Stack<NetfrontDevice> stack() {
        return stack;
    }

    long echoed() {
        return echo.echoed();
    }

    /** Whether the interface is gone for good. */
    boolean isOver() {
        return vif.isOver();
    }

    /** Why it is; null while it is not, and if we closed it. */
    XenException why() {
        return vif.why();
    }

    void until(BooleanSupplier holds, String what) {
        vif.until(holds, what);
    }

    /** Dom0 pings us; none may be lost. */
    void pinged(int count, int bytes) {
        String printed = guest.dom0().run("ping -c " + count + " -s " + bytes + " -W 20 " + OURS);
        RealGuest.check(printed.contains(" 0% packet loss"), "ping -s " + bytes + ": " + printed);
    }

    /** Dom0 sends a datagram of so many bytes to port 7 and gets it back. */
    void echoes(int bytes) {
        RealGuest.checkEqual(
                guest.dom0().run("udp-echo " + OURS + " " + bytes), "same", "a datagram of " + bytes + " bytes");
    }

    @Override
    public void close() {
        stack.close();
        vif.close();
        memory.close();
    }
}
