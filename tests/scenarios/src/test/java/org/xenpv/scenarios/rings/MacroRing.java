package org.xenpv.scenarios.rings;

import java.util.List;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.testkit.ring.BackHalf;
import org.xenpv.testkit.ring.FrontHalf;
import org.xenpv.testkit.ring.RingUnderTest;

/** The real macros of xen/io/ring.h as a ring under test. Works on native memory only. */
final class MacroRing implements RingUnderTest, AutoCloseable {

    private static final List<Integer> SLOT_BYTES = List.of(112, 12, 8, 100);
    private static final int PRIVATE_BYTES = 64;

    private final RingMacros macros = RingOracle.macros();
    private final ChronicleMemory privates = ChronicleMemory.allocatePages(1);
    private int used;

    /** The number by which ring_oracle.c knows the slots of this size. */
    static int kindOf(int slotBytes) {
        int kind = SLOT_BYTES.indexOf(slotBytes);
        if (kind < 0) {
            throw new IllegalArgumentException("slotBytes=" + slotBytes + ", must be one of " + SLOT_BYTES);
        }
        return kind;
    }

    /** Room for one of the macros' private structs. */
    long newPrivate() {
        long address = privates.address() + used;
        used += PRIVATE_BYTES;
        if (used > privates.sizeBytes()) {
            throw new IllegalStateException("too many halves");
        }
        return address;
    }

    @Override
    public void close() {
        privates.close();
    }

    @Override
    public FrontHalf front(SharedMemory memory, int slotBytes, int index) {
        long page = ((ChronicleMemory) memory).address();
        Front front = new Front(macros, kindOf(slotBytes), newPrivate());
        macros.front_attach(front.kind, front.ring, page, index, memory.sizeBytes());
        return front;
    }

    @Override
    public BackHalf back(SharedMemory memory, int slotBytes, int index) {
        long page = ((ChronicleMemory) memory).address();
        Back back = new Back(macros, kindOf(slotBytes), newPrivate());
        macros.back_attach(back.kind, back.ring, page, index, memory.sizeBytes());
        return back;
    }

    private record Front(RingMacros macros, int kind, long ring) implements FrontHalf {
        @Override
        public int freeRequests() {
            int free = macros.front_free(kind, ring);
            if ((macros.front_full(kind, ring) != 0) != (free == 0)) {
                throw new AssertionError("RING_FULL and RING_FREE_REQUESTS disagree");
            }
            return free;
        }

        @Override
        public int nextRequest() {
            return macros.front_next_request(kind, ring);
        }

        @Override
        public void pushRequests() {
            macros.front_push(kind, ring);
        }

        @Override
        public boolean pushRequestsAndCheckNotify() {
            return macros.front_push_check(kind, ring) != 0;
        }

        @Override
        public int unconsumedResponses() {
            return macros.front_unconsumed(kind, ring);
        }

        @Override
        public int nextResponse() {
            return macros.front_next_response(kind, ring);
        }

        @Override
        public boolean finalCheckForResponses() {
            return macros.front_final_check(kind, ring) != 0;
        }

        @Override
        public int reqProdPvt() {
            return macros.front_req_prod_pvt(kind, ring);
        }

        @Override
        public int rspCons() {
            return macros.front_rsp_cons(kind, ring);
        }
    }

    private record Back(RingMacros macros, int kind, long ring) implements BackHalf {
        @Override
        public int unconsumedRequests() {
            return macros.back_unconsumed(kind, ring);
        }

        @Override
        public int nextRequest() {
            return macros.back_next_request(kind, ring);
        }

        @Override
        public int nextResponse() {
            return macros.back_next_response(kind, ring);
        }

        @Override
        public void pushResponses() {
            macros.back_push(kind, ring);
        }

        @Override
        public boolean pushResponsesAndCheckNotify() {
            return macros.back_push_check(kind, ring) != 0;
        }

        @Override
        public boolean finalCheckForRequests() {
            return macros.back_final_check(kind, ring) != 0;
        }

        @Override
        public int reqCons() {
            return macros.back_req_cons(kind, ring);
        }

        @Override
        public int rspProdPvt() {
            return macros.back_rsp_prod_pvt(kind, ring);
        }
    }
}
