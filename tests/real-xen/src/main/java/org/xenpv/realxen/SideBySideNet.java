package org.xenpv.realxen;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * The kernel's network frontend and ours in one guest and one boot against one backend, by turns: each has an interface of its own, and
 * ours one more as the network of the guest's ordinary programs; all stay connected. Prints a line for each turn, of which the host makes
 * a report; fails if any data is wrong.
 */
final class SideBySideNet implements Scenario {

    private static final int ROUNDS = 5;
    private static final int TURN_MS = 1000;
    private static final int WARM_MS = 8000;
    private static final String TAP = "tap0";

    /** Of dom0 on the three interfaces; the guest has the next. */
    private static final String KERNELS = "10.0.1.1";

    private static final String OURS = "10.0.2.1";
    private static final String BRIDGED = "10.0.3.1";

    private static final List<String> ROWS = List.of("udp-send-64", "udp-receive-64", "gso-send", "gso-receive");

    private Contender kernel;
    private Contender ours;
    private int turn;

    @Override
    public long limitMs() {
        return 1_500_000;
    }

    @Override
    public void run(RealGuest guest) throws Exception {
        Files.writeString(Path.of("/sys/module/xen_gntalloc/parameters/limit"), "4096");
        BlkUnbind.command("insmod", "/lib/tun.ko");
        BlkUnbind.command("insmod", "/lib/xen-netfront.ko");
        try {
            guest.dom0().run("net-peers 3");
            up(kernels(guest, 0), "10.0.1.2");
            kernels(guest, 1); // so that it does not come later
            kernels(guest, 2);
            ours = Contender.java("ours", OurNet.class, "device/vif/1", "device/vif/2", "10.0.2.2/24", OURS, TAP);
            BlkUnbind.command("ip", "link", "set", TAP, "address", "00:16:3e:00:01:02");
            up(TAP, "10.0.3.2");
            kernel = Contender.start("kernel", List.of("/bin/net-load", KERNELS), Map.of());
            warmUp();
            try (Counters counters = new Counters(guest.dom0())) {
                measure(new Turns(counters));
            }
            System.out.println(guest.dom0().run("tail -n 5 /tmp/net-peer.log"));
        } finally {
            close();
            guest.dom0().run("net-peers-gone 3");
            BlkUnbind.command("rmmod", "xen-netfront");
            BlkUnbind.command("rmmod", "tun");
        }
    }

    /** The kernel's interface of a device, once there is one. */
    private static String kernels(RealGuest guest, int vif) throws IOException {
        Path folder = Path.of("/sys/bus/xen/devices/vif-" + vif + "/net");
        for (int look = 0; look < 100 && !Files.isDirectory(folder); look++) {
            guest.dom0().run("sleep 0.2");
        }
        try (DirectoryStream<Path> names = Files.newDirectoryStream(folder)) {
            return names.iterator().next().getFileName().toString();
        }
    }

    /** Without IPv6, whose own traffic would come in between. */
    private static void up(String name, String address) throws Exception {
        Files.writeString(Path.of("/proc/sys/net/ipv6/conf/" + name + "/disable_ipv6"), "1");
        BlkUnbind.command("ip", "addr", "add", address + "/24", "dev", name);
        BlkUnbind.command("ip", "link", "set", name, "up");
    }

    /** Until the just-in-time compiler has nothing to do any more. */
    private void warmUp() throws IOException {
        for (String row : ROWS) {
            for (String side : sides(row)) {
                int ms = side.startsWith("kernel") ? TURN_MS : WARM_MS;
                String answer = run(row, side, ms);
                System.out.println("warm " + row + " " + side + ": " + answer);
                check(row, answer);
            }
        }
    }

    /** The kernel's two ways of datagrams: one each, or many in one piece; the better of the two counts. */
    private static List<String> sides(String row) {
        return switch (row) {
            case "udp-send-64" -> List.of("kernel-mmsg", "kernel-gso", "stack");
            case "udp-receive-64" -> List.of("kernel-mmsg", "kernel-gro", "stack");
            default -> List.of("kernel-tcp", "tap-tcp");
        };
    }

    private void measure(Turns turns) throws IOException {
        for (int round = 0; round < ROUNDS; round++) {
            turns.idle(round, TURN_MS);
            for (String row : ROWS) {
                List<String> sides = new ArrayList<>(sides(row));
                if (round % 2 == 1) {
                    Collections.reverse(sides);
                }
                for (String side : sides) {
                    Contender[] who = side.equals("tap-tcp")
                            ? new Contender[] {kernel, ours}
                            : new Contender[] {side.equals("stack") ? ours : kernel};
                    check(row, turns.turn(row, side, round, () -> run(row, side, TURN_MS), who));
                }
            }
        }
    }

    /** One turn, whose datagrams are told from those of the turn before by its number. */
    private String run(String row, String side, int ms) throws IOException {
        turn++;
        String udp = row.replace("-64", "");
        String tcp = row.replace("gso", "tcp");
        return switch (side) {
            case "stack" -> ours.run(udp + " " + ms + " " + turn);
            case "kernel-tcp" -> kernel.run(tcp + " " + KERNELS + " " + ms);
            case "tap-tcp" -> {
                ours.tell("bridge");
                String answer = kernel.run(tcp + " " + BRIDGED + " " + ms);
                yield answer + " " + ours.run("end");
            }
            default -> kernel.run(udp + " " + side.substring("kernel-".length()) + " " + ms + " " + turn);
        };
    }

    private static void check(String row, String answer) {
        RealGuest.check(answer.contains(" bad=0"), row + ": something that came is not what was sent: " + answer);
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
