package org.xenpv.realxen;

import java.io.BufferedReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.xenbus.XenGuests;
import org.xenpv.xenbus.linux.LinuxGuest;

/** A program that reads a disk is killed; the next one connects to the same disk, and all pages are there again. */
final class BlkKill implements Scenario {

    private static final String READING = "reading";

    @Override
    public void run(RealGuest guest) throws Exception {
        Set<String> mapped = Grants.mapped(guest.dom0()::run);
        try (Disk image = Disk.attach(guest.dom0(), 'f', 4, "rw")) {
            ProcessBuilder builder = new ProcessBuilder("/java", image.nodename()).redirectErrorStream(true);
            builder.environment().put("MAIN", Victim.class.getName());
            Process victim = builder.start();
            try (BufferedReader lines = victim.inputReader(StandardCharsets.UTF_8)) {
                String line;
                do {
                    line = lines.readLine();
                    System.out.println("victim: " + line);
                } while (line != null && !line.equals(READING));
                RealGuest.check(line != null, "the program to be killed ended by itself");
                victim.destroyForcibly();
                RealGuest.check(victim.waitFor(60, TimeUnit.SECONDS), "it does not die");
            }
            String state = guest.dom0().store().read(image.nodename() + "/state");
            RealGuest.check(
                    state.equals("3") || state.equals("4"),
                    "our state, which the dead one left in xenstore, is " + state);
            try (Blkfront disk = image.connect(guest, Disk.PATIENT)) {
                RealGuest.checkEqual(BlkRead.digest(disk), image.sha256(), "sha256");
            }
            GrantedPages first = guest.xen().grants().grant(0, 512, GrantAccess.READ_ONLY, "all there are");
            GrantedPages second = guest.xen().grants().grant(0, 500, GrantAccess.READ_ONLY, "all there are");
            first.release();
            second.release();
        }
        Grants.checkNoMoreThan(mapped, guest.dom0()::run);
    }

    /** Reads a disk until somebody kills it. */
    public static final class Victim {

        private Victim() {}

        /** @param args the disk's directory */
        public static void main(String[] args) throws Exception {
            LinuxGuest xen = XenGuests.linux(Main.options());
            Blkfront disk = Blkfront.connect(xen, args[0], Disk.PATIENT);
            for (int i = 0; ; i++) {
                disk.read(i % 64 * 128L, ByteBuffer.allocate(64 * 1024)).get();
                if (i == 10) {
                    System.out.println(READING);
                    System.out.flush();
                }
            }
        }
    }
}
