package org.xenpv.testkit.ring;

import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.SharedRing;
import org.xenpv.testkit.memory.InterleavingMemory;
import org.xenpv.testkit.memory.StoreBufferMemory;

/**
 * One message, one producer that pushes it and one consumer that is about to sleep, at every place there is.
 *
 * <p>The consumer makes its final check before the n-th access of the producer's push, and the producer pushes before the
 * n-th access of the consumer's final check, for every n. Stores arrive as late as they may, except that up to three of
 * the producer's arrive newest first. Then the consumer either has the message, whole, or was sent an event. Requests and
 * responses both. This is exhaustive where {@link LostWakeupChecker} is random.
 */
public final class EveryPosition {

    private static final int EARLY_STORES_MAX = 3;

    private final boolean frontProduces;
    private final String what;
    private final SlotPattern pattern;
    private final FrontHalf front;
    private final BackHalf back;
    private final StoreBufferMemory frontBuffer;
    private final StoreBufferMemory backBuffer;
    private final InterleavingMemory frontMemory;
    private final InterleavingMemory backMemory;
    private boolean notified;
    private boolean sleeps;
    private boolean met;

    /**
     * Tries them all.
     *
     * @param page all pages of the ring
     * @throws AssertionError names the place
     */
    public static void check(RingLayout layout, RingUnderTest ring, SharedMemory page, int startIndex) {
        for (boolean frontProduces : new boolean[] {true, false}) {
            for (boolean producerIsCut : new boolean[] {true, false}) {
                for (int early = 0; early <= (producerIsCut ? EARLY_STORES_MAX : 0); early++) {
                    long accesses = 1;
                    for (long n = 0; n <= accesses; n++) {
                        EveryPosition place = new EveryPosition(layout, ring, page, startIndex, frontProduces);
                        accesses = place.run(producerIsCut, n, early);
                    }
                }
            }
        }
    }

    private EveryPosition(
            RingLayout layout, RingUnderTest ring, SharedMemory page, int startIndex, boolean frontProduces) {
        this.frontProduces = frontProduces;
        this.what = (frontProduces ? "request" : "response") + " of " + layout + " from 0x"
                + Integer.toHexString(startIndex) + ": ";
        pattern = new SlotPattern(layout);
        page.zero(0, layout.sizeBytes());
        RingModelRun.initPage(page, startIndex);
        frontBuffer = new StoreBufferMemory(page, 1, 0);
        backBuffer = new StoreBufferMemory(page, 2, 0);
        frontMemory = new InterleavingMemory(frontBuffer);
        backMemory = new InterleavingMemory(backBuffer);
        front = ring.front(frontMemory, layout.slotBytes(), startIndex);
        back = ring.back(backMemory, layout.slotBytes(), startIndex);
        if (frontProduces) {
            pattern.writeRequest(frontMemory, front.nextRequest(), 1);
            page.putInt(SharedRing.REQ_EVENT_OFFSET, startIndex); // the consumer has been awake until now
        } else {
            front.nextRequest();
            front.pushRequests();
            frontBuffer.drainAll();
            require(back.unconsumedRequests() == 1, "the request to answer was not seen");
            back.nextRequest();
            pattern.writeResponse(backMemory, back.nextResponse(), 1);
            page.putInt(SharedRing.RSP_EVENT_OFFSET, startIndex);
        }
    }

    private long run(boolean producerIsCut, long position, int early) {
        InterleavingMemory cut = producerIsCut == frontProduces ? frontMemory : backMemory;
        Runnable outer = producerIsCut ? this::produce : this::consume;
        Runnable inner = producerIsCut ? this::consume : this::produce;
        cut.beforeAccess(position, () -> {
            met = true;
            for (int i = 0; i < early; i++) {
                (frontProduces ? frontBuffer : backBuffer).drainNewest();
            }
            inner.run();
        });
        outer.run();
        long accesses = cut.accesses();
        if (!met) {
            inner.run(); // the place after the last access
        }
        String place =
                (producerIsCut ? "the final check came before access " : "the push came before access ") + position
                        + " of " + accesses + (producerIsCut ? " of the push" : " of the final check") + ", " + early
                        + " stores early";
        require(!sleeps || notified, "lost wake-up: the consumer sleeps on work and was sent no event; " + place);
        return accesses;
    }

    private void produce() {
        notified = frontProduces ? front.pushRequestsAndCheckNotify() : back.pushResponsesAndCheckNotify();
    }

    private void consume() {
        sleeps = !(frontProduces ? back.finalCheckForRequests() : front.finalCheckForResponses());
        if (sleeps) {
            return;
        }
        require((frontProduces ? back.unconsumedRequests() : front.unconsumedResponses()) == 1, "not one message");
        if (frontProduces) {
            pattern.expectRequest(backMemory, back.nextRequest(), 1);
        } else {
            pattern.expectResponse(frontMemory, front.nextResponse(), 1);
        }
    }

    private void require(boolean truth, String otherwise) {
        if (!truth) {
            throw new AssertionError(what + otherwise);
        }
    }
}
