package org.xenpv.testkit.ring;

/**
 * What a request/response ring with notification hold-off does, written without memory, masks or 32-bit numbers.
 *
 * <p>Indices are {@code long} and never wrap; an event is wanted if and only if the index asked for lies in what a push
 * has just published. Both ends behave.
 */
public final class RingModel {

    private final int nrEnts;

    private long reqProdPvt;
    private long reqProd;
    private long reqEvent;
    private long reqCons;
    private long rspProdPvt;
    private long rspProd;
    private long rspEvent;
    private long rspCons;

    /** @param startIndex what all indices start from, at least 0 */
    public RingModel(int nrEnts, long startIndex) {
        if (startIndex < 0) {
            throw new IllegalArgumentException("startIndex=" + startIndex + ", must be at least 0");
        }
        this.nrEnts = nrEnts;
        reqProdPvt = reqProd = reqCons = rspProdPvt = rspProd = rspCons = startIndex;
        reqEvent = rspEvent = startIndex + 1;
    }

    public int freeRequests() {
        return (int) (nrEnts - (reqProdPvt - rspCons));
    }

    /** The index of the slot that is staged. */
    public long stageRequest() {
        return reqProdPvt++;
    }

    /** Publishes; whether the back wants an event. */
    public boolean pushRequests() {
        boolean wanted = reqProd < reqEvent && reqEvent <= reqProdPvt;
        reqProd = reqProdPvt;
        return wanted;
    }

    public int unconsumedResponses() {
        return (int) (rspProd - rspCons);
    }

    public long takeResponse() {
        return rspCons++;
    }

    public boolean finalCheckForResponses() {
        if (rspProd > rspCons) {
            return true;
        }
        rspEvent = rspCons + 1;
        return false;
    }

    public int unconsumedRequests() {
        long room = nrEnts - (reqCons - rspProdPvt);
        return (int) Math.min(reqProd - reqCons, room);
    }

    public long takeRequest() {
        return reqCons++;
    }

    /** Requests taken and not answered. */
    public int unanswered() {
        return (int) (reqCons - rspProdPvt);
    }

    /** The index of the slot that is staged. */
    public long stageResponse() {
        return rspProdPvt++;
    }

    /** Publishes; whether the front wants an event. */
    public boolean pushResponses() {
        boolean wanted = rspProd < rspEvent && rspEvent <= rspProdPvt;
        rspProd = rspProdPvt;
        return wanted;
    }

    public boolean finalCheckForRequests() {
        if (unconsumedRequests() > 0) {
            return true;
        }
        reqEvent = reqCons + 1;
        return false;
    }

    public long reqProdPvt() {
        return reqProdPvt;
    }

    public long reqProd() {
        return reqProd;
    }

    public long reqEvent() {
        return reqEvent;
    }

    public long reqCons() {
        return reqCons;
    }

    public long rspProdPvt() {
        return rspProdPvt;
    }

    public long rspProd() {
        return rspProd;
    }

    public long rspEvent() {
        return rspEvent;
    }

    public long rspCons() {
        return rspCons;
    }
}
