package org.xenpv.realxen;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The kernel's block frontend and ours in one guest and one boot against one backend, by turns: each has a device of
 * its own, of the same ramdisk of dom0's, so that neither has to be taken from the other between two turns, which
 * would cost connecting, and cold grants, each time. The idle one costs nothing. Prints a line for each turn, of
 * which the host makes a report; fails if any data is wrong.
 */
final class SideBySideBlk implements Scenario {

    private static final int ROUNDS = 5;
    private static final int TURN_MS = 1000;
    private static final String KERNELS = "device/vbd/51728";
    private static final String OURS = "device/vbd/51744";
    private static final Path BLOCK_DEVICE = Path.of("/sys/block/xvdb");

    /** What is done, by the name of the row. */
    private static final Map<String, String> ROWS = new LinkedHashMap<>();

    static {
        ROWS.put("rand-read-4k-1", "random read 4096 1");
        ROWS.put("rand-read-4k-32", "random read 4096 32");
        ROWS.put("rand-write-4k-32", "random write 4096 32");
        ROWS.put("seq-read-128k-1", "sequential read 131072 1");
        ROWS.put("seq-read-128k-32", "sequential read 131072 32");
        ROWS.put("seq-write-128k-32", "sequential write 131072 32");
        ROWS.put("seq-read-1m-4", "sequential read 1048576 4");
    }

    private Contender kernel;
    private Contender ours;

    @Override
    public long limitMs() {
        return 1_500_000;
    }

    @Override
    public void run(RealGuest guest) throws Exception {
        Files.writeString(Path.of("/sys/module/xen_gntalloc/parameters/limit"), "4096");
        BlkUnbind.command("insmod", "/lib/xen-blkfront.ko");
        try {
            guest.dom0().run("ram-attach 64 xvdb xvdc");
            for (int look = 0; look < 100 && !Files.exists(BLOCK_DEVICE); look++) {
                guest.dom0().run("sleep 0.2");
            }
            Files.writeString(BLOCK_DEVICE.resolve("queue/scheduler"), "none");
            ours = Contender.java("ours", OurDisk.class, OURS);
            kernel = Contender.start("kernel", List.of("/bin/uring-disk", "/dev/xvdb"), Map.of());
            System.out.println("kernel: persistent=" + guest.dom0().store().readOrNull(KERNELS + "/feature-persistent")
                    + " max_segments="
                    + Files.readString(BLOCK_DEVICE.resolve("queue/max_segments"))
                            .trim()
                    + " max_sectors_kb="
                    + Files.readString(BLOCK_DEVICE.resolve("queue/max_sectors_kb"))
                            .trim()
                    + " nr_requests="
                    + Files.readString(BLOCK_DEVICE.resolve("queue/nr_requests"))
                            .trim());
            BlkUnbind.command("/bin/sh", "-c", "dmesg | grep blkfront:");
            System.out.println(guest.dom0().run("dmesg | grep -i blkback"));
            fill();
            warmUp();
            try (Counters counters = new Counters(guest.dom0())) {
                measure(new Turns(counters));
            }
        } finally {
            close();
            guest.dom0().run("ram-detach xvdb xvdc");
            BlkUnbind.command("rmmod", "xen-blkfront");
        }
    }

    /** What ours has written the kernel's reads, and the other way round; a few seconds each for 64 MiB. */
    private void fill() throws IOException {
        check("fill", ours.run("queue sequential write 131072 32 8000"));
        check("fill", kernel.run("uring sequential read 131072 32 4000"));
        check("fill", kernel.run("uring sequential write 131072 32 4000"));
        check("fill", ours.run("queue sequential read 131072 32 4000"));
    }

    /**
     * Until the just-in-time compiler has nothing to do any more; on the guest's only processor it would take a turn's
     * time.
     */
    private void warmUp() throws IOException {
        for (String work : ROWS.values()) {
            for (String mode : ours(work)) {
                int ms = work.endsWith("4096 1") ? 10_000 : 4_000;
                System.out.println("warm " + mode + " " + work + ": " + ours.run(mode + " " + work + " " + ms));
            }
        }
    }

    /** A block that does not fit one request is the scheduler's to split. */
    private static List<String> ours(String work) {
        return work.contains("1048576") ? List.of("ops") : List.of("queue", "ops");
    }

    private void measure(Turns turns) throws IOException {
        for (int round = 0; round < ROUNDS; round++) {
            turns.idle(round, TURN_MS);
            for (Map.Entry<String, String> row : ROWS.entrySet()) {
                List<String> sides = new java.util.ArrayList<>(List.of("uring"));
                if (row.getKey().endsWith("-32")) {
                    sides.add("uring/16");
                }
                sides.addAll(ours(row.getValue()));
                if (round % 2 == 1) {
                    java.util.Collections.reverse(sides);
                }
                for (String side : sides) {
                    Contender who = side.startsWith("uring") ? kernel : ours;
                    String command = side + " " + row.getValue() + " " + TURN_MS;
                    check(row.getKey(), turns.turn(row.getKey(), side, round, () -> who.run(command), who));
                }
            }
        }
    }

    private static void check(String row, String answer) {
        RealGuest.check(answer.contains(" bad=0"), row + ": blocks hold what is not theirs: " + answer);
    }

    private void close() throws IOException {
        if (kernel != null) {
            kernel.close();
        }
        if (ours != null) {
            ours.close();
        }
    }
}
