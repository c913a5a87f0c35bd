package org.xenpv.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.PeerFault;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** The front half against a page that the test writes the back's words into. Rows R1 to R5 are named after attacks. */
class FrontRingTest {

    private static final int SLOT_BYTES = 112;
    private static final int NR_ENTS = 32;

    private final ChronicleMemory page = ChronicleMemory.allocatePages(1);

    @AfterEach
    void release() {
        page.close();
    }

    private FrontRing ring(int index) {
        SharedRing shared = new SharedRing(page, SLOT_BYTES);
        shared.init(index);
        return FrontRing.attach(shared, index);
    }

    private static void submit(FrontRing ring, int count) {
        for (int i = 0; i < count; i++) {
            ring.nextRequest();
        }
        ring.pushRequests();
    }

    private void rspProd(int index) {
        page.putIntRelease(SharedRing.RSP_PROD_OFFSET, index);
    }

    @Test
    void shouldWriteThePageOfTheHeader_whenInitialised() {
        page.putLong(16, -1);
        page.putLong(56, -1);
        page.putLong(64, -1);
        FrontRing ring = FrontRing.init(new SharedRing(page, SLOT_BYTES));
        assertThat(page.getInt(SharedRing.REQ_PROD_OFFSET)).isZero();
        assertThat(page.getInt(SharedRing.RSP_PROD_OFFSET)).isZero();
        assertThat(page.getInt(SharedRing.REQ_EVENT_OFFSET)).isEqualTo(1);
        assertThat(page.getInt(SharedRing.RSP_EVENT_OFFSET)).isEqualTo(1);
        for (int at = SharedRing.PVT_OFFSET; at < SharedRing.RING_OFFSET; at += 8) {
            assertThat(page.getLong(at)).isZero();
        }
        assertThat(page.getLong(SharedRing.RING_OFFSET))
                .as("slots are the allocator's")
                .isEqualTo(-1);
        assertThat(ring.nrEnts()).isEqualTo(NR_ENTS);
        assertThat(ring.freeRequests()).isEqualTo(NR_ENTS);
        assertThat(ring.outstanding()).isZero();
        assertThat(ring.unconsumedResponses()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 31, -1, -16, Integer.MAX_VALUE, Integer.MAX_VALUE - 15, Integer.MIN_VALUE})
    void shouldFillAndDrainTheWholeRing_whenItStartsAnywhere(int start) {
        FrontRing ring = ring(start);
        for (int i = 0; i < NR_ENTS; i++) {
            assertThat(ring.isFull()).isFalse();
            assertThat(ring.nextRequest()).isEqualTo(64 + ((start + i) & 31) * SLOT_BYTES);
        }
        assertThat(ring.isFull()).isTrue();
        assertThat(ring.freeRequests()).isZero();
        assertThat(ring.outstanding()).as("staged, not published").isZero();
        assertThat(page.getInt(SharedRing.REQ_PROD_OFFSET)).isEqualTo(start);
        assertThatThrownBy(ring::nextRequest)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("32");
        ring.pushRequests();
        assertThat(page.getInt(SharedRing.REQ_PROD_OFFSET)).isEqualTo(start + NR_ENTS);
        assertThat(ring.reqProdPvt()).isEqualTo(start + NR_ENTS);
        assertThat(ring.outstanding()).isEqualTo(NR_ENTS);
        rspProd(start + NR_ENTS);
        assertThat(ring.unconsumedResponses()).isEqualTo(NR_ENTS);
        for (int i = 0; i < NR_ENTS; i++) {
            assertThat(ring.nextResponse()).isEqualTo(64 + ((start + i) & 31) * SLOT_BYTES);
        }
        assertThat(ring.rspCons()).isEqualTo(start + NR_ENTS);
        assertThat(ring.unconsumedResponses()).isZero();
        assertThat(ring.freeRequests()).isEqualTo(NR_ENTS);
        assertThat(ring.fault()).isNull();
    }

    @Test
    void shouldRefuseToConsumeMore_whenTheResponsesSeenAreUsedUp() {
        FrontRing ring = ring(0);
        submit(ring, 2);
        assertThatThrownBy(ring::nextResponse).isInstanceOf(IllegalStateException.class);
        rspProd(1);
        assertThatThrownBy(ring::nextResponse).as("nobody has looked").isInstanceOf(IllegalStateException.class);
        assertThat(ring.unconsumedResponses()).isEqualTo(1);
        ring.nextResponse();
        assertThatThrownBy(ring::nextResponse).isInstanceOf(IllegalStateException.class);
        assertThat(ring.rspCons()).isEqualTo(1);
    }

    /** RING_PUSH_REQUESTS_AND_CHECK_NOTIFY: notify exactly if reqEvent lies in (old, new]. */
    @ParameterizedTest
    @CsvSource({
        "3, -1, false",
        "3, 0, false",
        "3, 1, true",
        "3, 2, true",
        "3, 3, true",
        "3, 4, false",
        "3, 1000, false",
        "1, 0, false",
        "1, 1, true",
        "1, 2, false",
        "0, 0, false",
        "0, 1, false",
        "32, 0, false",
        "32, 1, true",
        "32, 32, true",
        "32, 33, false",
        "3, -2147483648, false",
        "3, 2147483647, false"
    })
    void shouldNotifyExactlyWhenAsked_whenPushing(int requests, int reqEventFromStart, boolean notify) {
        for (int start : new int[] {0, -2, Integer.MAX_VALUE - 1}) {
            FrontRing ring = ring(start);
            page.putInt(SharedRing.REQ_EVENT_OFFSET, start + reqEventFromStart);
            for (int i = 0; i < requests; i++) {
                ring.nextRequest();
            }
            assertThat(ring.pushRequestsAndCheckNotify()).as("start %d", start).isEqualTo(notify);
            assertThat(page.getInt(SharedRing.REQ_PROD_OFFSET)).isEqualTo(start + requests);
        }
    }

    @Test
    void shouldNotNotifyTwice_whenTheSamePushIsRepeated() {
        FrontRing ring = ring(0);
        ring.nextRequest();
        assertThat(ring.pushRequestsAndCheckNotify()).isTrue();
        assertThat(ring.pushRequestsAndCheckNotify()).isFalse();
    }

    @Test
    void shouldAskForTheNextResponse_whenTheFinalCheckFindsNone() {
        FrontRing ring = ring(-1);
        submit(ring, 3);
        page.putInt(SharedRing.RSP_EVENT_OFFSET, 77);
        rspProd(0);
        assertThat(ring.finalCheckForResponses()).as("work").isTrue();
        assertThat(page.getInt(SharedRing.RSP_EVENT_OFFSET)).as("not asked").isEqualTo(77);
        ring.nextResponse();
        assertThat(ring.finalCheckForResponses()).as("sleep").isFalse();
        assertThat(page.getInt(SharedRing.RSP_EVENT_OFFSET)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"1,1", "2,2", "3,3", "4,3", "2147483647,3"})
    void shouldAskForTheNthResponse_whenThatManyAreOutstanding(int n, int asked) {
        FrontRing ring = ring(0);
        submit(ring, 3);
        assertThat(ring.finalCheckForResponses(n)).isFalse();
        assertThat(page.getInt(SharedRing.RSP_EVENT_OFFSET)).isEqualTo(asked);
    }

    @Test
    void shouldAskForTheNextResponse_whenNothingIsOutstanding() {
        FrontRing ring = ring(5);
        assertThat(ring.finalCheckForResponses(8)).isFalse();
        assertThat(page.getInt(SharedRing.RSP_EVENT_OFFSET)).isEqualTo(6);
        assertThatThrownBy(() -> ring.finalCheckForResponses(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("n=0");
    }

    @ParameterizedTest
    @ValueSource(ints = {33, 1000, Integer.MAX_VALUE, -1, Integer.MIN_VALUE})
    void attackR1_shouldBreak_whenRspProdJumpsPastTheRing(int jump) {
        FrontRing ring = ring(0);
        submit(ring, NR_ENTS);
        rspProd(jump);
        assertBroken(ring, PeerFault.RSP_PROD_OVERFLOW);
    }

    @ParameterizedTest
    @CsvSource({"0,1", "0,32", "3,4", "3,32", "31,32"})
    void attackR2_shouldBreak_whenRspProdPassesWhatWasPublishedWithinTheRing(int published, int rspProd) {
        for (int start : new int[] {0, -3, Integer.MAX_VALUE - 2}) {
            FrontRing ring = ring(start);
            submit(ring, published);
            ring.nextRequest(); // staged, so the peer cannot have seen it
            rspProd(start + rspProd);
            assertBroken(ring, PeerFault.RSP_PROD_OVERFLOW);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, RSP_PROD_OVERFLOW", "1, RSP_PROD_OVERFLOW", "2, PROD_BACKWARDS", "3, PROD_BACKWARDS"})
    void attackR3_shouldBreak_whenRspProdGoesBackwards(int rspProd, PeerFault fault) {
        for (int start : new int[] {0, -3, Integer.MAX_VALUE - 2}) {
            FrontRing ring = ring(start);
            submit(ring, 8);
            rspProd(start + 4);
            assertThat(ring.unconsumedResponses()).isEqualTo(4);
            ring.nextResponse();
            ring.nextResponse();
            rspProd(start + rspProd);
            assertBroken(ring, fault);
        }
    }

    @Test
    void attackR4_shouldGoOn_whenTheIndicesWrap() {
        for (int boundary : new int[] {0, Integer.MIN_VALUE}) {
            int start = boundary - 100;
            FrontRing ring = ring(start);
            for (int i = 1; i <= 200; i++) {
                submit(ring, 1);
                rspProd(start + i);
                assertThat(ring.unconsumedResponses()).isEqualTo(1);
                ring.nextResponse();
                assertThat(ring.outstanding()).isZero();
            }
            assertThat(ring.rspCons()).isEqualTo(boundary + 100);
        }
    }

    @Test
    void attackR7R8_shouldKeepItsOwnIndices_whenThePeerRewritesThem() {
        FrontRing ring = ring(0);
        submit(ring, 2);
        page.putInt(SharedRing.REQ_PROD_OFFSET, 3);
        page.putInt(SharedRing.REQ_EVENT_OFFSET, 3);
        ring.nextRequest();
        assertThat(ring.pushRequestsAndCheckNotify())
                .as("old is 2: a page that says 3 loses no event")
                .isTrue();
        page.putInt(SharedRing.REQ_PROD_OFFSET, 1000);
        ring.nextRequest();
        assertThat(ring.pushRequestsAndCheckNotify())
                .as("old is 3: a page that says 1000 makes no event")
                .isFalse();
        assertThat(page.getInt(SharedRing.REQ_PROD_OFFSET)).isEqualTo(4);
        rspProd(5);
        assertBroken(ring, PeerFault.RSP_PROD_OVERFLOW);
    }

    @Test
    void shouldStayBroken_whenThePeerMendsItsIndex() {
        FrontRing ring = ring(0);
        submit(ring, 4);
        rspProd(2);
        assertThat(ring.unconsumedResponses()).isEqualTo(2);
        rspProd(9);
        assertBroken(ring, PeerFault.RSP_PROD_OVERFLOW);
        rspProd(3);
        assertBroken(ring, PeerFault.RSP_PROD_OVERFLOW);
        ring.nextResponse();
        ring.nextResponse();
        assertThatThrownBy(ring::nextResponse)
                .as("only what was accepted before the fault")
                .isInstanceOf(IllegalStateException.class);
    }

    private static void assertBroken(FrontRing ring, PeerFault fault) {
        assertThat(ring.unconsumedResponses()).isEqualTo(FrontRing.BROKEN);
        assertThat(ring.fault()).isEqualTo(fault);
        assertThat(ring.finalCheckForResponses()).as("must not sleep on it").isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "4096,112,32",
        "4096,108,32",
        "4096,12,256",
        "4096,8,256",
        "4096,16,128",
        "8192,112,64",
        "65536,112,512",
        "65536,12,4096",
        "4096,4032,1",
        "4096,2016,2",
        "4096,2017,1"
    })
    void shouldHoldThePowerOfTwoThatFits_whenARingIsLaidOut(int bytes, int slotBytes, int nrEnts) {
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(bytes / SharedMemory.PAGE_BYTES)) {
            assertThat(new SharedRing(memory, slotBytes).nrEnts()).isEqualTo(nrEnts);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 4033, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void shouldRefuseTheSlot_whenNotOneFits(int slotBytes) {
        assertThatThrownBy(() -> new SharedRing(page, slotBytes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("slotBytes=" + slotBytes);
    }

    @Test
    void shouldRefuseTheMemory_whenItIsShorterThanTheHeaderOrClosed() {
        assertThatThrownBy(() -> new SharedRing(page.slice(0, 64), 8)).isInstanceOf(IllegalArgumentException.class);
        page.close();
        assertThatThrownBy(() -> new SharedRing(page, 8)).isInstanceOf(IllegalStateException.class);
    }
}
