package org.xenpv.testkit.ring;

import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.SharedRing;

/**
 * Drives a front half, a back half and a {@link RingModel} through the same operations and compares all they say: every
 * return value, every private index, every index in the page, every slot's offset and every byte of every message.
 *
 * <p>A difference is an {@link AssertionError} that names the step.
 */
public final class RingModelRun {

    private final RingLayout layout;
    private final FrontHalf front;
    private final BackHalf back;
    private final SharedMemory frontMemory;
    private final SharedMemory backMemory;
    private final SharedMemory page;
    private final RingModel model;
    private final SlotPattern pattern;
    private final long startIndex;
    private long steps;
    private RingStep step;

    /**
     * Initialises the page for the index and attaches both halves.
     *
     * @param page all pages of the ring, as they are
     * @param frontMemory the same pages as the front sees them
     * @param backMemory the same pages as the back sees them
     */
    public RingModelRun(
            RingScript script,
            RingUnderTest frontRing,
            RingUnderTest backRing,
            SharedMemory page,
            SharedMemory frontMemory,
            SharedMemory backMemory) {
        this.layout = script.layout();
        this.page = page;
        this.frontMemory = frontMemory;
        this.backMemory = backMemory;
        this.startIndex = Integer.toUnsignedLong(script.startIndex());
        this.model = new RingModel(layout.nrEnts(), startIndex);
        this.pattern = new SlotPattern(layout);
        initPage(page, script.startIndex());
        this.front = frontRing.front(frontMemory, layout.slotBytes(), script.startIndex());
        this.back = backRing.back(backMemory, layout.slotBytes(), script.startIndex());
    }

    /** Both halves of one implementation on memory without tricks. */
    public RingModelRun(RingScript script, RingUnderTest ring, SharedMemory page) {
        this(script, ring, ring, page, page, page);
    }

    /** SHARED_RING_INIT, had it a start index. */
    public static void initPage(SharedMemory page, int startIndex) {
        page.zero(0, SharedRing.RING_OFFSET);
        page.putInt(SharedRing.REQ_PROD_OFFSET, startIndex);
        page.putInt(SharedRing.RSP_PROD_OFFSET, startIndex);
        page.putInt(SharedRing.REQ_EVENT_OFFSET, startIndex + 1);
        page.putInt(SharedRing.RSP_EVENT_OFFSET, startIndex + 1);
    }

    /** Does and compares one operation. */
    public void apply(RingStep next) {
        step = next;
        steps++;
        switch (next.op()) {
            case STAGE_REQUESTS -> stageRequests(next.count());
            case PUSH_REQUESTS -> {
                model.pushRequests();
                front.pushRequests();
            }
            case PUSH_REQUESTS_AND_CHECK_NOTIFY ->
                same("notify the back", model.pushRequests(), front.pushRequestsAndCheckNotify());
            case TAKE_RESPONSES -> takeResponses(next.count());
            case FINAL_CHECK_FOR_RESPONSES ->
                same("final check for responses", model.finalCheckForResponses(), front.finalCheckForResponses());
            case TAKE_REQUESTS -> takeRequests(next.count());
            case STAGE_RESPONSES -> stageResponses(next.count());
            case PUSH_RESPONSES -> {
                model.pushResponses();
                back.pushResponses();
            }
            case PUSH_RESPONSES_AND_CHECK_NOTIFY ->
                same("notify the front", model.pushResponses(), back.pushResponsesAndCheckNotify());
            case FINAL_CHECK_FOR_REQUESTS ->
                same("final check for requests", model.finalCheckForRequests(), back.finalCheckForRequests());
        }
        compareIndices();
    }

    /** Carries everything that is still under way to its end; afterwards the ring is empty. */
    public void finish() {
        while (model.freeRequests() < layout.nrEnts()) {
            apply(new RingStep(RingOp.PUSH_REQUESTS_AND_CHECK_NOTIFY, 1));
            apply(new RingStep(RingOp.TAKE_REQUESTS, layout.nrEnts()));
            apply(new RingStep(RingOp.STAGE_RESPONSES, layout.nrEnts()));
            apply(new RingStep(RingOp.PUSH_RESPONSES_AND_CHECK_NOTIFY, 1));
            apply(new RingStep(RingOp.TAKE_RESPONSES, layout.nrEnts()));
        }
    }

    private void stageRequests(int countMax) {
        same("free requests", model.freeRequests(), front.freeRequests());
        int count = Math.min(countMax, model.freeRequests());
        for (int i = 0; i < count; i++) {
            long message = model.stageRequest();
            int at = front.nextRequest();
            same("request slot", layout.slotAt(message), at);
            pattern.writeRequest(frontMemory, at, message);
        }
        same("free requests", model.freeRequests(), front.freeRequests());
    }

    private void takeRequests(int countMax) {
        int ready = back.unconsumedRequests();
        same("unconsumed requests", model.unconsumedRequests(), ready);
        int count = Math.min(countMax, ready);
        for (int i = 0; i < count; i++) {
            long message = model.takeRequest();
            int at = back.nextRequest();
            same("request slot", layout.slotAt(message), at);
            pattern.expectRequest(backMemory, at, message);
        }
    }

    private void stageResponses(int countMax) {
        int count = Math.min(countMax, model.unanswered());
        for (int i = 0; i < count; i++) {
            long message = model.stageResponse();
            int at = back.nextResponse();
            same("response slot", layout.slotAt(message), at);
            pattern.writeResponse(backMemory, at, message);
        }
    }

    private void takeResponses(int countMax) {
        int ready = front.unconsumedResponses();
        same("unconsumed responses", model.unconsumedResponses(), ready);
        int count = Math.min(countMax, ready);
        for (int i = 0; i < count; i++) {
            long message = model.takeResponse();
            int at = front.nextResponse();
            same("response slot", layout.slotAt(message), at);
            pattern.expectResponse(frontMemory, at, message);
        }
    }

    private void compareIndices() {
        same("req_prod_pvt", (int) model.reqProdPvt(), front.reqProdPvt());
        same("rsp_cons", (int) model.rspCons(), front.rspCons());
        same("rsp_prod_pvt", (int) model.rspProdPvt(), back.rspProdPvt());
        same("req_cons", (int) model.reqCons(), back.reqCons());
        same("req_prod", (int) model.reqProd(), page.getInt(SharedRing.REQ_PROD_OFFSET));
        same("req_event", (int) model.reqEvent(), page.getInt(SharedRing.REQ_EVENT_OFFSET));
        same("rsp_prod", (int) model.rspProd(), page.getInt(SharedRing.RSP_PROD_OFFSET));
        same("rsp_event", (int) model.rspEvent(), page.getInt(SharedRing.RSP_EVENT_OFFSET));
    }

    private void same(String what, int expected, int actual) {
        if (expected != actual) {
            throw new AssertionError(
                    "step " + steps + " " + step + ": " + what + " is " + actual + ", must be " + expected);
        }
    }

    private void same(String what, boolean expected, boolean actual) {
        if (expected != actual) {
            throw new AssertionError(
                    "step " + steps + " " + step + ": " + what + " is " + actual + ", must be " + expected);
        }
    }

    /** Messages answered and taken so far. */
    public long completed() {
        return model.rspCons() - startIndex;
    }

    /** Whether the response consumer, the last index of all, has crossed 2^31 or 2^32. */
    public boolean wrapped() {
        return startIndex >>> 31 != model.rspCons() >>> 31;
    }
}
