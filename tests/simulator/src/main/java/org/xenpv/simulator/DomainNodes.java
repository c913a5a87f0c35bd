package org.xenpv.simulator;

import java.util.List;
import org.xenpv.simulator.hypervisor.StartInfo;
import org.xenpv.xenstore.XenstorePermissions;
import org.xenpv.xenstore.XenstorePermissions.Access;

/** What stands in xenstore for a domain before it runs, node for node as libxl makes it (libxl_create.c, libxl_dom.c). */
final class DomainNodes {

    private static final int PAGE_KIB = 4;

    private DomainNodes() {}

    /** Dom0's own home: it has no toolstack above it. */
    static NodeBatch dom0() {
        XenstorePermissions own = new XenstorePermissions(0, Access.NONE, List.of());
        return new NodeBatch()
                .mkdir("/local/domain/0", own)
                .write("/local/domain/0/name", "Domain-0")
                .write("/local/domain/0/domid", "0")
                .mkdir("/local/domain/0/backend", own);
    }

    static NodeBatch create(DomainConfig config, int domid, StartInfo start) {
        String home = "/local/domain/" + domid;
        String vm = vm(domid);
        XenstorePermissions none = new XenstorePermissions(0, Access.NONE, List.of());
        XenstorePermissions readable = XenstorePermissions.readableBy(0, domid);
        XenstorePermissions own = new XenstorePermissions(domid, Access.NONE, List.of());
        NodeBatch batch = new NodeBatch()
                .remove(home)
                .remove(vm)
                .remove("/libxl/" + domid)
                .mkdir(home, readable)
                .mkdir(vm, readable)
                .mkdir("/libxl/" + domid, none)
                .write(home + "/vm", vm, readable)
                .write(home + "/name", config.name(), readable)
                .write(vm + "/name", config.name(), readable)
                .write(vm + "/uuid", vm.substring("/vm/".length()), readable)
                .mkdir(home + "/cpu", readable)
                .mkdir(home + "/memory", readable)
                .mkdir(home + "/device", readable)
                .mkdir(home + "/control", readable);
        for (String node : List.of(
                "control/shutdown",
                "control/feature-poweroff",
                "control/feature-reboot",
                "control/feature-suspend",
                "control/sysrq",
                "data",
                "drivers",
                "feature",
                "attr",
                "error",
                "device/suspend/event-channel")) {
            batch.write(home + "/" + node, "", own);
        }
        if (config.driverDomain()) {
            batch.mkdir(home + "/backend", own).mkdir(home + "/libxl", own);
        }
        long memoryKib = (long) config.memoryPages() * PAGE_KIB;
        batch.write(home + "/memory/static-max", Long.toString(memoryKib), readable)
                .write(home + "/memory/target", Long.toString(memoryKib), readable)
                .write(home + "/cpu/0/availability", "online", readable)
                .write(home + "/domid", Integer.toString(domid), readable)
                .write(home + "/store/port", Integer.toString(start.storePort()), readable)
                .write(home + "/store/ring-ref", Long.toString(start.storeGfn()), readable);
        if (config.console()) {
            console(batch, domid, start);
        }
        return batch;
    }

    /** The primary console: its frontend half is dom0's to write, and it has no state machine. */
    private static void console(NodeBatch batch, int domid, StartInfo start) {
        String front = "/local/domain/" + domid + "/console";
        String back = "/local/domain/0/backend/console/" + domid + "/0";
        XenstorePermissions readable = XenstorePermissions.readableBy(0, domid);
        batch.mkdir(front, readable)
                .write(front + "/backend", back, readable)
                .write(front + "/backend-id", "0", readable)
                .write(front + "/limit", "1048576", readable)
                .write(front + "/type", "xenconsoled", readable)
                .write(front + "/output", "pty", readable)
                .write(front + "/tty", "", readable)
                .write(front + "/port", Integer.toString(start.consolePort()), readable)
                .write(front + "/ring-ref", Long.toString(start.consoleGfn()), readable)
                .mkdir(back, readable)
                .write(back + "/frontend", front, readable)
                .write(back + "/frontend-id", Integer.toString(domid), readable)
                .write(back + "/online", "1", readable)
                .write(back + "/state", "1", readable)
                .write(back + "/protocol", "vt100", readable);
    }

    static NodeBatch destroy(int domid) {
        return new NodeBatch()
                .remove("/local/domain/" + domid)
                .remove("/local/domain/0/backend/console/" + domid)
                .remove(vm(domid))
                .remove("/libxl/" + domid);
    }

    /** A uuid that says which domain it is; random ones would differ from run to run. */
    private static String vm(int domid) {
        String digits = "00000000000" + Integer.toHexString(domid);
        return "/vm/5e000000-0000-4000-8000-" + digits.substring(digits.length() - 12);
    }
}
