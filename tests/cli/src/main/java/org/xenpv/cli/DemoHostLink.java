package org.xenpv.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.xenpv.backends.net.linux.CommandResult;
import org.xenpv.backends.net.linux.NetworkNamespace;
import org.xenpv.backends.net.linux.TapDevice;
import org.xenpv.backends.net.linux.TapPort;
import org.xenpv.backends.net.linux.TapStats;
import org.xenpv.layers.Ipv4Buffers;
import org.xenpv.layers.Ipv4Home;
import org.xenpv.layers.Ipv4Stack;
import org.xenpv.layers.LoopAlarms;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.netfront.NetfrontDevice;

/**
 * The network stack of the machine this runs on, as another station at the switch: a TAP device in a network namespace that exists
 * only for this, where {@code ping} runs. The guest answers with the layers of tests/layers.
 */
final class DemoHostLink implements AutoCloseable {

    private static final String HOST_ADDRESS = "10.77.0.1/24";
    private static final String GUEST_ADDRESS = "10.77.0.2";
    private static final int DATAGRAMS = 32;
    private static final int PINGS_MAX = 10_000;
    private static final int SHORT_BYTES = 56;

    /** More than a frame holds: fragments, both ways. */
    private static final int LARGE_BYTES = 8000;

    private static final int LARGE_SHARE = 10;
    private static final String PING_SECONDS = "120";
    private static final long LATE_NS = 10_000_000_000L;
    private static final int PACKETS_PER_PING = 50;
    private static final Pattern SUMMARY =
            Pattern.compile("(\\d+) packets transmitted, (\\d+) received,.* time (\\d+)ms");
    private static final Pattern ROUND_TRIP = Pattern.compile("rtt min/avg/max/mdev = [0-9.]+/([0-9.]+)/");

    /**
     * One run of ping.
     *
     * @param payloadBytes of each echo
     * @param roundTripMs average, as ping says
     */
    record Pass(String what, int payloadBytes, long sent, long received, long elapsedMs, double roundTripMs) {

        double echoesPerSecond() {
            return received * 1e3 / Math.max(1, elapsedMs);
        }
    }

    /** What came of it. @param dropped frames at the TAP device */
    record Account(List<Pass> passes, TapStats tap, long dropped) {}

    private final DemoNetwork network;
    private final NetworkNamespace namespace;
    private final TapPort tap;
    private final ChronicleMemory memory =
            ChronicleMemory.allocatePages(DATAGRAMS * Ipv4Buffers.DATAGRAM_BYTES / ChronicleMemory.PAGE_BYTES);
    private final Ipv4Stack<NetfrontDevice> stack;

    DemoHostLink(DemoNetwork network) {
        this.network = network;
        namespace = NetworkNamespace.open();
        TapDevice device = TapDevice.open("xenpv%d", true);
        tap = network.driver().call(domain -> new TapPort(device, domain.loop(), domain.mapper()));
        namespace.withoutIpv6();
        namespace.adopt(device.name(), HOST_ADDRESS);
        network.driver().run(domain -> network.fabric().attach(tap));
        stack = network.guest()
                .call(domain -> new Ipv4Stack<>(
                        network.net().device(),
                        Ipv4Home.parse(GUEST_ADDRESS + "/24", ""),
                        new LoopAlarms(domain.loop()),
                        Ipv4Buffers.of(memory)));
    }

    /** Why this machine does not allow it; null if it does. */
    static String whyNot() {
        String reason = TapDevice.whyNot();
        if (reason == null) {
            reason = NetworkNamespace.whyNot();
        }
        if (reason == null && !NetworkNamespace.isInstalled("ping")) {
            reason = "the program ping is missing (package iputils-ping)";
        }
        return reason;
    }

    /** @throws CommandFailure if an echo is lost */
    Account run(int packets) {
        int pings = Math.max(1, Math.min(PINGS_MAX, packets / PACKETS_PER_PING));
        List<Pass> passes = new ArrayList<>();
        passes.add(ping("ping, 56 B", SHORT_BYTES, pings));
        passes.add(ping("ping, 8000 B in fragments", LARGE_BYTES, Math.max(1, pings / LARGE_SHARE)));
        TapStats stats = network.driver().call(domain -> tap.stats());
        return new Account(passes, stats, stats.droppedDown() + stats.droppedMalformed() + stats.droppedFailed());
    }

    private Pass ping(String what, int payloadBytes, int count) {
        long before = answered();
        CommandResult result = namespace.run(
                "ping",
                "-f",
                "-q",
                "-c",
                Integer.toString(count),
                "-w", // or it would wait for the last echo no longer than twice the slowest one took
                PING_SECONDS,
                "-s",
                Integer.toString(payloadBytes),
                GUEST_ADDRESS);
        Matcher summary = SUMMARY.matcher(result.out());
        Matcher roundTrip = ROUND_TRIP.matcher(result.out());
        if (!summary.find() || !roundTrip.find()) {
            throw CommandFailure.failed("no answer to ping: " + (result.out() + result.err()).strip());
        }
        Pass pass = new Pass(
                what,
                payloadBytes,
                Long.parseLong(summary.group(1)),
                Long.parseLong(summary.group(2)),
                Long.parseLong(summary.group(3)),
                Double.parseDouble(roundTrip.group(1)));
        if (pass.received() != count || !areAnswered(before + pass.sent())) {
            throw CommandFailure.failed(
                    what + ": " + pass.received() + " of " + count + " echoes came back, " + pass.sent()
                            + " were sent; the guest's layers:\n"
                            + network.guest().call(domain -> stack.toString()));
        }
        return pass;
    }

    private long answered() {
        return network.guest().call(domain -> stack.icmp().counters().sent());
    }

    /** Ping sends more than it was told where answers are late, and ends before it has them all. */
    private boolean areAnswered(long wanted) {
        long deadlineNs = System.nanoTime() + LATE_NS;
        long answered = answered();
        while (answered < wanted && deadlineNs - System.nanoTime() > 0) {
            answered = answered();
        }
        return answered == wanted;
    }

    @Override
    public void close() {
        network.guest().run(domain -> stack.close());
        network.driver().run(domain -> {
            network.fabric().detach(tap);
            tap.close();
        });
        namespace.close();
        memory.close();
    }
}
