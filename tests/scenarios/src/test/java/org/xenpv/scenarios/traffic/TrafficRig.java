package org.xenpv.scenarios.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.xenpv.backends.net.LearningSwitch;
import org.xenpv.backends.net.Netback;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.backends.net.NetbackService;
import org.xenpv.backends.net.NetbackStats;
import org.xenpv.backends.net.linux.NetworkNamespace;
import org.xenpv.backends.net.linux.TapDevice;
import org.xenpv.backends.net.linux.TapPort;
import org.xenpv.backends.net.linux.TapStats;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/**
 * The whole way from a program to a guest and back, on a live host.
 *
 * <pre>
 *  namespace             driver domain                      guest
 *  program - kernel ==== TapPort - LearningSwitch - Netback ==== Netfront - Ipv4Stack - UdpEcho, DnsServer
 *  10.77.0.1         TAP                                   rings                        10.77.0.2
 * </pre>
 */
final class TrafficRig implements AutoCloseable {

    static final String GUEST_ADDRESS = "10.77.0.2";

    private static final String NODENAME = "device/vif/0";
    private static final int BITS = 24;

    private final NetworkNamespace host;
    private final SimulatedXen xen = SimulatedXen.live();
    private final SimDomain driver = xen.createDomain(DomainConfig.named("nets").asDriverDomain());
    private final LearningSwitch fabric;
    private final NetbackService service;
    private final TapPort tap;
    private final Netback netback;
    final GuestStation guest;

    /**
     * @param offloads whether the TAP device, and so the kernel, leaves checksums and segmentation to the guest and the other way round
     * @param zone what the guest knows of example.test
     */
    TrafficRig(NetworkNamespace host, boolean offloads, int mtu, NetfrontConfig config, String zone) {
        this.host = host;
        fabric = driver.call(domain -> new LearningSwitch(domain.clock(), domain.mapper()));
        service = driver.start(domain -> {
            NetbackService started = new NetbackService(domain, fabric, NetbackConfig.DEFAULT);
            started.start();
            return started;
        });
        SimDomain domain = xen.createDomain(DomainConfig.named("guest"));
        SimDevice device = xen.toolstack().attachNetwork(domain, driver, 0, Map.of("mtu", Integer.toString(mtu)));
        guest = new GuestStation(domain, NODENAME, config, GUEST_ADDRESS + "/" + BITS, zone);
        netback = service.device(device.backendNodename());
        TapDevice opened = TapDevice.open("xenpv%d", offloads);
        tap = driver.call(nets -> new TapPort(opened, nets.loop(), nets.mapper()));
        host.withoutIpv6();
        host.adopt(opened.name(), "10.77.0.1/" + BITS);
        host.run("ip", "link", "set", opened.name(), "mtu", Integer.toString(mtu))
                .orThrow();
        driver.run(nets -> fabric.attach(tap));
    }

    static void needsTap() {
        String reason = TapDevice.whyNot();
        assumeTrue(reason == null, "skipped: " + reason);
    }

    static void needs(String program, String debianPackage) {
        assumeTrue(
                NetworkNamespace.isInstalled(program),
                "skipped: " + program + " is missing (package " + debianPackage + ")");
    }

    NetbackStats backend() {
        return driver.call(nets -> netback.stats());
    }

    TapStats tap() {
        return driver.call(nets -> tap.stats());
    }

    /** Checksums that the switch filled in because the far side could not. */
    long checksumsFilled() {
        return driver.call(nets -> fabric.checksumsFilled());
    }

    /** What the namespace's kernel counted, e.g. {@code Udp InCsumErrors}. */
    long kernel(String protocol, String counter) {
        String[] lines = host.run("grep", "^" + protocol + ":", "/proc/net/snmp")
                .orThrow()
                .out()
                .split("\n", -1);
        int column = Arrays.asList(lines[0].split(" ", -1)).indexOf(counter);
        return Long.parseLong(lines[1].split(" ", -1)[column]);
    }

    /** That no packet went missing or was found damaged on the whole way, either way. */
    void assertNothingDropped() {
        assertThat(guest.dropped()).isEmpty();
        assertThat(backend().dropped()).as("netback").isEmpty();
        TapStats stats = tap();
        assertThat(stats.droppedDown() + stats.droppedMalformed() + stats.droppedFailed())
                .as(stats.toString())
                .isZero();
        driver.run(nets -> {
            assertThat(fabric.stats(tap).refused()).isZero();
            assertThat(fabric.stats(netback).refused()).isZero();
        });
        for (String counter : List.of(
                "Udp InCsumErrors", "Udp RcvbufErrors", "Icmp InCsumErrors", "Ip InHdrErrors", "Ip ReasmFails")) {
            String[] words = counter.split(" ", -1);
            assertThat(kernel(words[0], words[1])).as(counter).isZero();
        }
    }

    /** Takes all of it apart; nothing may be left of it on the host. */
    @Override
    public void close() {
        try (xen) {
            guest.close();
            driver.run(nets -> {
                fabric.detach(tap);
                tap.close();
            });
            driver.stopServices();
            driver.run(nets -> fabric.close());
            xen.assertNoErrors();
            xen.assertNothingLeaked();
        }
    }
}
