package org.xenpv.simulator.hypervisor;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.event.abi.EventChannelOp;
import org.xenpv.event.abi.SchedOp;
import org.xenpv.grant.abi.Gnttab;
import org.xenpv.grant.abi.GrantPlatform;
import org.xenpv.grant.abi.GrantTableOp;
import org.xenpv.memory.SharedMemory;

/**
 * A domain as the hypervisor knows it, and the hypercall ports of the guest in it.
 *
 * <p>Built by {@link Hypervisor#create}. It has one virtual CPU.
 */
public final class Domain {

    private final Hypervisor hypervisor;
    private final DomainSpec spec;
    private final DomainMemory memory;
    private final SharedInfo sharedInfo = new SharedInfo();
    private final EventPorts events;
    private final GrantHypercalls grantHypercalls;
    private final MapSpace mapSpace = new MapSpace(DomainSpec.MAP_SPACE_PAGES, DomainSpec.MAPPINGS_MAX);
    private final GrantPlatform grantPlatform;
    private final Vcpu vcpu;
    private volatile int domid;
    private volatile GrantFrames grants;
    private volatile StartInfo startInfo = StartInfo.NONE;
    private volatile boolean alive = true;

    Domain(Hypervisor hypervisor, int domid, DomainSpec spec, DomainMemory memory) {
        this.hypervisor = hypervisor;
        this.domid = domid;
        this.spec = spec;
        this.memory = memory;
        this.grants = new GrantFrames(memory, spec.grantFramesMax());
        this.events = new EventPorts(this, spec.portsMax());
        this.grantHypercalls = new GrantHypercalls(this);
        this.grantPlatform = new GuestPages(this);
        this.vcpu = hypervisor.processors().vcpu(this);
    }

    /** Changes when the domain is restored somewhere else. */
    public int domid() {
        return domid;
    }

    public boolean privileged() {
        return spec.privileged();
    }

    /** False once destroyed: every hypercall is refused then. */
    public boolean alive() {
        return alive;
    }

    public DomainMemory memory() {
        return memory;
    }

    /** struct shared_info, one page. */
    public SharedMemory sharedInfoPage() {
        return sharedInfo.page();
    }

    public StartInfo startInfo() {
        return startInfo;
    }

    /** A page of this domain's memory, for the guest itself. */
    public SharedMemory page(long gfn) {
        if (!memory.holds(gfn)) {
            throw new IllegalArgumentException("gfn=" + gfn + ", is no frame of domid=" + domid);
        }
        return memory.page(gfn);
    }

    public EventChannelOp eventChannelOp() {
        return events;
    }

    public GrantTableOp grantTableOp() {
        return grantHypercalls;
    }

    public GrantPlatform grantPlatform() {
        return grantPlatform;
    }

    public SchedOp schedOp() {
        return vcpu;
    }

    public Vcpu vcpu() {
        return vcpu;
    }

    /** Whether an event waits to be looked at (evtchn_upcall_pending). */
    public boolean upcallPending() {
        return sharedInfo.upcallPending();
    }

    /** Ports in use, in order. */
    public List<Integer> openPorts() {
        return events.open();
    }

    /** Ports in use other than those the toolstack made for store and console, here or at the other end. */
    public List<Integer> strayPorts() {
        return events.stray();
    }

    boolean isReservedPort(int port) {
        StartInfo info = startInfo;
        return port != 0 && (port == info.storePort() || port == info.consolePort());
    }

    /** Foreign pages this domain has mapped, one line each, other than store and console pages. */
    public List<String> strayMappings() {
        synchronized (hypervisor.lock()) {
            List<String> stray = new ArrayList<>();
            for (int handle : mapSpace.mapped()) {
                Mapping mapping = mapSpace.byHandle(handle);
                if (Integer.compareUnsigned(mapping.ref, Gnttab.GNTTAB_NR_RESERVED_ENTRIES) >= 0) {
                    stray.add("gref=" + Integer.toUnsignedString(mapping.ref) + " of dom" + mapping.granterDomid);
                }
            }
            return stray;
        }
    }

    /** Foreign pages this domain has mapped. */
    public int mappedPages() {
        synchronized (hypervisor.lock()) {
            return mapSpace.mapped().size();
        }
    }

    /** Grants of this domain that others have mapped, the reserved ones included. */
    public int pinnedGrants() {
        synchronized (hypervisor.lock()) {
            return grants.pinnedEntries();
        }
    }

    Hypervisor hypervisor() {
        return hypervisor;
    }

    SharedInfo sharedInfo() {
        return sharedInfo;
    }

    EventPorts events() {
        return events;
    }

    GrantFrames grants() {
        return grants;
    }

    MapSpace mapSpace() {
        return mapSpace;
    }

    /** The frame number the guest is told for the first frame of its grant table: none of its own memory. */
    long tableGfn(boolean statusFrames) {
        return memory.endGfn() + (statusFrames ? GrantFrames.FRAMES_MAX_LIMIT : 0);
    }

    void raiseUpcall() {
        if (sharedInfo.setUpcallPending()) {
            vcpu.upcall();
        }
    }

    /** Writes what the domain builder leaves; the caller holds the lock. */
    void build() {
        long storeGfn = 0;
        int storePort = 0;
        long consoleGfn = 0;
        int consolePort = 0;
        if (spec.storeDomid() >= 0) {
            storeGfn = reservedPage(startInfo.storeGfn());
            grants.seed(Gnttab.GNTTAB_RESERVED_XENSTORE, spec.storeDomid(), storeGfn);
            storePort = events.openUnbound(spec.storeDomid());
        }
        if (spec.consoleDomid() >= 0) {
            consoleGfn = reservedPage(startInfo.consoleGfn());
            grants.seed(Gnttab.GNTTAB_RESERVED_CONSOLE, spec.consoleDomid(), consoleGfn);
            consolePort = events.openUnbound(spec.consoleDomid());
        }
        startInfo = new StartInfo(storeGfn, storePort, consoleGfn, consolePort);
    }

    private long reservedPage(long existing) {
        long gfn = existing;
        if (gfn == 0) {
            gfn = memory.allocate(1).firstFrame();
        }
        memory.page(gfn).zero(0, SharedMemory.PAGE_BYTES);
        return gfn;
    }

    /** Restored: same memory, everything the hypervisor kept is new. The caller holds the lock. */
    void rebuild(int newDomid) {
        grantHypercalls.releaseMappings();
        events.closeAll();
        grants.retire();
        sharedInfo.clear();
        domid = newDomid;
        grants = new GrantFrames(memory, spec.grantFramesMax());
        build();
    }

    /** The caller holds the lock. */
    void destroy() {
        alive = false;
        grantHypercalls.releaseMappings();
        events.closeAll();
        vcpu.pause();
    }

    /** Gives the memory back; nobody runs any more. */
    void free() {
        grants.retire();
        sharedInfo.close();
        memory.release();
    }
}
