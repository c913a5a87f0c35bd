package org.xenpv.scenarios.rings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xenpv.fault.PeerFault;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifAbi;
import org.xenpv.io.blkif.BlkifRequest;
import org.xenpv.io.blkif.BlkifRequestCopy;
import org.xenpv.io.blkif.BlkifRequestSegment;
import org.xenpv.io.blkif.BlkifResponse;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.ring.BackRing;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;
import org.xenpv.testkit.memory.FlipOnSecondRead;
import org.xenpv.testkit.memory.InterleavingMemory;
import org.xenpv.testkit.ring.RingModelRun;

/** The attacks on ring indices and slots, one scripted test per row, with the fault each must end in. */
class RingAttacksTest {

    private static final int NR_ENTS = 32;

    private final ChronicleMemory page = ChronicleMemory.allocatePages(1);

    @AfterEach
    void close() {
        page.close();
    }

    private FrontRing frontWith(int published, int startIndex) {
        RingModelRun.initPage(page, startIndex);
        FrontRing front = FrontRing.attach(new SharedRing(page, BlkifRequest.SLOT_BYTES), startIndex);
        assertThat(front.nrEnts()).isEqualTo(NR_ENTS);
        for (int i = 0; i < published; i++) {
            front.nextRequest();
        }
        front.pushRequests();
        return front;
    }

    private void claimResponses(int rspProd) {
        page.putInt(SharedRing.RSP_PROD_OFFSET, rspProd);
    }

    @Test
    void r1_shouldBreak_whenTheResponseProducerJumpsBeyondTheRing() {
        FrontRing front = frontWith(NR_ENTS, 0);
        claimResponses(NR_ENTS);
        assertThat(front.unconsumedResponses()).isEqualTo(NR_ENTS);
        claimResponses(NR_ENTS + 1);
        assertThat(front.unconsumedResponses()).isEqualTo(FrontRing.BROKEN);
        assertThat(front.fault()).isEqualTo(PeerFault.RSP_PROD_OVERFLOW);
        claimResponses(NR_ENTS);
        assertThat(front.unconsumedResponses()).as("for good").isEqualTo(FrontRing.BROKEN);
    }

    @Test
    void r1_shouldBreak_whenTheRequestProducerJumpsBeyondTheRing() {
        RingModelRun.initPage(page, 0);
        BackRing back = BackRing.attach(new SharedRing(page, BlkifRequest.SLOT_BYTES), 0);
        page.putInt(SharedRing.REQ_PROD_OFFSET, NR_ENTS);
        assertThat(back.unconsumedRequests()).isEqualTo(NR_ENTS);
        page.putInt(SharedRing.REQ_PROD_OFFSET, NR_ENTS + 1);
        assertThat(back.unconsumedRequests()).isEqualTo(BackRing.BROKEN);
        assertThat(back.fault()).isEqualTo(PeerFault.REQ_PROD_OVERFLOW);
    }

    @Test
    void r2_shouldBreak_whenMoreIsAnsweredThanWasAsked_thoughItFitsTheRing() {
        FrontRing front = frontWith(3, 0);
        claimResponses(3);
        assertThat(front.unconsumedResponses()).isEqualTo(3);
        FrontRing other = frontWith(3, 0);
        claimResponses(4);
        assertThat(other.unconsumedResponses()).isEqualTo(FrontRing.BROKEN);
        assertThat(other.fault()).isEqualTo(PeerFault.RSP_PROD_OVERFLOW);
    }

    @Test
    void r2_shouldNotCountRequests_thatAreOnlyStaged() {
        FrontRing front = frontWith(3, 0);
        front.nextRequest();
        claimResponses(4);
        assertThat(front.unconsumedResponses()).isEqualTo(FrontRing.BROKEN);
    }

    @Test
    void r3_shouldBreak_whenTheProducerGoesBackBelowWhatWasConsumed() {
        FrontRing front = frontWith(4, 0);
        claimResponses(2);
        assertThat(front.unconsumedResponses()).isEqualTo(2);
        front.nextResponse();
        front.nextResponse();
        claimResponses(1);
        assertThat(front.unconsumedResponses()).isEqualTo(FrontRing.BROKEN);
        assertThat(front.fault()).isEqualTo(PeerFault.RSP_PROD_OVERFLOW);
    }

    @Test
    void r3_shouldBreak_whenTheProducerGoesBackBetweenTwoLooks() {
        FrontRing front = frontWith(4, 0);
        claimResponses(3);
        assertThat(front.unconsumedResponses()).isEqualTo(3);
        front.nextResponse();
        claimResponses(2);
        assertThat(front.unconsumedResponses()).isEqualTo(FrontRing.BROKEN);
        assertThat(front.fault()).isEqualTo(PeerFault.PROD_BACKWARDS);
    }

    @Test
    void r4_shouldGoOn_whenTheProducerWraps() {
        for (int startIndex : new int[] {0xffff_fffe, 0x7fff_fffe}) {
            FrontRing front = frontWith(4, startIndex);
            claimResponses(startIndex + 1);
            assertThat(front.unconsumedResponses()).isEqualTo(1);
            claimResponses(startIndex + 4);
            assertThat(front.unconsumedResponses()).isEqualTo(4);
            for (int i = 0; i < 4; i++) {
                front.nextResponse();
            }
            assertThat(startIndex < 0).as("wrapped").isNotEqualTo(front.rspCons() < 0);
            assertThat(front.unconsumedResponses()).isZero();
            assertThat(front.freeRequests()).isEqualTo(NR_ENTS);
        }
    }

    /** The peer rewrites the slot before every access there is; the copy is of one value or the other, field by field. */
    @Test
    void r5_shouldDecideOnTheCopy_whenTheResponseIsRewritten() {
        InterleavingMemory memory = new InterleavingMemory(page);
        BlkifResponse response = new BlkifResponse();
        long accesses = 1;
        for (long position = 0; position <= accesses; position++) {
            BlkifResponse.put(page, 64, 5, Blkif.BLKIF_OP_READ, Blkif.BLKIF_RSP_OKAY);
            memory.beforeAccess(
                    position, () -> BlkifResponse.put(page, 64, 0xffff_ffff_0000_0005L, 9, Blkif.BLKIF_RSP_ERROR));
            response.copyFrom(memory, 64);
            accesses = memory.accesses();
            long id = response.id();
            short status = response.status();
            BlkifResponse.put(page, 64, 77, 8, (short) -2);
            assertThat(response.id()).isEqualTo(id).isIn(5L, 0xffff_ffff_0000_0005L);
            assertThat(response.status()).isEqualTo(status).isIn(Blkif.BLKIF_RSP_OKAY, Blkif.BLKIF_RSP_ERROR);
        }
        assertThat(accesses).isPositive();
    }

    @Test
    void r5_shouldReadEveryByteOfASlotOnce_whateverItHolds() {
        for (BlkifAbi abi : BlkifAbi.values()) {
            for (int operation = 0; operation < 256; operation++) {
                page.zero(0, page.sizeBytes());
                page.putInt(64, operation | 0xff00);
                FlipOnSecondRead memory = new FlipOnSecondRead(page);
                new BlkifRequestCopy().copyFrom(memory, 64, abi);
                assertThat(memory.readsOf(0, page.sizeBytes())).isEqualTo(1);
                assertThat(memory.readsOf(0, 64)).isZero();
                int after = 64 + abi.slotBytes();
                assertThat(memory.readsOf(after, page.sizeBytes() - after)).isZero();
            }
        }
        FlipOnSecondRead memory = new FlipOnSecondRead(page);
        new BlkifResponse().copyFrom(memory, 64);
        assertThat(memory.readsOf(0, page.sizeBytes())).isEqualTo(1);
    }

    /** That the double would have found it: a back that judges a field in the slot and then uses it there. */
    @Test
    void r5_shouldCatch_whoeverDecidesInTheSlot() {
        BlkifRequest.putHeader(page, 64, Blkif.BLKIF_OP_READ, 2, 0, 1, 0);
        FlipOnSecondRead memory = new FlipOnSecondRead(page);
        int judged = BlkifRequest.nrSegments(memory, 64);
        assertThat(judged).isLessThanOrEqualTo(Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST);
        int used = BlkifRequest.nrSegments(memory, 64);
        assertThat(used).isGreaterThan(Blkif.BLKIF_MAX_SEGMENTS_PER_REQUEST);
        assertThat(memory.readsOf(65)).isEqualTo(2);
        BlkifRequestSegment.put(page, 88, 1, 0, 7);
        memory.newPass();
        long segment = BlkifRequestSegment.load(memory, 88);
        assertThat(BlkifRequestSegment.lastSect(segment)).isEqualTo(7);
        assertThat(memory.readsOf(88, 8)).isEqualTo(1);
    }

    @Test
    void r8_shouldNotifyAsBefore_whenThePeerForgesOurProducer() {
        FrontRing front = frontWith(0, 0);
        front.nextRequest();
        page.putInt(SharedRing.REQ_PROD_OFFSET, 1);
        assertThat(front.pushRequestsAndCheckNotify()).isTrue();
        front.nextRequest();
        page.putInt(SharedRing.REQ_PROD_OFFSET, 0);
        assertThat(front.pushRequestsAndCheckNotify()).isFalse();
        assertThat(page.getInt(SharedRing.REQ_PROD_OFFSET)).isEqualTo(2);
    }

    /** What the ring owes the driver's counting: an endless stream of responses ends with the requests. */
    @Test
    void r12_shouldDeliverNoMoreResponsesThanRequests_whenThePeerNeverStops() {
        FrontRing front = frontWith(10, -5);
        int delivered = 0;
        for (int look = 1; front.fault() == null; look++) {
            claimResponses(-5 + look);
            for (int ready = front.unconsumedResponses(); ready > 0; ready--) {
                front.nextResponse();
                delivered++;
            }
        }
        assertThat(delivered).isEqualTo(10);
        assertThat(front.fault()).isEqualTo(PeerFault.RSP_PROD_OVERFLOW);
        assertThat(front.finalCheckForResponses()).as("must not sleep").isTrue();
    }

    @Test
    void shouldRefuseMisuse_ofItsOwnCaller() {
        FrontRing front = frontWith(NR_ENTS, 0);
        assertThatThrownBy(front::nextRequest).isInstanceOf(IllegalStateException.class);
        BackRing back = BackRing.attach(new SharedRing(page, BlkifRequest.SLOT_BYTES), 0);
        assertThatThrownBy(back::nextResponse).isInstanceOf(IllegalStateException.class);
    }
}
