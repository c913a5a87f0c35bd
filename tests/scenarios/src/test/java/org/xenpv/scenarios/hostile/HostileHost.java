package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.xenpv.backends.block.BlkbackConfig;
import org.xenpv.backends.block.BlkbackService;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.blkfront.BlkGeometry;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.blkfront.BlkfrontConfig;
import org.xenpv.blkfront.BlkfrontDevice;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenException;
import org.xenpv.scenarios.hostile.HostileBlkback.Request;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenbusState;

/**
 * A guest with two disks: {@code xvda} from a {@link HostileBlkback} in a driver domain of its own, {@code xvdb} from an
 * honest backend in another. Whatever happens to the first, the second works.
 */
final class HostileHost extends GuestUnderAttack {

    static final int SECTORS = 2048;

    /** No merging, no indirect requests: one operation of a page is one request. */
    static final BlkfrontConfig PLAIN = BlkfrontConfig.DEFAULT
            .ringPageOrderMax(0)
            .requestBytes(4096)
            .indirectSegmentsMax(0)
            .persistentGrants(false);

    final HostileBlkback evil;
    final Blkfront healthy;
    BlkfrontDevice disk;

    private int healthyRounds;

    HostileHost(SimulatedXen xen) {
        this(xen, DomainConfig.named("guest"));
    }

    HostileHost(SimulatedXen xen, DomainConfig guestConfig) {
        super(xen, guestConfig);
        honestDomain.start(domain -> {
            MemoryStore store = MemoryStore.of(new byte[SECTORS * 512]);
            BlkbackService service =
                    new BlkbackService(domain, (params, writable) -> store, BlkbackConfig.DEFAULT, back -> {});
            service.start();
            return service;
        });
        this.device = xen.toolstack().attachBlock(guest, evilDomain, "xvda", Map.of());
        SimDevice second = xen.toolstack().attachBlock(guest, honestDomain, "xvdb", Map.of("params", "memory"));
        this.evil = new HostileBlkback(evilDomain, device);
        this.healthy = Blkfront.connect(guest.guest(), second.nodename());
    }

    // ---- the disk under attack

    /** Starts the frontend of the disk under attack. */
    BlkfrontDevice start(BlkfrontConfig config) {
        return start(config, seen -> seen);
    }

    BlkfrontDevice start(BlkfrontConfig config, UnaryOperator<XenGuest> view) {
        disk = new BlkfrontDevice(view.apply(guest.guest()), device.nodename(), config, new BlkfrontDevice.Listener() {
            @Override
            public void connected(BlkGeometry geometry) {
                wasTold("connected");
            }

            @Override
            public void resized(BlkGeometry geometry) {
                wasTold("resized " + geometry.sectors());
            }

            @Override
            public void ended(XenException reason) {
                wasEnded(reason);
            }
        });
        onGuest(() -> disk.start());
        return disk;
    }

    /** The whole handshake, with what the backend advertises. */
    HostileHost connect(BlkfrontConfig config, String... advertised) {
        return connect(config, seen -> seen, advertised);
    }

    HostileHost connect(BlkfrontConfig config, UnaryOperator<XenGuest> view, String... advertised) {
        start(config, view);
        handshake(advertised);
        return this;
    }

    void handshake(String... advertised) {
        evil.advertise(advertised);
        evil.attach();
        evil.connected(SECTORS);
    }

    /** After the toolstack has restored the guest: the device is attached to a domain with another id. */
    void adoptRestoredDevice() {
        device = attachedFrom(evilDomain);
        evil.device(device);
    }

    Caller submit(Caller caller) {
        onGuest(() -> disk.submit(caller.op));
        return caller;
    }

    /** Reads of a page each that cannot be merged, all submitted. */
    List<Caller> submitReads(int count) {
        List<Caller> callers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            callers.add(submit(Caller.reading(i * 16L, 4096)));
        }
        return callers;
    }

    /** The same, and waits until they are on the ring. */
    List<Request> takeReads(List<Caller> callers) {
        return evil.take(callers.size());
    }

    void awaitAnswers(List<Caller> callers) {
        awaitAnswers(callers, AT_ONCE);
    }

    void awaitAnswers(List<Caller> callers, Duration within) {
        boolean all = xen.runUntil(() -> callers.stream().allMatch(Caller::answered), within);
        assertThat(all).as("all callers answered within " + within).isTrue();
    }

    void assertDone(Caller caller) {
        assertThat(caller.answers).isEqualTo(1);
        assertThat(caller.error).isNull();
    }

    // ---- what must hold

    /**
     * BROKEN, whole: every caller has exactly one answer, the fault; later ones too; the ring is left alone; state Closing
     * and an error node; every page comes back but those the backend holds, which are in quarantine and come back when it lets
     * go; the other disk works.
     */
    void assertBroken(PeerFault fault, List<Caller> inFlight) {
        awaitAnswers(inFlight);
        for (Caller caller : inFlight) {
            assertThat(caller.answers).isEqualTo(1);
            assertFault(caller.error, fault);
        }
        long responses = disk.stats().responses();
        assertFault(catchThrowable(() -> submit(Caller.reading(0, 512))), fault);
        assertThat(disk.stats().faults()).isEqualTo(1);
        evil.requireFront(XenbusState.CLOSING);
        assertThat(errorNode()).startsWith(fault.name());
        assertHealthyDiskWorks();

        evil.rspProd(evil.reqProd());
        evil.event();
        xen.runFor(Duration.ofMillis(300));
        assertThat(disk.stats().responses()).as("ring not read any more").isEqualTo(responses);
        assertThat(inFlight).allMatch(caller -> caller.answers == 1);

        evil.state(XenbusState.CLOSED);
        awaitEnd();
        assertFault(endReason, fault);
        assertQuarantinedExactlyWhatIsHeld();
    }

    /** REFUSE: never connected; the reason names the key; every page comes back but what is held. */
    void assertRefused(String key) {
        awaitEnd();
        assertThat(told).containsExactly("ended");
        assertConfigFault(endReason, key);
        assertThat(errorNode()).startsWith(key);
        assertQuarantinedExactlyWhatIsHeld();
    }

    void assertQuarantinedExactlyWhatIsHeld() {
        assertQuarantinedExactlyWhatIsHeldBy(evil);
    }

    @Override
    void assertOtherDeviceWorks() {
        assertHealthyDiskWorks();
    }

    /** The device stays in service: one honest read goes through. */
    void assertInService() {
        int before = evil.reqProd();
        Caller caller = submit(Caller.reading(SECTORS - 8, 4096));
        List<Request> requests = evil.take(before + 1);
        Request read = requests.get(requests.size() - 1);
        evil.serve(read, 0x3c);
        evil.answer(read, 0);
        awaitAnswers(List.of(caller));
        assertDone(caller);
        assertThat(caller.buffer).containsOnly(0x3c);
        assertThat(disk.stats().faults()).isZero();
        assertHealthyDiskWorks();
    }

    void assertHealthyDiskWorks() {
        byte[] bytes = new byte[8192];
        Arrays.fill(bytes, (byte) ++healthyRounds);
        long startNs = xen.clock().nanoTime();
        healthy.write(0, ByteBuffer.wrap(bytes)).join();
        ByteBuffer back = ByteBuffer.allocate(8192);
        healthy.read(0, back).join();
        assertThat(back.array()).isEqualTo(bytes);
        assertThat(xen.clock().nanoTime() - startNs)
                .as("time the healthy disk took")
                .isLessThan(AT_ONCE.toNanos());
    }

    /** Everything is let go and closed: what is left then is a leak, which the host looks for. */
    @Override
    public void close() {
        if (evilDomain.isAlive()) {
            evil.letGo();
        }
        if (disk != null && !told.contains("ended")) {
            onGuest(() -> disk.close());
            awaitEnd();
        }
        healthy.close();
        honestDomain.stopServices();
    }
}
