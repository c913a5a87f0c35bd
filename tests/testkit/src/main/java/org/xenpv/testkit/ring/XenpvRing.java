package org.xenpv.testkit.ring;

import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.BackRing;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;

/** {@link FrontRing} and {@link BackRing}. */
public final class XenpvRing implements RingUnderTest {

    @Override
    public FrontHalf front(SharedMemory memory, int slotBytes, int index) {
        return new Front(FrontRing.attach(new SharedRing(memory, slotBytes), index));
    }

    @Override
    public BackHalf back(SharedMemory memory, int slotBytes, int index) {
        return new Back(BackRing.attach(new SharedRing(memory, slotBytes), index));
    }

    private record Front(FrontRing ring) implements FrontHalf {
        @Override
        public int freeRequests() {
            return ring.freeRequests();
        }

        @Override
        public int nextRequest() {
            return ring.nextRequest();
        }

        @Override
        public void pushRequests() {
            ring.pushRequests();
        }

        @Override
        public boolean pushRequestsAndCheckNotify() {
            return ring.pushRequestsAndCheckNotify();
        }

        @Override
        public int unconsumedResponses() {
            return ring.unconsumedResponses();
        }

        @Override
        public int nextResponse() {
            return ring.nextResponse();
        }

        @Override
        public boolean finalCheckForResponses() {
            return ring.finalCheckForResponses();
        }

        @Override
        public int reqProdPvt() {
            return ring.reqProdPvt();
        }

        @Override
        public int rspCons() {
            return ring.rspCons();
        }
    }

    private record Back(BackRing ring) implements BackHalf {
        @Override
        public int unconsumedRequests() {
            return ring.unconsumedRequests();
        }

        @Override
        public int nextRequest() {
            return ring.nextRequest();
        }

        @Override
        public int nextResponse() {
            return ring.nextResponse();
        }

        @Override
        public void pushResponses() {
            ring.pushResponses();
        }

        @Override
        public boolean pushResponsesAndCheckNotify() {
            return ring.pushResponsesAndCheckNotify();
        }

        @Override
        public boolean finalCheckForRequests() {
            return ring.finalCheckForRequests();
        }

        @Override
        public int reqCons() {
            return ring.reqCons();
        }

        @Override
        public int rspProdPvt() {
            return ring.rspProdPvt();
        }
    }
}
