package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.blkfront.BlkQueue;
import org.xenpv.blkfront.BlkRequest;
import org.xenpv.blkfront.BlkfrontConfig;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenIoException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.GrantLedger;
import org.xenpv.grant.GrantMapException;
import org.xenpv.grant.GrantedPages;
import org.xenpv.grant.MappedPages;
import org.xenpv.io.blkif.BlkifKeys;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.SharedRing;
import org.xenpv.scenarios.hostile.HostileBlkback.Request;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;
import org.xenpv.xenbus.XenbusState;

/** Rows B and G: what a backend says of the disk, and what it does with our pages. */
class HostileDiskTest {

    @SimulatedXenTest
    void B3_aDiskWhoseUnitIsNotCertainIsRefused(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            host.start(HostileHost.PLAIN);
            host.evil.advertise();
            host.evil.attach();
            host.evil.write(BlkifKeys.SECTORS, "2048", BlkifKeys.SECTOR_SIZE, "4096", "state", "4");
            host.assertRefused(BlkifKeys.SECTOR_SIZE);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "", "12x", "9223372036854775808", "99999999999999999999999999999999999999999"})
    @OnSimulatedXen
    void B4_aSizeThatCannotBeBreaksADiskInUse_andAnswersItsCallersAtOnce(String sectors, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Caller> callers = host.submitReads(3);
            host.takeReads(callers);
            host.evil.write(BlkifKeys.SECTORS, sectors, "state", "4");
            host.awaitAnswers(callers);
            for (Caller caller : callers) {
                assertThat(caller.answers).isEqualTo(1);
                HostileHost.assertConfigFault(caller.error, BlkifKeys.SECTORS);
            }
            assertThatThrownBy(() -> host.submit(Caller.reading(0, 512)))
                    .satisfies(error -> HostileHost.assertConfigFault(error, BlkifKeys.SECTORS));
            host.evil.requireFront(XenbusState.CLOSING);
            assertThat(host.errorNode()).startsWith(BlkifKeys.SECTORS);
            assertThat(host.disk.geometry().sectors()).isEqualTo(HostileHost.SECTORS);
            host.awaitEnd(); // the backend does not move: by deadlines alone
            host.assertQuarantinedExactlyWhatIsHeld();
        }
    }

    @SimulatedXenTest
    void B4_aDiskThatShrinksUnderItsCallersFailsWhatLiesBeyond_andStaysUp(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            Caller beyond = host.submit(Caller.reading(HostileHost.SECTORS - 8, 4096));
            Caller within = host.submit(Caller.reading(0, 4096));
            List<Request> reads = host.evil.take(2);
            host.evil.write(BlkifKeys.SECTORS, "1024", "state", "4");
            host.awaitAnswers(List.of(beyond));
            assertThat(beyond.error).isInstanceOf(XenIoException.class);
            assertThat(within.answered()).isFalse();

            host.evil.serve(reads.get(0), 1); // an answer for one who was told long ago
            host.evil.answer(reads.get(0), 0);
            host.evil.serve(reads.get(1), 2);
            host.evil.answer(reads.get(1), 0);
            host.awaitAnswers(List.of(within));
            host.assertDone(within);
            assertThat(within.buffer).containsOnly(2);
            assertThat(beyond.answers).isEqualTo(1);
            assertThat(beyond.buffer).containsOnly(Caller.UNTOUCHED);
            assertThatThrownBy(() -> host.submit(Caller.reading(1024, 512)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(host.disk.stats().faults()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"4294967295", "18446744073709551615", "99999999999999999999999999999999999999999"})
    @OnSimulatedXen
    void B5_B6_numbersThatAreTooLargeAreClampedToOurOwn_beforeAnythingIsAllocated(String huge, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            BlkfrontConfig config = BlkfrontConfig.DEFAULT
                    .ringPageOrderMax(1)
                    .queuesMax(2)
                    .requestsPerQueue(8)
                    .indirectSegmentsMax(16)
                    .requestBytes(64 * 1024);
            host.start(config);
            host.evil.advertise(
                    BlkifKeys.MAX_RING_PAGE_ORDER, huge,
                    BlkifKeys.MULTI_QUEUE_MAX_QUEUES, huge,
                    BlkifKeys.FEATURE_MAX_INDIRECT_SEGMENTS, huge);
            assertThat(host.evil.front(BlkifKeys.RING_PAGE_ORDER)).isEqualTo("1");
            assertThat(host.evil.front(BlkifKeys.MULTI_QUEUE_NUM_QUEUES)).isEqualTo("2");
            assertThat(host.lent()).isEqualTo(2 * 2); // rings
            host.evil.connected(2048);
            host.evil.requireFront(XenbusState.CONNECTED);
            assertThat(host.lent()).isEqualTo(2 * (2 + 8 + 8 * 16)); // and lists of segments, and data
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"read", "write"})
    @OnSimulatedXen
    void B9_G6_aPageThatIsStillMappedWhenAnsweredBreaksTheDevice_andIsQuarantined(String kind, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            boolean read = kind.equals("read");
            Caller victim = host.submit(read ? Caller.reading(0, 4096) : Caller.writing(0, new byte[4096]));
            List<Caller> callers = new ArrayList<>(List.of(victim));
            callers.addAll(host.submitReads(3));
            Request request = host.evil.take(4).get(0);
            MappedPages kept = host.evil.map(request, read ? GrantAccess.READ_WRITE : GrantAccess.READ_ONLY);
            if (read) {
                HostileBlkback.fill(kept, 0x13);
            }
            host.evil.answer(request, 0);
            host.awaitAnswers(callers);
            assertThat(victim.buffer).containsOnly(read ? Caller.UNTOUCHED : 0); // never delivered
            host.assertBroken(PeerFault.GRANT_STILL_MAPPED, callers); // ring and page in quarantine, and back
        }
    }

    @SimulatedXenTest
    void B9_onePageOfManyIsEnough(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN.requestBytes(32 * 1024))) {
            Caller caller = host.submit(Caller.reading(0, 32 * 1024));
            Request request = host.evil.take(1).get(0);
            assertThat(request.grefs()).hasSize(8);
            host.evil.map(new int[] {request.grefs()[3]}, GrantAccess.READ_ONLY);
            host.evil.answer(request, 0);
            host.assertBroken(PeerFault.GRANT_STILL_MAPPED, List.of(caller));
        }
    }

    @SimulatedXenTest
    void B10_onlyNegotiatedGrantsStay_othersAreRevokedBeforeTheAnswerCounts(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            Caller[] caller = new Caller[1];
            Request[] request = new Request[1];
            boolean[] refused = new boolean[1];
            caller[0] = host.submit(Caller.reading(0, 4096));
            request[0] = host.evil.take(1).get(0);
            host.evil.serve(request[0], 8);
            host.evil.answer(request[0], 0);
            host.awaitAnswers(List.of(caller[0]));
            assertThatThrownBy(() -> host.evil.map(request[0], GrantAccess.READ_ONLY))
                    .isInstanceOf(GrantMapException.class);
            assertThat(caller[0].buffer).containsOnly(8);
            host.assertInService();
        }
    }

    @SimulatedXenTest
    void B12_thePagesOfAWriteCannotBeMappedToBeWritten(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            Caller write = host.submit(Caller.writing(0, new byte[4096]));
            Request request = host.evil.take(1).get(0);
            assertThatThrownBy(() -> host.evil.map(request, GrantAccess.READ_WRITE))
                    .isInstanceOf(GrantMapException.class);
            host.evil.unmap(host.evil.map(request, GrantAccess.READ_ONLY));
            host.evil.answer(request, 0);
            host.awaitAnswers(List.of(write));
            host.assertDone(write);
            host.assertInService();
        }
    }

    @SimulatedXenTest
    void B14_noPageOfANewConnectionShowsWhatStoodInMemoryBefore(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)) {
            int honest = host.honestDomain.domid();
            List<GrantedPages> dirty = new ArrayList<>();
            host.onGuest(() -> {
                for (int size = 512; size > 0; size /= 2) {
                    try {
                        while (true) {
                            dirty.add(host.guest.guest().grants().grant(honest, size, GrantAccess.READ_WRITE, "dirt"));
                        }
                    } catch (GrantExhaustedException e) {
                        continue; // smaller ones may still fit
                    }
                }
                for (GrantedPages pages : dirty) {
                    for (int at = 0; at < pages.memory().sizeBytes(); at += 8) {
                        pages.memory().putLong(at, 0xa5a5_a5a5_a5a5_a5a5L);
                    }
                }
                dirty.forEach(GrantedPages::release);
            });
            host.connect(
                    BlkfrontConfig.DEFAULT.requestsPerQueue(4),
                    BlkifKeys.FEATURE_PERSISTENT,
                    "1",
                    BlkifKeys.MAX_RING_PAGE_ORDER,
                    "2",
                    BlkifKeys.FEATURE_MAX_INDIRECT_SEGMENTS,
                    "32");
            int looked = 0;
            for (GrantLedger.Entry entry :
                    host.guest.call(g -> g.grants().ledger().entries())) {
                if (entry.domid() == host.evilDomain.domid()) {
                    MappedPages page = host.evil.map(new int[] {entry.gref()}, GrantAccess.READ_ONLY);
                    for (byte b : HostileBlkback.bytes(page)) {
                        assertThat(b).as(entry.purpose()).isBetween((byte) 0, (byte) 1); // the ring's indices
                    }
                    host.evil.unmap(page);
                    looked++;
                }
            }
            assertThat(looked).isEqualTo(4 + 4 + 4 * 32);
        }
    }

    @SimulatedXenTest
    void B16_aDiskThatSaysItIsReadOnlyAfterAllChangesNothing_untilItFailsAWrite(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            host.evil.write(BlkifKeys.MODE, "r", BlkifKeys.INFO, "4", "state", "4");
            xen.runFor(Duration.ofMillis(5));
            assertThat(host.disk.geometry().readOnly()).isFalse();
            Caller write = host.submit(Caller.writing(0, new byte[4096]));
            host.evil.answer(host.evil.take(1).get(0), -1);
            host.awaitAnswers(List.of(write));
            assertThat(write.error).isInstanceOf(XenIoException.class);
            host.assertInService();
        }
    }

    @SimulatedXenTest
    void B17_brokenAnswersEveryone_inFlightWaitingFlushingAndRaw(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)
                .connect(HostileHost.PLAIN.requestsPerQueue(8), BlkifKeys.FEATURE_FLUSH_CACHE, "1")) {
            List<Integer> raw = new ArrayList<>();
            host.onGuest(() -> {
                BlkQueue queue = host.disk.queue(0);
                BlkRequest request = queue.acquire();
                queue.submit(request.read(0, 4096, done -> raw.add(done.status())));
                queue.push();
            });
            List<Caller> callers = new ArrayList<>(host.submitReads(30));
            callers.add(host.submit(Caller.flushing()));
            callers.add(host.submit(Caller.writing(0, new byte[512 * 100])));
            assertThat(host.evil.take(8)).hasSize(8);
            host.evil.put(-1, 0, 0);
            host.evil.publish();
            host.evil.event();
            host.assertBroken(PeerFault.BAD_ID, callers);
            assertThat(raw).containsExactly(BlkRequest.LOST);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1"})
    @OnSimulatedXen
    void G2_aPageStillMappedOnReleaseIsNotUsedAgain_beforeTheBackendLetsGo(String persistent, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)
                .connect(HostileHost.PLAIN.persistentGrants(true), BlkifKeys.FEATURE_PERSISTENT, persistent)) {
            Caller read = host.submit(Caller.reading(0, 4096));
            Request request = host.evil.take(1).get(0);
            MappedPages kept = host.evil.map(request, GrantAccess.READ_WRITE);
            Set<Integer> keptRefs = new HashSet<>(List.of(request.grefs()[0]));
            keptRefs.add(Integer.parseInt(host.evil.front(BlkifKeys.RING_REF)));
            SharedMemory keptRing = host.evil.memory();

            // The backend goes away with a request in flight, keeps ring and page, and comes back.
            host.evil.state(XenbusState.CLOSED);
            host.evil.requireFront(XenbusState.CLOSED);
            assertThat(host.lent()).isZero();
            assertThat(host.quarantined()).isEqualTo(2).isEqualTo(host.evil.heldPages());
            host.handshake();

            for (GrantLedger.Entry entry :
                    host.guest.call(g -> g.grants().ledger().entries())) {
                assertThat(entry.quarantined()).isEqualTo(keptRefs.contains(entry.gref()));
            }
            List<Request> again = host.evil.take(1);
            HostileBlkback.fill(kept, 0xbd);
            for (int at = 0; at < SharedMemory.PAGE_BYTES; at += 4) {
                keptRing.putInt(at, 0xbdbdbdbd);
            }
            MappedPages now = host.evil.map(again.get(0), GrantAccess.READ_WRITE);
            assertThat(HostileBlkback.bytes(now)).containsOnly(0);
            assertThat(host.evil.memory().getInt(SharedRing.REQ_PROD_OFFSET)).isEqualTo(1);
            HostileBlkback.fill(now, 0x31);
            host.evil.unmap(now);
            host.evil.answer(again.get(0), 0);
            host.awaitAnswers(List.of(read));
            host.assertDone(read);
            assertThat(read.buffer).containsOnly(0x31);
            assertThat(host.quarantined()).isEqualTo(2);

            host.evil.unmap(kept);
            assertThat(xen.runUntil(() -> host.quarantined() == 1, HostileHost.A_WHILE))
                    .isTrue();
        }
    }
}
