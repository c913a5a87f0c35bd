package org.xenpv.scenarios.linux;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** A machine with a hypervisor: who granted what to whom, and which ports are connected. Guarded by its own monitor. */
final class FakeXen implements AutoCloseable {

    /** A grant table's entry. One that was ended while mapped lives on until it is mapped no more. */
    static final class Grant {
        final int granter;
        final int to;
        final int page;
        final boolean writable;
        int mappings;
        boolean ended;

        Grant(int granter, int to, int page, boolean writable) {
            this.granter = granter;
            this.to = to;
            this.page = page;
            this.writable = writable;
        }
    }

    /** One end of a channel. */
    static final class Port {
        final int domid;
        final int number;
        /** Whose it is; told of events while it is enabled. */
        final FakeEvtchn owner;

        int remoteDomid;
        Port remote;
        int virq = -1;
        boolean enabled = true;
        boolean pending;

        Port(int domid, int number, FakeEvtchn owner) {
            this.domid = domid;
            this.number = number;
            this.owner = owner;
        }
    }

    final FakeMachineMemory memory;
    private final Map<Integer, TreeMap<Integer, Grant>> grants = new HashMap<>();
    private final Map<Integer, TreeMap<Integer, Port>> ports = new HashMap<>();

    FakeXen(int pages) {
        memory = new FakeMachineMemory(pages);
    }

    FakeLinux boot(int domid, int gntallocLimit) {
        grants.put(domid, new TreeMap<>());
        ports.put(domid, new TreeMap<>());
        return new FakeLinux(this, domid, gntallocLimit);
    }

    boolean exists(int domid) {
        return grants.containsKey(domid);
    }

    /** @return a reference that is not in use */
    int grant(int granter, int to, int page, boolean writable) {
        TreeMap<Integer, Grant> table = grants.get(granter);
        int gref = 8;
        while (table.containsKey(gref)) {
            gref++;
        }
        table.put(gref, new Grant(granter, to, page, writable));
        return gref;
    }

    /** Null if there is none for this domain and access. */
    Grant granted(int granter, int gref, int to, boolean write) {
        Grant grant = exists(granter) ? grants.get(granter).get(gref) : null;
        return grant == null || grant.ended || grant.to != to || write && !grant.writable ? null : grant;
    }

    void end(int granter, int gref) {
        Grant grant = grants.get(granter).get(gref);
        grant.ended = true;
        freeIfOver(grant);
    }

    void unmapped(Grant grant) {
        grant.mappings--;
        freeIfOver(grant);
    }

    private void freeIfOver(Grant grant) {
        if (grant.ended && grant.mappings == 0) {
            grants.get(grant.granter).values().remove(grant);
            memory.free(grant.page);
        }
    }

    Port open(int domid, FakeEvtchn owner, int remoteDomid) {
        TreeMap<Integer, Port> table = ports.get(domid);
        int number = 1;
        while (table.containsKey(number)) {
            number++;
        }
        Port port = new Port(domid, number, owner);
        port.remoteDomid = remoteDomid;
        table.put(number, port);
        return port;
    }

    Port port(int domid, int number) {
        return exists(domid) ? ports.get(domid).get(number) : null;
    }

    boolean hasVirq(int domid, int virq) {
        return ports.get(domid).values().stream().anyMatch(port -> port.virq == virq);
    }

    void close(Port port) {
        ports.get(port.domid).remove(port.number);
        if (port.remote != null) {
            port.remote.remote = null;
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
