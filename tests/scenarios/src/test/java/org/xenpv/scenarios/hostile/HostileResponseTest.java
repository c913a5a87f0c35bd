package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.blkfront.BlkQueue;
import org.xenpv.blkfront.BlkRequest;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenIoException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.scenarios.hostile.HostileBlkback.Request;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.testkit.xen.SimulatedXenTest;

/** Rows I: what a backend can answer. I11, I12 and I13 are in blkfront's own BlkfrontTest. */
class HostileResponseTest {

    private static final int REQUESTS = 32;

    @ParameterizedTest
    @ValueSource(longs = {REQUESTS, 0x1_0000_0020L, 0x7fff_ffffL, 0x8000_0000L, 0xffff_ffffL, -1L, Long.MIN_VALUE + 32})
    @OnSimulatedXen
    void I1_anIdPastTheTableBreaksTheDevice(long id, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Caller> callers = host.submitReads(3);
            List<Request> reads = host.takeReads(callers);
            host.evil.put(id, Blkif.BLKIF_OP_READ, 0);
            host.evil.put(reads.get(1), 0);
            host.evil.publish();
            host.evil.event();
            host.assertBroken(PeerFault.BAD_ID, callers); // the good answer behind it is not delivered
        }
    }

    @SimulatedXenTest
    void I2_idsAreASmallIndexAndACount_neverAnAddress(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            int total = 0;
            for (int lap = 1; lap <= 3; lap++) {
                List<Caller> callers = host.submitReads(REQUESTS);
                total += REQUESTS;
                List<Request> reads = host.evil.take(total);
                Set<Integer> indices = new HashSet<>();
                for (Request read : reads) {
                    assertThat((int) read.id()).isBetween(0, REQUESTS - 1);
                    assertThat(read.id() >>> 32).isEqualTo(lap);
                    indices.add((int) read.id());
                    host.evil.put(read, 0);
                }
                assertThat(indices).hasSize(REQUESTS);
                host.evil.publish();
                host.evil.event();
                host.awaitAnswers(callers);
                callers.forEach(host::assertDone);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {5, 0x1_0000_0005L, 0, 0x1_0000_0003L})
    @OnSimulatedXen
    void I3_anIdThatIsNotInFlightBreaksTheDevice(long id, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Caller> callers = host.submitReads(3);
            host.takeReads(callers);
            host.evil.put(id, Blkif.BLKIF_OP_READ, 0);
            host.evil.publish();
            host.evil.event();
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, callers);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @OnSimulatedXen
    void I4_theSameIdTwiceBreaksTheDevice(boolean inOneBatch, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Caller> callers = host.submitReads(3);
            List<Request> reads = host.takeReads(callers);
            host.evil.put(reads.get(0), 0);
            if (!inOneBatch) {
                host.evil.publish();
                host.evil.event();
                host.awaitAnswers(callers.subList(0, 1));
            }
            host.evil.put(reads.get(0), 0);
            host.evil.publish();
            host.evil.event();
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, callers.subList(1, 3));
            host.assertDone(callers.get(0));
        }
    }

    @SimulatedXenTest
    void I4_aLateSecondAnswerIsCaught_thoughItsIndexIsInUseAgain(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN.requestsPerQueue(1))) {
            Caller first = host.submit(Caller.reading(0, 4096));
            Request read = host.evil.take(1).get(0);
            host.evil.answer(read, 0);
            host.awaitAnswers(List.of(first));
            Caller second = host.submit(Caller.reading(8, 4096));
            assertThat((int) host.evil.take(2).get(0).id()).isEqualTo((int) read.id());
            host.evil.put(read, 0);
            host.evil.publish();
            host.evil.event();
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, List.of(second));
            host.assertDone(first);
        }
    }

    @SimulatedXenTest
    void I4_anIndexIsUsedAgainLastOfAll(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Integer> indices = new ArrayList<>();
            for (int i = 1; i <= REQUESTS; i++) {
                Caller caller = host.submit(Caller.reading(0, 4096));
                Request read = host.evil.take(i).get(0);
                indices.add((int) read.id());
                host.evil.answer(read, 0);
                host.awaitAnswers(List.of(caller));
            }
            assertThat(indices).doesNotHaveDuplicates();
        }
    }

    @SimulatedXenTest
    void I5_aRequestThatWasNotPublishedCannotBeAnswered(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Integer> statuses = new ArrayList<>();
            host.onGuest(() -> {
                BlkQueue queue = host.disk.queue(0);
                queue.submit(queue.acquire().read(0, 4096, done -> statuses.add(done.status())));
                queue.push();
                queue.submit(queue.acquire().read(8, 4096, done -> statuses.add(done.status())));
                // not pushed, and the loop does not get to it before it looks at the ring
                host.evil.put(0x1_0000_0001L, Blkif.BLKIF_OP_READ, 0);
                host.evil.publish();
                queue.poll(64);
            });
            assertThat(statuses).containsExactly(BlkRequest.LOST, BlkRequest.LOST);
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, List.of());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0x1_0000_0000L, 0x4000_0000_0000_0000L, 0x8000_0000_0000_0000L, 0xffff_ffff_0000_0000L})
    @OnSimulatedXen
    void I6_theWholeIdCounts_notOnlyTheHalfThatIsAnIndex(long added, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Caller> callers = host.submitReads(3);
            List<Request> reads = host.takeReads(callers);
            host.evil.put(reads.get(1).id() + added, Blkif.BLKIF_OP_READ, 0);
            host.evil.publish();
            host.evil.event();
            host.assertBroken(PeerFault.ID_NOT_IN_FLIGHT, callers);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Blkif.BLKIF_OP_WRITE, Blkif.BLKIF_OP_FLUSH_DISKCACHE, Blkif.BLKIF_OP_INDIRECT, 99, 255})
    @OnSimulatedXen
    void I8_anAnswerToAnotherOperationBreaksTheDevice(int operation, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Caller> callers = host.submitReads(2);
            List<Request> reads = host.takeReads(callers);
            host.evil.put(reads.get(0).id(), operation, 0);
            host.evil.publish();
            host.evil.event();
            host.assertBroken(PeerFault.OPERATION_MISMATCH, callers);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, -1, -2, -3, -77, 255, 256, Short.MAX_VALUE, Short.MIN_VALUE})
    @OnSimulatedXen
    void I9_onlyOkayIsSuccess(int status, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            Caller read = host.submit(Caller.reading(0, 4096));
            Caller write = host.submit(Caller.writing(64, new byte[4096]));
            List<Request> requests = host.evil.take(2);
            host.evil.serve(requests.get(0), 0x11);
            requests.forEach(request -> host.evil.put(request, status));
            host.evil.publish();
            host.evil.event();
            host.awaitAnswers(List.of(read, write));
            for (Caller caller : List.of(read, write)) {
                assertThat(caller.answers).isEqualTo(1);
                assertThat(caller.error).isInstanceOf(XenIoException.class);
                assertThat(((XenIoException) caller.error).status()).isEqualTo(status);
            }
            assertThat(read.buffer).containsOnly(Caller.UNTOUCHED);
            host.assertInService();
        }
    }

    @SimulatedXenTest
    void I10_answersMayComeInAnyOrder_andEachCallerGetsItsOwn(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen).connect(HostileHost.PLAIN)) {
            List<Caller> callers = host.submitReads(REQUESTS);
            List<Request> reads = host.takeReads(callers);
            for (int i = 0; i < REQUESTS; i++) {
                Request read = reads.get(i * 13 % REQUESTS);
                int whose = (int) (read.sector() / 16);
                host.evil.serve(read, whose);
                host.evil.answer(read, 0);
                host.awaitAnswers(callers.subList(whose, whose + 1));
                assertThat(callers.stream().filter(Caller::answered)).hasSize(i + 1);
                host.assertDone(callers.get(whose));
                assertThat(callers.get(whose).buffer).containsOnly(whose);
            }
            host.assertInService();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1"})
    @OnSimulatedXen
    void I14_aReadThatWroteNothingShowsZeros_neverWhatStoodInThePage(String persistent, SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)
                .connect(
                        HostileHost.PLAIN.persistentGrants(true).requestsPerQueue(1),
                        "feature-persistent",
                        persistent)) {
            byte[] canary = new byte[4096];
            Arrays.fill(canary, (byte) 0x5a);
            Caller write = host.submit(Caller.writing(0, canary));
            host.evil.answer(host.evil.take(1).get(0), 0);
            host.awaitAnswers(List.of(write));
            host.assertDone(write);

            Caller read = host.submit(Caller.reading(8, 4096));
            Request request = host.evil.take(2).get(0);
            host.evil.answer(request, 0);
            host.awaitAnswers(List.of(read));
            host.assertDone(read);
            assertThat(read.buffer).containsOnly(0);
            host.assertInService();
        }
    }

    @SimulatedXenTest
    void I15_B10_aPersistentPageMayChangeAtAnyTime_andNobodySeesIt(SimulatedXen xen) {
        try (HostileHost host = new HostileHost(xen)
                .connect(HostileHost.PLAIN.persistentGrants(true).requestsPerQueue(1), "feature-persistent", "1")) {
            byte[] mine = new byte[4096];
            Arrays.fill(mine, (byte) 0x21);
            Caller write = host.submit(Caller.writing(0, mine));
            Request request = host.evil.take(1).get(0);
            MappedPages kept = host.evil.map(request, GrantAccess.READ_WRITE);
            assertThat(HostileBlkback.bytes(kept)).isEqualTo(mine);
            HostileBlkback.fill(kept, 0xee);
            host.evil.answer(request, 0);
            host.awaitAnswers(List.of(write));
            host.assertDone(write);
            assertThat(mine).containsOnly(0x21); // the caller's memory was never shared

            byte[][] atCompletion = new byte[1][];
            Caller read = host.submit(Caller.reading(8, 4096).then(caller -> {
                atCompletion[0] = caller.buffer.clone();
                HostileBlkback.fill(kept, 0x66);
            }));
            request = host.evil.take(2).get(0);
            assertThat(HostileBlkback.bytes(kept)).as("zeroed before reuse").containsOnly(0);
            HostileBlkback.fill(kept, 0x44);
            host.evil.answer(request, 0);
            host.awaitAnswers(List.of(read));
            host.assertDone(read);
            HostileBlkback.fill(kept, 0x67);
            assertThat(read.buffer).containsOnly(0x44).isEqualTo(atCompletion[0]);
            assertThat(host.disk.stats().faults()).isZero();
        }
    }
}
