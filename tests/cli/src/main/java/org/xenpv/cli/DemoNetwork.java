package org.xenpv.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.xenpv.backends.net.LearningSwitch;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.backends.net.NetbackService;
import org.xenpv.backends.net.NetbackStats;
import org.xenpv.event.EventLoop;
import org.xenpv.netfront.NetStats;
import org.xenpv.netfront.Netfront;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.netfront.NetworkDevice;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;

/** A driver domain with a switch, and two guests that send each other packets through it. */
final class DemoNetwork implements AutoCloseable {

    private static final String NODENAME = "device/vif/0";
    private static final Duration SETTLING = Duration.ofSeconds(20);

    /** Long packets, per short one. */
    private static final int LARGE_SHARE = 32;

    /**
     * One kind of packet.
     *
     * @param sent by the one guest, {@code arrived} at the other
     * @param notifications of all four halves of the two interfaces
     * @param drops by reason, all four halves together
     */
    record Pass(
            String what,
            int bytes,
            long sent,
            long arrived,
            long elapsedNs,
            long notifications,
            Map<String, Long> drops) {

        double packetsPerSecond() {
            return arrived * 1e9 / elapsedNs;
        }

        double gigabitsPerSecond() {
            return arrived * bytes * 8.0 / elapsedNs;
        }
    }

    private final DemoHost host;
    private final SimDomain driver;
    private final LearningSwitch fabric;
    private final NetbackService service;
    private final List<SimDomain> guests = new ArrayList<>();
    private final List<SimDevice> devices = new ArrayList<>();
    private final List<Netfront> nets = new ArrayList<>();
    private final List<NetworkDevice> ends = new ArrayList<>();

    DemoNetwork(DemoHost host) {
        this(host, device -> device);
    }

    /** @param atNeighbour what is put between the neighbour and its interface */
    DemoNetwork(DemoHost host, UnaryOperator<NetworkDevice> atNeighbour) {
        this.host = host;
        driver = host.xen().createDomain(DomainConfig.named("nets").asDriverDomain());
        fabric = driver.call(domain -> new LearningSwitch(domain.clock(), domain.mapper()));
        service = driver.start(domain -> {
            NetbackService started = new NetbackService(domain, fabric, NetbackConfig.DEFAULT);
            started.start();
            return started;
        });
        guests.add(host.guest());
        guests.add(host.xen().createDomain(DomainConfig.named("neighbour")));
        for (SimDomain guest : guests) {
            devices.add(host.xen().toolstack().attachNetwork(guest, driver, 0, Map.of()));
            nets.add(Netfront.connect(guest.guest(), NODENAME, NetfrontConfig.DEFAULT));
        }
        ends.add(nets.get(0).device());
        ends.add(atNeighbour.apply(nets.get(1).device()));
    }

    SimDomain driver() {
        return driver;
    }

    LearningSwitch fabric() {
        return fabric;
    }

    SimDomain guest() {
        return guests.get(0);
    }

    Netfront net() {
        return nets.get(0);
    }

    /** Sends so many short packets, and fewer of the others; all must arrive. Then as many short ones with nobody waiting. */
    List<Pass> run(int packets) {
        introduce();
        List<Pass> passes = new ArrayList<>();
        passes.add(pass(PacketStream.Kind.SHORT, packets, true));
        passes.add(pass(PacketStream.Kind.FULL, packets, true));
        passes.add(pass(PacketStream.Kind.LARGE, Math.max(1, packets / LARGE_SHARE), true));
        passes.add(pass(PacketStream.Kind.SHORT, packets, false));
        return passes;
    }

    /** The switch learns where the neighbour is; until then it floods. */
    private void introduce() {
        new PacketStream(loop(1), ends.get(1), loop(0), ends.get(0), PacketStream.Kind.SHORT, 1, true).run();
    }

    private EventLoop loop(int guest) {
        return guests.get(guest).guest().loop();
    }

    private Pass pass(PacketStream.Kind kind, long packets, boolean paced) {
        PacketStream stream = new PacketStream(loop(0), ends.get(0), loop(1), ends.get(1), kind, packets, paced);
        Counts before = counts();
        long elapsedNs = stream.run();
        if (!host.xen().runUntil(() -> stream.arrived() + lost(before) >= packets, SETTLING)) {
            throw CommandFailure.failed("of " + packets + " packets of " + kind.title + " " + stream.arrived()
                    + " arrived and " + lost(before) + " were dropped: the others are nowhere");
        }
        stream.check();
        Counts after = counts();
        return new Pass(
                kind.title + (paced ? "" : ", nobody waits"),
                kind.bytes,
                packets,
                stream.arrived(),
                elapsedNs,
                after.notifications - before.notifications,
                after.dropsSince(before));
    }

    private long lost(Counts before) {
        return counts().dropsSince(before).values().stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    /** What all halves have counted by now. */
    private record Counts(long notifications, Map<String, Long> drops) {

        Map<String, Long> dropsSince(Counts before) {
            Map<String, Long> since = new TreeMap<>();
            drops.forEach((reason, count) -> {
                long more = count - before.drops.getOrDefault(reason, 0L);
                if (more > 0) {
                    since.put(reason, more);
                }
            });
            return since;
        }
    }

    private Counts counts() {
        long notifications = 0;
        Map<String, Long> drops = new TreeMap<>();
        for (Netfront net : nets) {
            NetStats front = net.stats();
            notifications += front.notificationsSent();
            front.drops().forEach((reason, count) -> drops.merge("netfront " + reason, count, Long::sum));
        }
        for (SimDevice device : devices) {
            NetbackStats back = driver.call(
                    domain -> service.device(device.backendNodename()).stats());
            notifications += back.notificationsSent();
            back.dropped().forEach((reason, count) -> drops.merge("netback " + reason, count, Long::sum));
        }
        return new Counts(notifications, drops);
    }

    /** Detaches both interfaces as {@code xl network-detach} does, and stops the driver domain's services. */
    @Override
    public void close() {
        devices.forEach(host.xen().toolstack()::detach);
        nets.forEach(Netfront::close);
        driver.run(domain -> fabric.close());
        driver.stopServices();
    }
}
