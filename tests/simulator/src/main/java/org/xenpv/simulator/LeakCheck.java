package org.xenpv.simulator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenpv.grant.GrantLedger;
import org.xenpv.simulator.xenstored.DomainUsage;

/** Compares what domains hold with what they held when they had just booted. Knows nothing of drivers. */
final class LeakCheck {

    private final SimulatedXen xen;
    private final Map<SimDomain, Integer> watchesAtBoot = new LinkedHashMap<>();

    LeakCheck(SimulatedXen xen) {
        this.xen = xen;
    }

    synchronized void remember(SimDomain domain) {
        watchesAtBoot.put(domain, usage(domain).watches());
    }

    private synchronized int watchesAtBoot(SimDomain domain) {
        return watchesAtBoot.getOrDefault(domain, 0);
    }

    private DomainUsage usage(SimDomain domain) {
        int domid = domain.domid();
        return xen.dom0().call(guest -> xen.xenstored().usage(domid));
    }

    List<String> leaks() {
        List<String> leaks = new ArrayList<>();
        check(xen.dom0(), leaks);
        for (SimDomain domain : xen.domains()) {
            if (domain.isAlive() && !domain.isSuspended()) {
                check(domain, leaks);
            }
        }
        String unsound = xen.dom0().call(guest -> xen.xenstored().check());
        if (unsound != null) {
            leaks.add("xenstored: " + unsound);
        }
        return leaks;
    }

    private void check(SimDomain domain, List<String> leaks) {
        for (GrantLedger.Entry entry :
                domain.call(guest -> guest.grants().ledger().entries())) {
            leaks.add(domain + ": gref=" + entry.gref() + (entry.quarantined() ? " quarantined" : " lent") + " to dom"
                    + entry.domid() + ", " + entry.purpose());
        }
        for (int port : domain.hypervisorDomain().strayPorts()) {
            leaks.add(domain + ": port=" + port + " open");
        }
        for (String mapping : domain.hypervisorDomain().strayMappings()) {
            leaks.add(domain + ": " + mapping + " mapped");
        }
        DomainUsage usage = usage(domain);
        int watches = usage.watches() - watchesAtBoot(domain);
        if (watches > 0) {
            leaks.add(domain + ": xenstore watches=" + watches);
        }
        if (usage.transactions() > 0) {
            leaks.add(domain + ": xenstore transactions=" + usage.transactions());
        }
    }
}
