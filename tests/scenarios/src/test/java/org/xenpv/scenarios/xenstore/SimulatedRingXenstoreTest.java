package org.xenpv.scenarios.xenstore;

import java.util.List;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xenstore.XenstoreContract;
import org.xenpv.testkit.xenstore.XenstorePair;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.XenstorePermissions;
import org.xenpv.xenstore.XenstorePermissions.Access;

/** Both domains over their ring pages, in virtual time. */
class SimulatedRingXenstoreTest extends XenstoreContract {

    @Override
    protected XenstorePair open() {
        SimulatedXen xen = SimulatedXen.deterministic(11);
        SimDomain dom0 = xen.dom0();
        SimDomain guest = xen.createDomain(DomainConfig.named("guest"));
        String base = guest.home() + "/data/contract";
        BlockingXenstore control =
                new BlockingXenstore(dom0.guest().store(), dom0.guest().loop());
        control.mkdir(base);
        control.setPermissions(base, new XenstorePermissions(guest.domid(), Access.NONE, List.of()));
        return new XenstorePair(
                dom0.guest().store(),
                dom0.guest().loop(),
                guest.guest().store(),
                guest.guest().loop(),
                guest.domid(),
                base,
                300,
                () -> {
                    xen.assertNothingLeaked();
                    xen.close();
                });
    }
}
