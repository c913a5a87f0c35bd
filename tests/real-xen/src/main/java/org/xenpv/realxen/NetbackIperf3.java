package org.xenpv.realxen;

import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.backends.net.NetbackStats;

/** TCP both ways between the guest's kernel and dom0's, large segments and checksums left to the other end all the way. */
final class NetbackIperf3 extends BackendScenario {

    private static final int MEGABYTES = 32;

    /** More than TCP's window: what one guest does not take in time is dropped, lest the others wait for it. */
    private static final NetbackConfig CONFIG =
            NetbackConfig.DEFAULT.with().rxQueuePages(256).build();

    private static final String WINDOW = " -w 256K";

    @Override
    void run(DriverDomain dom0) throws Exception {
        try (ServedNetwork net = ServedNetwork.open(dom0, CONFIG)) {
            dom0.here("iperf3 -s -D -I /run/iperf3.pid && sleep 1");
            try {
                NetbackStats start = net.device().stats();
                transfer(dom0, "");
                NetbackStats sent = net.device().stats();
                System.out.println("guest sent: " + sent + " " + net.tap().stats());
                long gso = sent.txGso() - start.txGso();
                RealGuest.check(gso > MEGABYTES, "too few large segments of the guest's: " + gso);
                RealGuest.check(sent.txCsumBlank() > gso - 1, "no checksum of the guest's is left to us");
                transfer(dom0, " -R");
                NetbackStats got = net.device().stats();
                System.out.println("guest received: " + got + " " + net.tap().stats());
                RealGuest.check(got.rxGso() - sent.rxGso() > MEGABYTES, "too few large segments for the guest");
                RealGuest.check(got.rxCsumBlank() > sent.rxCsumBlank(), "no checksum is left to the guest");
                RealGuest.checkEqual(got.dropped().toString(), "{}", "dropped");
                RealGuest.checkEqual(net.bridge().segmented(), 0L, "segmented by the switch");
                RealGuest.checkEqual(
                        net.tap().stats().droppedMalformed() + net.tap().stats().droppedFailed(),
                        0L,
                        "dropped at the TAP");
            } finally {
                dom0.here("kill $(tr -d '\\0' </run/iperf3.pid)");
            }
        }
    }

    private static void transfer(DriverDomain dom0, String options) {
        System.out.println(dom0.guest()
                .run("iperf3 -c " + ServedNetwork.HERE + " -n " + MEGABYTES + "M -f m" + WINDOW + options
                        + " | tail -6"));
    }
}
