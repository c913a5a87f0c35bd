package org.xenpv.backends.net;

import static org.xenpv.io.netif.Netif.NETIF_RSP_ERROR;
import static org.xenpv.io.netif.Netif.NETIF_RSP_NULL;
import static org.xenpv.io.netif.Netif.NETIF_RSP_OKAY;

import org.xenpv.io.netif.NetifTxResponse;
import org.xenpv.ring.BackRing;

/** The answers to the slots taken in a burst, one for each, in the slots' order. */
final class TxAnswers {

    private final int[] id;
    private final short[] status;
    private int count;

    TxAnswers(int slotsMax) {
        id = new int[slotsMax];
        status = new short[slotsMax];
    }

    void clear() {
        count = 0;
    }

    int count() {
        return count;
    }

    /** Notes a request, to be answered OKAY if nothing else is said. */
    void request(int requestId) {
        id[count] = requestId;
        status[count++] = NETIF_RSP_OKAY;
    }

    /** Notes a slot of extra information, which has no id. */
    void extra() {
        id[count] = 0;
        status[count++] = NETIF_RSP_NULL;
    }

    /** Answers one request ERROR. */
    void fail(int answer) {
        status[answer] = NETIF_RSP_ERROR;
    }

    /** Answers every request from one on ERROR. */
    void failFrom(int first) {
        for (int i = first; i < count; i++) {
            if (status[i] != NETIF_RSP_NULL) {
                status[i] = NETIF_RSP_ERROR;
            }
        }
    }

    /** Writes them into the ring, unpublished. */
    void write(BackRing ring) {
        for (int i = 0; i < count; i++) {
            NetifTxResponse.put(ring.memory(), ring.nextResponse(), id[i], status[i]);
        }
        count = 0;
    }
}
