package org.xenpv.testkit.ring;

import java.util.Random;
import org.xenpv.memory.SharedMemory;
import org.xenpv.testkit.memory.InterleavingMemory;
import org.xenpv.testkit.memory.StaleLoadMemory;
import org.xenpv.testkit.memory.StoreBufferMemory;

/**
 * Two ends that sleep when there is nothing to do and are woken by events only, on memory that delays, reorders and
 * interleaves.
 *
 * <p>The front has messages to send; it stages some, pushes, consumes what has come and before it sleeps makes its final
 * check. The back does the mirror image. Each sees the page through its own {@link StaleLoadMemory} over its own {@link
 * StoreBufferMemory}, and at any access of one, stores of the other may arrive and the other may take a whole turn. When both sleep, no event is under way and
 * all stores have arrived, every message must have been answered; otherwise a wake-up was lost. Every byte of every message
 * is compared, so an index that overtakes its slot is found as well.
 */
public final class LostWakeupChecker {

    private static final int ROUNDS_PER_MESSAGE_MAX = 1_000;
    private static final int NEST_PERCENT = 10;
    private static final int ARRIVE_PERCENT = 15;
    private static final int STALE_PERCENT = 30;

    private final RingLayout layout;
    private final Random random;
    private final Front front;
    private final Back back;
    private final int messages;
    private final String seedText;
    private long notifications;

    private LostWakeupChecker(
            RingLayout layout, RingUnderTest ring, SharedMemory page, int startIndex, int messages, long seed) {
        this.layout = layout;
        this.random = new Random(seed);
        this.messages = messages;
        this.seedText = layout + " from 0x" + Integer.toHexString(startIndex) + ", seed " + seed + ": ";
        RingModelRun.initPage(page, startIndex);
        this.front = new Front(new Eyes(page, seed * 2), ring, startIndex);
        this.back = new Back(new Eyes(page, seed * 2 + 1), ring, startIndex);
        front.meet(back);
        back.meet(front);
    }

    /**
     * Sends messages until all are answered or none can be any more.
     *
     * @param page all pages of the ring
     * @return how many events were sent
     * @throws AssertionError if a wake-up is lost or a message damaged; names the seed
     */
    public static long run(
            RingLayout layout, RingUnderTest ring, SharedMemory page, int startIndex, int messages, long seed) {
        LostWakeupChecker checker = new LostWakeupChecker(layout, ring, page, startIndex, messages, seed);
        try {
            checker.run();
        } catch (AssertionError damaged) {
            throw new AssertionError(checker.seedText + damaged.getMessage(), damaged);
        }
        return checker.notifications;
    }

    private void run() {
        for (long round = 0; round < (long) messages * ROUNDS_PER_MESSAGE_MAX; round++) {
            boolean frontRuns = front.isAwake();
            boolean backRuns = back.isAwake();
            if (!frontRuns && !backRuns) {
                front.letStoresArrive();
                back.letStoresArrive();
                if (front.received == messages) {
                    return;
                }
                throw new AssertionError("lost wake-up: both ends sleep, " + front.sent + " requests sent, "
                        + back.answered + " answered, " + front.received + " responses taken of " + messages);
            }
            End end = frontRuns && (!backRuns || random.nextBoolean()) ? front : back;
            end.takeTurn();
        }
        throw new AssertionError("no end of " + messages + " messages in sight");
    }

    /** How one end sees the page. */
    private static final class Eyes {
        private final StoreBufferMemory buffer;
        private final InterleavingMemory memory;

        Eyes(SharedMemory page, long seed) {
            this.buffer = new StoreBufferMemory(page, seed);
            this.memory = new InterleavingMemory(new StaleLoadMemory(buffer, seed, STALE_PERCENT));
        }
    }

    private abstract class End {
        final SlotPattern pattern = new SlotPattern(layout);
        private final Eyes eyes;
        private End other;
        private boolean asleep;
        private boolean eventPending;
        private boolean inTurn;

        End(Eyes eyes) {
            this.eyes = eyes;
        }

        final void meet(End end) {
            other = end;
            eyes.memory.onAccess(n -> {
                int chance = random.nextInt(100);
                if (chance < ARRIVE_PERCENT) {
                    end.eyes.buffer.drainOne();
                } else if (chance < 2 * ARRIVE_PERCENT) {
                    end.eyes.buffer.drainNewest();
                }
                if (!end.inTurn && end.isAwake() && random.nextInt(100) < NEST_PERCENT) {
                    end.takeTurn();
                }
            });
        }

        final void letStoresArrive() {
            eyes.buffer.drainAll();
        }

        final SharedMemory memory() {
            return eyes.memory;
        }

        final boolean isAwake() {
            return !asleep || eventPending;
        }

        final void takeTurn() {
            inTurn = true;
            asleep = false;
            eventPending = false;
            work();
            asleep = !finalCheck();
            inTurn = false;
        }

        final void notifyOther(boolean wanted) {
            if (wanted) {
                notifications++;
                other.eventPending = true;
            }
        }

        abstract void work();

        abstract boolean finalCheck();
    }

    private final class Front extends End {
        private final FrontHalf half;
        private int sent;
        private int received;

        Front(Eyes eyes, RingUnderTest ring, int startIndex) {
            super(eyes);
            half = ring.front(memory(), layout.slotBytes(), startIndex);
        }

        @Override
        void work() {
            int room = Math.min(half.freeRequests(), messages - sent);
            int count = room == 0 ? 0 : 1 + random.nextInt(room);
            for (int i = 0; i < count; i++) {
                pattern.writeRequest(memory(), half.nextRequest(), sent++);
            }
            if (count > 0) {
                notifyOther(half.pushRequestsAndCheckNotify());
            }
            int ready = half.unconsumedResponses();
            requireSane(ready);
            for (int i = 0; i < ready; i++) {
                pattern.expectResponse(memory(), half.nextResponse(), received++);
            }
        }

        /** With room and something to send it does not sleep. */
        @Override
        boolean finalCheck() {
            return half.finalCheckForResponses() || (sent < messages && half.freeRequests() > 0);
        }
    }

    private final class Back extends End {
        private final BackHalf half;
        private int taken;
        private int answered;

        Back(Eyes eyes, RingUnderTest ring, int startIndex) {
            super(eyes);
            half = ring.back(memory(), layout.slotBytes(), startIndex);
        }

        @Override
        void work() {
            int ready = half.unconsumedRequests();
            requireSane(ready);
            for (int i = 0; i < ready; i++) {
                pattern.expectRequest(memory(), half.nextRequest(), taken++);
            }
            while (answered < taken) {
                int batch = 1 + random.nextInt(taken - answered);
                for (int i = 0; i < batch; i++) {
                    pattern.writeResponse(memory(), half.nextResponse(), answered++);
                }
                notifyOther(half.pushResponsesAndCheckNotify());
            }
        }

        @Override
        boolean finalCheck() {
            return half.finalCheckForRequests();
        }
    }

    private void requireSane(int ready) {
        if (ready < 0 || ready > layout.nrEnts()) {
            throw new AssertionError(ready + " unconsumed, from a peer that keeps the rules");
        }
    }
}
