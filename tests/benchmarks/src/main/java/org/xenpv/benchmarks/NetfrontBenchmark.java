package org.xenpv.benchmarks;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.function.LongConsumer;
import org.xenpv.backends.net.NetbackStats;
import org.xenpv.netfront.NetStats;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.simulator.SimulatedXen;

/**
 * Packets between netfront and netback on a live simulated host: short ones against datagrams through Netty over the loopback interface, the
 * longest against memmove.
 *
 * <p>Arguments and exit codes as {@link RingBenchmark}'s.
 */
public final class NetfrontBenchmark {

    private static final double NETTY_RATIO_MIN = 5;
    private static final double MEMMOVE_RATIO_MIN = 0.8;

    /** Of the events that there would be if every request and every answer had one. */
    private static final double NOTIFICATIONS_SHARE_MAX = 0.05;

    private static final int DEPTH = 32;
    private static final int BATCH = 32;
    private static final int UNIT = 64;
    private static final int SHORT_IN_FLIGHT = 128;
    private static final int SEGMENTED_IN_FLIGHT = 8;
    private static final int BACKEND_PAGES = 64;

    /** So many packets that what is allocated once, or for every hand-over of work, does not look like an object per packet. */
    private static final int COUNTED_MIN = 4096;

    private static final DoubleFunction<String> PACKETS = ns -> RatioTable.number(1e3 / ns) + " M/s";

    private static final DoubleFunction<String> GIGABITS =
            ns -> RatioTable.number(BenchmarkFrames.SEGMENTED.lengthBytes() * 8 / ns) + " Gb/s";

    private final PrintStream out;
    private final SideBySide.Options options;
    private int exitCode = RatioTable.MET;

    private NetfrontBenchmark(PrintStream out, SideBySide.Options options) {
        this.out = out;
        this.options = options;
    }

    public static void main(String[] args) {
        System.exit(run(args, System.out));
    }

    /** Measures, prints, and says how to exit. */
    static int run(String[] args, PrintStream out) {
        return new NetfrontBenchmark(out, SideBySide.Options.parse(args)).run();
    }

    private int run() {
        out.println("netfront and netback on a live simulated host, Java " + System.getProperty("java.version")
                + ": one direction at a time, a thread on either side");
        out.println();
        Arrivals arrivals = new Arrivals();
        try (SimulatedXen xen = SimulatedXen.live();
                NetPair pair = new NetPair(xen, "guest", NetfrontConfig.DEFAULT, arrivals)) {
            PacketSends shortOut = sends(pair, arrivals, BenchmarkFrames.SHORT);
            PacketSends longOut = sends(pair, arrivals, BenchmarkFrames.SEGMENTED);
            PacketSends writtenOut = sends(pair, arrivals, BenchmarkFrames.WRITTEN);
            try (FrameSends shortIn = receives(pair, BenchmarkFrames.SHORT, SHORT_IN_FLIGHT);
                    FrameSends longIn = receives(pair, BenchmarkFrames.SEGMENTED, SEGMENTED_IN_FLIGHT)) {
                LongConsumer shortInbound = inbound(pair, shortIn);
                LongConsumer longInbound = inbound(pair, longIn);
                againstNetty(shortOut::send, shortInbound);
                againstMemmove(longOut::send, longInbound, writtenOut::send);
                out.println();
                out.println("per packet, exact          events to backend  to guest  pages granted"
                        + "  bytes allocated: guest  backend | processor us: guest  backend");
                exact("64 B out", pair, shortOut::send, 1 << 18);
                exact("64 B in", pair, shortInbound, 1 << 18);
                exact("64 KiB out", pair, longOut::send, 1 << 13);
                exact("64 KiB out, all written", pair, writtenOut::send, 1 << 13);
                exact("64 KiB in", pair, longInbound, 1 << 13);
            }
        }
        notifications();
        return exitCode;
    }

    private static PacketSends sends(NetPair pair, Arrivals arrivals, BenchmarkFrames frames) {
        return new PacketSends(pair.guest().guest().loop(), pair.net().device(), arrivals, frames, BATCH);
    }

    private static FrameSends receives(NetPair pair, BenchmarkFrames frames, int inFlight) {
        return pair.driver()
                .call(domain -> new FrameSends(
                        domain.loop(), domain.mapper(), pair.cable().port(), frames, inFlight));
    }

    private static LongConsumer inbound(NetPair pair, FrameSends sends) {
        return count -> {
            pair.guest().run(domain -> pair.net().device().receiver(sends));
            sends.send(count);
        };
    }

    private void againstNetty(LongConsumer outbound, LongConsumer inbound) {
        RatioTable table = new RatioTable(out, "netfront", "Netty UDP");
        try (NettyDatagrams nio =
                new NettyDatagrams(NettyDatagrams.Transport.NIO, BenchmarkFrames.SHORT.lengthBytes())) {
            table.speeds("64 B to the backend, Netty's NIO", compare(outbound, nio::send), NETTY_RATIO_MIN, PACKETS);
            table.speeds("64 B to the guest, Netty's NIO", compare(inbound, nio::send), NETTY_RATIO_MIN, PACKETS);
        }
        String missing = NettyDatagrams.Transport.EPOLL.missing();
        if (missing != null) {
            table.without("64 B to the backend, Netty's epoll", missing);
        } else {
            try (NettyDatagrams epoll =
                    new NettyDatagrams(NettyDatagrams.Transport.EPOLL, BenchmarkFrames.SHORT.lengthBytes())) {
                table.speeds("64 B to the backend, Netty's epoll", compare(outbound, epoll::send), 0, PACKETS);
            }
        }
        exitCode = Math.max(exitCode, table.exitCode());
        out.println();
    }

    private void againstMemmove(LongConsumer outbound, LongConsumer inbound, LongConsumer written) {
        RatioTable table = new RatioTable(out, "netfront", "memmove");
        int bytes = BenchmarkFrames.SEGMENTED.lengthBytes();
        int pages = NetfrontConfig.DEFAULT.txPages();
        try (MemoryCopies copies = new MemoryCopies(pages, BACKEND_PAGES, bytes);
                HandedCopies handed = new HandedCopies(pages, BACKEND_PAGES, bytes)) {
            table.speeds(
                    "64 KiB to the backend, all written", compare(written, handed::copy), MEMMOVE_RATIO_MIN, GIGABITS);
            table.speeds(
                    "64 KiB to the backend, headers written",
                    compare(outbound, copies::copy),
                    MEMMOVE_RATIO_MIN,
                    GIGABITS);
            table.speeds("64 KiB to the guest", compare(inbound, copies::copy), MEMMOVE_RATIO_MIN, GIGABITS);
        }
        exitCode = Math.max(exitCode, table.exitCode());
    }

    private SideBySide.Result compare(LongConsumer ours, LongConsumer theirs) {
        return SideBySide.inElapsedTime(options).run(ours, theirs, UNIT);
    }

    private void exact(String row, NetPair pair, LongConsumer work, long count) {
        long packets = Math.max(COUNTED_MIN, (long) (count * Math.min(1, options.seconds() * 4)));
        work.accept(packets);
        NetStats front = pair.front();
        NetbackStats back = pair.back();
        long grants = pair.grants();
        ThreadCosts guest = ThreadCosts.of("guest");
        ThreadCosts driver = ThreadCosts.of("guest-back");
        work.accept(packets);
        ThreadCosts ofDriver = ThreadCosts.of("guest-back").since(driver);
        ThreadCosts ofGuest = ThreadCosts.of("guest").since(guest);
        out.printf(
                Locale.ROOT,
                "%-26s %17.4f %9.4f %14.4f %23.3f %8.3f | %19.2f %8.2f%n",
                row,
                (double) (pair.front().notificationsSent() - front.notificationsSent()) / packets,
                (double) (pair.back().notificationsSent() - back.notificationsSent()) / packets,
                (double) (pair.grants() - grants) / packets,
                (double) ofGuest.allocatedBytes() / packets,
                (double) ofDriver.allocatedBytes() / packets,
                ofGuest.processorNs() / 1e3 / packets,
                ofDriver.processorNs() / 1e3 / packets);
    }

    /** With so few pages that at most {@value #DEPTH} packets are in flight. */
    private void notifications() {
        Arrivals arrivals = new Arrivals();
        try (SimulatedXen xen = SimulatedXen.live();
                NetPair pair = new NetPair(xen, "shallow", NetfrontConfig.DEFAULT.txPages(DEPTH), arrivals)) {
            PacketSends sends = sends(pair, arrivals, BenchmarkFrames.SHORT);
            long packets = Math.max(UNIT, (long) ((1 << 18) * Math.min(1, options.seconds() * 4)));
            sends.send(packets);
            long before = pair.front().notificationsSent() + pair.back().notificationsSent();
            sends.send(packets);
            long sent = pair.front().notificationsSent() + pair.back().notificationsSent() - before;
            double share = sent / (2.0 * packets);
            boolean met = share <= NOTIFICATIONS_SHARE_MAX;
            out.printf(
                    Locale.ROOT,
                    "%nat most %d in flight: %.4f events per packet, both ways; %.4f of an event for every request and"
                            + " answer (target at most %.2f): %s%n",
                    DEPTH,
                    (double) sent / packets,
                    share,
                    NOTIFICATIONS_SHARE_MAX,
                    met ? "met" : "missed");
            exitCode = Math.max(exitCode, met ? RatioTable.MET : RatioTable.MISSED);
        }
    }
}
