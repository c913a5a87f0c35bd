package org.xenpv.realxen;

import java.io.IOException;
import java.util.Set;
import org.xenpv.backends.net.LearningSwitch;
import org.xenpv.backends.net.Netback;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.backends.net.NetbackService;
import org.xenpv.backends.net.linux.TapDevice;
import org.xenpv.backends.net.linux.TapPort;

/**
 * The guest's eth0 on our netback, and dom0's kernel on a TAP device, joined by our switch: 10.0.0.1 at dom0's end, 10.0.0.2 in the
 * guest.
 */
final class ServedNetwork implements AutoCloseable {

    static final String HERE = "10.0.0.1";
    static final String GUEST = "10.0.0.2";

    private final DriverDomain dom0;
    private final Set<String> before;
    private final LearningSwitch bridge;
    private final TapPort tap;
    private final NetbackService interfaces;

    private ServedNetwork(DriverDomain dom0, NetbackConfig config) throws Exception {
        this.dom0 = dom0;
        this.before = Grants.mapped(dom0::here);
        this.bridge = new LearningSwitch(dom0.xen().clock(), dom0.xen().mapper());
        this.tap = new TapPort(
                TapDevice.open("xenpv%d", true), dom0.xen().loop(), dom0.xen().mapper());
        bridge.attach(tap);
        this.interfaces = new NetbackService(dom0.xen(), bridge, config);
    }

    /** Returns when the interfaces at both ends are up. */
    static ServedNetwork open(DriverDomain dom0, NetbackConfig config) throws Exception {
        ServedNetwork net = new ServedNetwork(dom0, config);
        try {
            net.attach();
        } catch (Exception | AssertionError failed) {
            try (net) {
                throw failed;
            }
        }
        return net;
    }

    private void attach() throws Exception {
        interfaces.start();
        Rehearsal.of(dom0.store(), "vif", "handle", "0", "mac", "00:16:3e:00:00:ff");
        String name = tap.device().name();
        dom0.here("ip addr add " + HERE + "/24 dev " + name + " && ip link set " + name + " up");
        dom0.here("program-net-attach");
        dom0.store().awaitValue(RealGuest.PATIENCE_NS, DriverDomain.directory() + "device/vif/0/state", "4");
        dom0.guest()
                .run("i=0; until [ -e /sys/class/net/eth0 ]; do i=$((i+1)); [ $i -lt 300 ]; sleep 0.1; done;"
                        + " ip addr add " + GUEST + "/24 dev eth0 && ip link set eth0 up");
    }

    Netback device() throws IOException {
        return interfaces.device("backend/vif/" + DriverDomain.domid() + "/0");
    }

    TapPort tap() {
        return tap;
    }

    LearningSwitch bridge() {
        return bridge;
    }

    /** Everything that was counted on the way. */
    String counted() throws IOException {
        return device().stats() + " " + tap.stats() + " " + dom0.xen().loop().stats();
    }

    /** Detaches the interface, and looks that nothing of it stays mapped. */
    @Override
    public void close() throws Exception {
        try {
            dom0.here("program-net-detach");
            Grants.checkNoMoreThan(before, dom0::here);
        } finally {
            interfaces.close();
            tap.close();
            bridge.close();
        }
    }
}
