package org.xenpv.realxen;

import java.util.Random;
import org.xenpv.console.ConsoleConfig;
import org.xenpv.console.FullPolicy;
import org.xenpv.console.PvConsole;
import org.xenpv.xenbus.linux.KernelDrivers;

/**
 * A second console of this guest on QEMU's backend, after it was taken from the kernel's frontend: digests compared both ways while
 * nobody takes in dom0 what is printed, until QEMU has had to keep some of it; twice, connected anew.
 */
final class ConsoleQemu implements Scenario {

    private static final String NODENAME = "device/console/1";
    private static final int ROUNDS = 2;
    private static final int TYPED_BYTES = 1 << 16;
    /** More than two pipes and a socket hold, and less than what QEMU keeps before it drops some (libxl: 1 MiB). */
    private static final int PRINTED_BYTES = 640 * 1024;
    /** Each event has QEMU send as much as a socket takes. */
    private static final int EVENTS_MAX = 100;

    private static final long SEED = 20261201;

    private static final ConsoleConfig CONFIG =
            ConsoleConfig.DEFAULT.whenFull(FullPolicy.KEEP).deadlines(RealGuest.PATIENCE_NS, RealGuest.PATIENCE_NS);

    @Override
    public void run(RealGuest guest) throws Exception {
        new KernelDrivers().release(NODENAME, true);
        for (int round = 0; round < ROUNDS; round++) {
            try (PvConsole console = PvConsole.connect(guest.xen(), NODENAME, CONFIG)) {
                guest.dom0().run("channel open");
                talk(guest, console);
                System.out.println(console.stats());
            }
            RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, "pages lent");
        }
    }

    private static void talk(RealGuest guest, PvConsole console) throws Exception {
        Dom0 dom0 = guest.dom0();
        dom0.run("channel type 1");
        console.input().read(); // somebody is there: what is printed before that QEMU throws away
        byte[] printed = new byte[PRINTED_BYTES];
        new Random(SEED).nextBytes(printed);
        console.output().write(printed);
        boolean gone = guest.xen()
                .loop()
                .runUntil(
                        () -> console.device().buffered() + console.device().outstanding() == 0,
                        System.nanoTime() + RealGuest.PATIENCE_NS);
        RealGuest.check(gone, "QEMU leaves " + console.device().outstanding() + " bytes on the ring");
        RealGuest.checkEqual(dom0.run("channel taken"), "0", "bytes taken in dom0");
        dom0.run("channel take");
        String type = "channel type " + TYPED_BYTES;
        dom0.start(type);
        byte[] typed = console.input().readNBytes(TYPED_BYTES);
        RealGuest.checkEqual(Sha256.of(typed), dom0.result(type), "sha256 of what was typed");
        int events = 0;
        while (!dom0.run("channel taken").equals(Integer.toString(PRINTED_BYTES))) {
            RealGuest.check(events++ < EVENTS_MAX, "QEMU does not send on what it has kept");
            dom0.run("channel type 1");
            console.input().read(); // and an event, without which QEMU sends nothing on
        }
        System.out.println("QEMU was sent " + events + " events more until it had sent on all");
        RealGuest.checkEqual(dom0.run("channel close"), Sha256.of(printed), "sha256 of what was printed");
    }
}
