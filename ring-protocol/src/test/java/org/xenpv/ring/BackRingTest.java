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

/** The back half against a page that the test writes the front's words into. */
class BackRingTest {

    private static final int SLOT_BYTES = 16;
    private static final int NR_ENTS = 128;

    private final ChronicleMemory page = ChronicleMemory.allocatePages(1);

    @AfterEach
    void release() {
        page.close();
    }

    private BackRing ring(int index) {
        SharedRing shared = new SharedRing(page, SLOT_BYTES);
        shared.init(index);
        return BackRing.attach(shared, index);
    }

    private void reqProd(int index) {
        page.putIntRelease(SharedRing.REQ_PROD_OFFSET, index);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 127, -1, -64, Integer.MAX_VALUE, Integer.MAX_VALUE - 63, Integer.MIN_VALUE})
    void shouldConsumeAndAnswerTheWholeRing_whenItStartsAnywhere(int start) {
        BackRing ring = ring(start);
        assertThat(ring.nrEnts()).isEqualTo(NR_ENTS);
        assertThat(ring.unconsumedRequests()).isZero();
        reqProd(start + NR_ENTS);
        assertThat(ring.unconsumedRequests()).isEqualTo(NR_ENTS);
        for (int i = 0; i < NR_ENTS; i++) {
            assertThat(ring.nextRequest()).isEqualTo(64 + ((start + i) & 127) * SLOT_BYTES);
            assertThat(ring.outstanding()).isEqualTo(i + 1);
        }
        assertThatThrownBy(ring::nextRequest).isInstanceOf(IllegalStateException.class);
        assertThat(ring.unconsumedRequests()).isZero();
        for (int i = 0; i < NR_ENTS; i++) {
            assertThat(ring.nextResponse()).isEqualTo(64 + ((start + i) & 127) * SLOT_BYTES);
        }
        assertThatThrownBy(ring::nextResponse).isInstanceOf(IllegalStateException.class);
        assertThat(page.getInt(SharedRing.RSP_PROD_OFFSET)).as("staged").isEqualTo(start);
        ring.pushResponses();
        assertThat(page.getInt(SharedRing.RSP_PROD_OFFSET)).isEqualTo(start + NR_ENTS);
        assertThat(ring.rspProdPvt()).isEqualTo(start + NR_ENTS);
        assertThat(ring.reqCons()).isEqualTo(start + NR_ENTS);
        assertThat(ring.outstanding()).isZero();
        assertThat(ring.fault()).isNull();
    }

    @Test
    void shouldTakeNoMoreRequests_whenNoneIsAnswered() {
        BackRing ring = ring(0);
        reqProd(NR_ENTS);
        assertThat(ring.unconsumedRequests()).isEqualTo(NR_ENTS);
        ring.nextRequest();
        reqProd(NR_ENTS + 1);
        assertThat(ring.unconsumedRequests()).as("consumed is not answered").isEqualTo(BackRing.BROKEN);
        assertThat(ring.fault()).isEqualTo(PeerFault.REQ_PROD_OVERFLOW);
    }

    @Test
    void shouldTakeAnotherRequest_whenOneIsAnswered() {
        BackRing ring = ring(0);
        reqProd(NR_ENTS);
        ring.unconsumedRequests();
        ring.nextRequest();
        ring.nextResponse();
        ring.pushResponses();
        reqProd(NR_ENTS + 1);
        assertThat(ring.unconsumedRequests()).isEqualTo(NR_ENTS);
    }

    @ParameterizedTest
    @ValueSource(ints = {129, 1000, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void shouldBreak_whenReqProdJumpsPastTheRing(int jump) {
        for (int start : new int[] {0, -3, Integer.MAX_VALUE - 2}) {
            BackRing ring = ring(start);
            reqProd(start + jump);
            assertBroken(ring, PeerFault.REQ_PROD_OVERFLOW);
            reqProd(start + 1);
            assertBroken(ring, PeerFault.REQ_PROD_OVERFLOW);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void shouldBreak_whenReqProdGoesBackwards(int reqProd) {
        for (int start : new int[] {0, -3, Integer.MAX_VALUE - 2}) {
            BackRing ring = ring(start);
            reqProd(start + 4);
            assertThat(ring.unconsumedRequests()).isEqualTo(4);
            ring.nextRequest();
            ring.nextRequest();
            reqProd(start + reqProd);
            assertBroken(ring, PeerFault.PROD_BACKWARDS);
        }
    }

    /** RING_PUSH_RESPONSES_AND_CHECK_NOTIFY: notify exactly if rspEvent lies in (old, new]. */
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
        "128, 0, false",
        "128, 1, true",
        "128, 128, true",
        "128, 129, false",
        "3, -2147483648, false",
        "3, 2147483647, false"
    })
    void shouldNotifyExactlyWhenAsked_whenPushing(int responses, int rspEventFromStart, boolean notify) {
        for (int start : new int[] {0, -2, Integer.MAX_VALUE - 1}) {
            BackRing ring = ring(start);
            reqProd(start + NR_ENTS);
            ring.unconsumedRequests();
            page.putInt(SharedRing.RSP_EVENT_OFFSET, start + rspEventFromStart);
            for (int i = 0; i < responses; i++) {
                ring.nextRequest();
                ring.nextResponse();
            }
            assertThat(ring.pushResponsesAndCheckNotify()).as("start %d", start).isEqualTo(notify);
            assertThat(ring.pushResponsesAndCheckNotify()).as("nothing new").isFalse();
        }
    }

    @Test
    void shouldAskForTheNextRequest_whenTheFinalCheckFindsNone() {
        BackRing ring = ring(-1);
        page.putInt(SharedRing.REQ_EVENT_OFFSET, 77);
        reqProd(0);
        assertThat(ring.finalCheckForRequests()).as("work").isTrue();
        assertThat(page.getInt(SharedRing.REQ_EVENT_OFFSET)).as("not asked").isEqualTo(77);
        ring.nextRequest();
        assertThat(ring.finalCheckForRequests()).as("sleep").isFalse();
        assertThat(page.getInt(SharedRing.REQ_EVENT_OFFSET)).isEqualTo(1);
    }

    @Test
    void shouldAskForTheNthRequest_whenFewerAreOfNoUse() {
        BackRing ring = ring(-2);
        page.putInt(SharedRing.REQ_EVENT_OFFSET, 77);
        reqProd(1);
        assertThat(ring.finalCheckForRequests(3)).as("enough").isTrue();
        assertThat(page.getInt(SharedRing.REQ_EVENT_OFFSET)).as("not asked").isEqualTo(77);
        assertThat(ring.finalCheckForRequests(4)).as("one too few").isFalse();
        assertThat(page.getInt(SharedRing.REQ_EVENT_OFFSET)).isEqualTo(2);
        assertThat(ring.finalCheckForRequests(NR_ENTS)).isFalse();
        assertThat(page.getInt(SharedRing.REQ_EVENT_OFFSET)).isEqualTo(NR_ENTS - 2);
        assertThatThrownBy(() -> ring.finalCheckForRequests(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ring.finalCheckForRequests(NR_ENTS + 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("n=" + (NR_ENTS + 1));
        reqProd(NR_ENTS + 1);
        assertThat(ring.finalCheckForRequests(NR_ENTS)).as("broken").isTrue();
    }

    @Test
    void shouldKeepItsOwnIndices_whenThePeerRewritesThem() {
        BackRing ring = ring(0);
        reqProd(2);
        ring.unconsumedRequests();
        ring.nextRequest();
        ring.nextResponse();
        page.putInt(SharedRing.RSP_PROD_OFFSET, 1);
        page.putInt(SharedRing.RSP_EVENT_OFFSET, 1);
        assertThat(ring.pushResponsesAndCheckNotify())
                .as("old is 0: a page that says 1 loses no event")
                .isTrue();
        ring.nextRequest();
        ring.nextResponse();
        page.putInt(SharedRing.RSP_PROD_OFFSET, 1000);
        assertThat(ring.pushResponsesAndCheckNotify())
                .as("old is 1: a page that says 1000 makes no event")
                .isFalse();
        assertThat(page.getInt(SharedRing.RSP_PROD_OFFSET)).isEqualTo(2);
    }

    @Test
    void shouldDoUnansweredRequestsAgain_whenABackendTakesOverALiveRing() {
        SharedRing shared = new SharedRing(page, SLOT_BYTES);
        shared.init(-2);
        BackRing first = BackRing.attach(shared, -2);
        reqProd(3);
        assertThat(first.unconsumedRequests()).isEqualTo(5);
        first.nextRequest();
        first.nextRequest();
        first.nextResponse();
        first.pushResponses();
        BackRing second = BackRing.attach(shared, page.getIntAcquire(SharedRing.RSP_PROD_OFFSET));
        assertThat(second.unconsumedRequests()).isEqualTo(4);
        assertThat(second.nextRequest()).isEqualTo(64 + 127 * SLOT_BYTES);
    }

    private static void assertBroken(BackRing ring, PeerFault fault) {
        assertThat(ring.unconsumedRequests()).isEqualTo(BackRing.BROKEN);
        assertThat(ring.fault()).isEqualTo(fault);
        assertThat(ring.finalCheckForRequests()).as("must not sleep on it").isTrue();
    }
}
