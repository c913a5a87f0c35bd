package org.xenpv.realxen;

import java.util.function.BooleanSupplier;
import org.xenpv.fault.XenException;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.netfront.NetfrontDevice;

/** An interface that dom0 has attached, connected. */
final class Vif implements AutoCloseable {

    private static final String NODENAME = "device/vif/0";

    private final RealGuest guest;
    private final NetfrontDevice device;
    private boolean connected;
    private boolean over;
    private XenException why;

    Vif(RealGuest guest, NetfrontConfig config) {
        this.guest = guest;
        this.device = new NetfrontDevice(guest.xen(), NODENAME, config, new NetfrontDevice.Listener() {
            @Override
            public void connected() {
                connected = true;
            }

            @Override
            public void ended(XenException reason) {
                over = true;
                why = reason;
            }
        });
        device.start();
        until(() -> connected || over, "the connection");
        RealGuest.check(connected, "the interface ended: " + why);
    }

    NetfrontDevice device() {
        return device;
    }

    boolean isOver() {
        return over;
    }

    /** Null while it is not over, and if we closed it. */
    XenException why() {
        return why;
    }

    void until(BooleanSupplier holds, String what) {
        boolean came = guest.xen().loop().runUntil(holds, System.nanoTime() + RealGuest.PATIENCE_NS);
        RealGuest.check(
                came,
                what + " did not come; our state is " + guest.dom0().store().readOrNull(NODENAME + "/state") + ", "
                        + device.stats());
    }

    @Override
    public void close() {
        device.close();
        until(() -> over, "the end of the interface");
    }
}
