package org.xenpv.scenarios.rings;

import static org.xenpv.ring.SharedRing.REQ_EVENT_OFFSET;
import static org.xenpv.ring.SharedRing.REQ_PROD_OFFSET;
import static org.xenpv.ring.SharedRing.RING_OFFSET;
import static org.xenpv.ring.SharedRing.RSP_EVENT_OFFSET;
import static org.xenpv.ring.SharedRing.RSP_PROD_OFFSET;

import org.xenpv.memory.SharedMemory;
import org.xenpv.testkit.ring.BackHalf;
import org.xenpv.testkit.ring.FrontHalf;
import org.xenpv.testkit.ring.RingUnderTest;

/** A ring written out plainly, with one mistake of choice. */
record MutantRing(Mutation mutation) implements RingUnderTest {

    @Override
    public FrontHalf front(SharedMemory memory, int slotBytes, int index) {
        return new Front(memory, slotBytes, index);
    }

    @Override
    public BackHalf back(SharedMemory memory, int slotBytes, int index) {
        return new Back(memory, slotBytes, index);
    }

    private boolean is(Mutation other) {
        return mutation == other;
    }

    /** What both halves do alike. */
    private abstract class Half {
        final SharedMemory memory;
        final int slotBytes;
        final int nrEnts;
        boolean broken;

        Half(SharedMemory memory, int slotBytes) {
            this.memory = memory;
            this.slotBytes = slotBytes;
            int fit = (memory.sizeBytes() - RING_OFFSET) / slotBytes;
            this.nrEnts = is(Mutation.NOT_A_POWER_OF_TWO) ? fit : Integer.highestOneBit(fit);
        }

        final int slotAt(int index) {
            int slot = is(Mutation.SIGNED_SLOT) ? index % nrEnts : Integer.remainderUnsigned(index, nrEnts);
            return RING_OFFSET + slot * slotBytes;
        }

        final int fetch(int at, boolean ordered) {
            return ordered ? memory.getIntAcquire(at) : memory.getInt(at);
        }

        final void publish(int at, int index, boolean ordered) {
            if (ordered) {
                memory.putIntRelease(at, index);
            } else {
                memory.putInt(at, index);
            }
        }

        final void mb(boolean present) {
            if (present) {
                memory.fullFence();
            }
        }

        final boolean holdOff(int before, int now, int event) {
            if (is(Mutation.SIGNED_HOLD_OFF)) {
                return now - event < now - before;
            }
            int order = Integer.compareUnsigned(now - event, now - before);
            return is(Mutation.HOLD_OFF_OFF_BY_ONE) ? order <= 0 : order < 0;
        }

        final int ready(int prod, int cons) {
            if (is(Mutation.SIGNED_INDEX) && prod < cons) {
                return 0;
            }
            if (is(Mutation.UNSIGNED_INDEX) && Integer.compareUnsigned(prod, cons) < 0) {
                return 0;
            }
            return prod - cons;
        }

        final int breakIt() {
            broken = !is(Mutation.FAULT_FORGOTTEN);
            return -1;
        }

        final boolean work(int ready) {
            return is(Mutation.SLEEPS_WHEN_BROKEN) ? ready > 0 : ready != 0;
        }
    }

    private final class Front extends Half implements FrontHalf {
        private int reqProdPvt;
        private int reqProd;
        private int rspCons;
        private int rspProdSeen;

        Front(SharedMemory memory, int slotBytes, int index) {
            super(memory, slotBytes);
            reqProdPvt = reqProd = rspCons = rspProdSeen = index;
        }

        @Override
        public int freeRequests() {
            int size = is(Mutation.ONE_REQUEST_TOO_MANY) ? nrEnts + 1 : nrEnts;
            return size - (reqProdPvt - rspCons);
        }

        @Override
        public int nextRequest() {
            return slotAt(reqProdPvt++);
        }

        @Override
        public void pushRequests() {
            publish(REQ_PROD_OFFSET, reqProdPvt, !is(Mutation.NO_WMB_FRONT));
            reqProd = reqProdPvt;
        }

        @Override
        public boolean pushRequestsAndCheckNotify() {
            int before = is(Mutation.PRODUCER_READ_BACK) ? memory.getInt(REQ_PROD_OFFSET) : reqProd;
            pushRequests();
            mb(!is(Mutation.NO_MB_PUSH_FRONT));
            return holdOff(before, reqProdPvt, memory.getIntAcquire(REQ_EVENT_OFFSET));
        }

        @Override
        public int unconsumedResponses() {
            if (broken) {
                return -1;
            }
            int rspProd = fetch(RSP_PROD_OFFSET, !is(Mutation.NO_RMB_FRONT));
            if (Integer.compareUnsigned(rspProd - rspCons, bound()) > 0) {
                return breakIt();
            }
            if (!is(Mutation.BACKWARDS_ALLOWED) && rspProd - rspProdSeen < 0) {
                return breakIt();
            }
            if (is(Mutation.DOUBLE_FETCH_FRONT)) {
                rspProd = memory.getInt(RSP_PROD_OFFSET);
            }
            rspProdSeen = rspProd;
            return ready(rspProd, rspCons);
        }

        private int bound() {
            return switch (mutation) {
                case RING_SIZE_BOUND -> nrEnts;
                case STAGED_BOUND -> reqProdPvt - rspCons;
                case NO_BOUND_FRONT -> -1;
                default -> reqProd - rspCons;
            };
        }

        @Override
        public int nextResponse() {
            return slotAt(rspCons++);
        }

        @Override
        public boolean finalCheckForResponses() {
            if (work(unconsumedResponses())) {
                return true;
            }
            memory.putInt(RSP_EVENT_OFFSET, is(Mutation.EVENT_OFF_BY_ONE) ? rspCons : rspCons + 1);
            mb(!is(Mutation.NO_MB_FINAL_CHECK_FRONT));
            return !is(Mutation.NO_SECOND_LOOK_FRONT) && work(unconsumedResponses());
        }

        @Override
        public int reqProdPvt() {
            return reqProdPvt;
        }

        @Override
        public int rspCons() {
            return rspCons;
        }
    }

    private final class Back extends Half implements BackHalf {
        private int rspProdPvt;
        private int rspProd;
        private int reqCons;

        Back(SharedMemory memory, int slotBytes, int index) {
            super(memory, slotBytes);
            rspProdPvt = rspProd = reqCons = index;
        }

        @Override
        public int unconsumedRequests() {
            if (broken) {
                return -1;
            }
            int reqProd = fetch(REQ_PROD_OFFSET, !is(Mutation.NO_RMB_BACK));
            boolean impossible = reqProd - reqCons < 0 || Integer.compareUnsigned(reqProd - rspProdPvt, nrEnts) > 0;
            if (impossible && !is(Mutation.NO_BOUND_BACK)) {
                return breakIt();
            }
            if (is(Mutation.DOUBLE_FETCH_BACK)) {
                reqProd = memory.getInt(REQ_PROD_OFFSET);
            }
            return ready(reqProd, reqCons);
        }

        @Override
        public int nextRequest() {
            return slotAt(reqCons++);
        }

        @Override
        public int nextResponse() {
            return slotAt(rspProdPvt++);
        }

        @Override
        public void pushResponses() {
            publish(RSP_PROD_OFFSET, rspProdPvt, !is(Mutation.NO_WMB_BACK));
            rspProd = rspProdPvt;
        }

        @Override
        public boolean pushResponsesAndCheckNotify() {
            int before = rspProd;
            pushResponses();
            mb(!is(Mutation.NO_MB_PUSH_BACK));
            return holdOff(before, rspProdPvt, memory.getIntAcquire(RSP_EVENT_OFFSET));
        }

        @Override
        public boolean finalCheckForRequests() {
            if (work(unconsumedRequests())) {
                return true;
            }
            memory.putInt(REQ_EVENT_OFFSET, reqCons + 1);
            mb(!is(Mutation.NO_MB_FINAL_CHECK_BACK));
            return !is(Mutation.NO_SECOND_LOOK_BACK) && work(unconsumedRequests());
        }

        @Override
        public int reqCons() {
            return reqCons;
        }

        @Override
        public int rspProdPvt() {
            return rspProdPvt;
        }
    }
}
