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
        /** Of a table that is gone: the kernel still keeps the reference, and nobody can use it. */
        boolean past;

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
        /** Its domain has been restored since: the kernel has forgotten it, and only its opener has not. */
        boolean past;

        Port(int domid, int number, FakeEvtchn owner) {
            this.domid = domid;
            this.number = number;
            this.owner = owner;
        }
    }

    final FakeMachineMemory memory;
    /** How often a program made its kernel stop at a BUG. */
    int kernelBugs;

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

    /** A new domain in the place of another, whose memory it has: with an empty grant table and no ports. */
    void restore(int domid, int newDomid) {
        for (Port port : ports.remove(domid).values()) {
            port.past = true;
            if (port.remote != null) {
                port.remote.remote = null;
            }
        }
        ports.put(newDomid, new TreeMap<>());
        TreeMap<Integer, Grant> table = grants.remove(domid);
        table.values().forEach(grant -> grant.past = true);
        grants.put(newDomid, table);
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
        return grant == null || grant.ended || grant.past || grant.to != to || write && !grant.writable ? null : grant;
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
            grants.values().forEach(table -> table.values().remove(grant));
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

    int openPorts(int domid) {
        return ports.get(domid).size();
    }

    boolean hasVirq(int domid, int virq) {
        return ports.get(domid).values().stream().anyMatch(port -> port.virq == virq);
    }

    void close(Port port) {
        if (port.past) {
            kernelBugs++;
            throw new IllegalStateException("kernel BUG at drivers/xen/evtchn.c: irq < 0, port=" + port.number);
        }
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
