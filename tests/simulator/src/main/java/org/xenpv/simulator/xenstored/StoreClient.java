package org.xenpv.simulator.xenstored;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Who asks: the identity of one connection, with the watches and transactions it holds. */
final class StoreClient {

    /** Where watch events of this client go. */
    interface Events {
        void watchEvent(String path, String token);
    }

    /** @param prefixLength what to cut off reported paths: the home directory if it was given as a relative path */
    record Watch(String path, String token, int prefixLength) {
        String reported(String changed) {
            return changed.substring(prefixLength);
        }
    }

    private static final int NO_TARGET = -1;

    private final int domid;
    private final boolean privileged;
    private final Events events;
    private final List<Watch> watches = new ArrayList<>();
    private final Map<Integer, Transaction> transactions = new LinkedHashMap<>();
    private int nextTransactionId = 1;
    private int target = NO_TARGET;

    StoreClient(int domid, boolean privileged, Events events) {
        this.domid = domid;
        this.privileged = privileged;
        this.events = events;
    }

    int domid() {
        return domid;
    }

    boolean privileged() {
        return privileged;
    }

    /** Where its relative paths start. */
    String home() {
        return StorePath.ofDomain(domid);
    }

    Events events() {
        return events;
    }

    List<Watch> watches() {
        return watches;
    }

    Map<Integer, Transaction> transactions() {
        return transactions;
    }

    /** An id that no open transaction of this client has; never 0. */
    int newTransactionId() {
        int id = nextTransactionId;
        while (id == 0 || transactions.containsKey(id)) {
            id++;
        }
        nextTransactionId = id + 1;
        return id;
    }

    void setTarget(int targetDomid) {
        target = targetDomid;
    }

    void clearTarget(int targetDomid) {
        if (target == targetDomid) {
            target = NO_TARGET;
        }
    }

    /** Whether permissions given to a domain are given to this client. */
    boolean actsAs(int otherDomid) {
        return domid == otherDomid || (target != NO_TARGET && target == otherDomid);
    }
}
