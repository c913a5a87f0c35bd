package org.xenpv.realxen;

import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.backends.net.NetbackStats;
import org.xenpv.event.EventLoopStats;

/** Ping both ways between the guest's kernel and dom0's, through our netback, switch and TAP device, with everything on and nothing. */
final class NetbackPing extends BackendScenario {

    private static final int PINGS = 10;
    private static final long IDLE_NS = 3_000_000_000L;

    @Override
    void run(DriverDomain dom0) throws Exception {
        ping(dom0, NetbackConfig.DEFAULT);
        ping(dom0, NetbackConfig.PLAIN);
    }

    private static void ping(DriverDomain dom0, NetbackConfig config) throws Exception {
        try (ServedNetwork net = ServedNetwork.open(dom0, config)) {
            for (String key : dom0.store().directory(DriverDomain.directory() + "device/vif/0")) {
                System.out.println("frontend " + key + "="
                        + dom0.store().readOrNull(DriverDomain.directory() + "device/vif/0/" + key));
            }
            System.out.println("queues=" + net.device().queues());
            for (int bytes : new int[] {56, 1400, 8000}) {
                dom0.guest().run(pings(bytes, ServedNetwork.HERE));
                dom0.here(pings(bytes, ServedNetwork.GUEST));
            }
            EventLoopStats busy = dom0.xen().loop().stats();
            dom0.xen().loop().runUntil(() -> false, System.nanoTime() + IDLE_NS);
            EventLoopStats idle = dom0.xen().loop().stats();
            NetbackStats stats = net.device().stats();
            System.out.println(net.counted() + ", idle since " + busy);
            RealGuest.checkEqual(stats.dropped().toString(), "{}", "dropped");
            RealGuest.check(idle.turns() - busy.turns() < 100, "the loop turns with nothing to do");
        }
    }

    /** One after the other: replies that come together do not fit the socket of busybox's ping, which is sized for one. */
    private static String pings(int bytes, String to) {
        return "for i in $(seq " + PINGS + "); do ping -q -c 1 -W 20 -s " + bytes + " " + to
                + " >/tmp/ping || { cat /tmp/ping; exit 1; }; done; tail -1 /tmp/ping";
    }
}
