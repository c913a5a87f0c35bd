package org.xenpv.scenarios.grants;

import org.xenpv.grant.abi.AbiGrantMapper;
import org.xenpv.grant.abi.AbiGrantTable;
import org.xenpv.simulator.hypervisor.Domain;
import org.xenpv.simulator.hypervisor.DomainSpec;
import org.xenpv.simulator.hypervisor.Hypervisor;
import org.xenpv.simulator.hypervisor.Processors;
import org.xenpv.simulator.hypervisor.Trace;
import org.xenpv.simulator.hypervisor.Vcpu;
import org.xenpv.testkit.grant.GrantPair;

/** A granting domain, a mapping one and a stranger on a simulated hypervisor; nobody waits for events. */
final class SimulatedGrants {

    static final int CAP = 24;

    private static final int FRAMES = 4096;
    private static final int GRANT_FRAMES_MAX = 4;

    private SimulatedGrants() {}

    static GrantPair open(int version) {
        Hypervisor hypervisor = new Hypervisor(new Idle(), Trace.NONE);
        DomainSpec spec = new DomainSpec(false, FRAMES, GRANT_FRAMES_MAX, 64, -1, -1);
        Domain granter = hypervisor.create(spec);
        Domain mapper = hypervisor.create(spec);
        Domain stranger = hypervisor.create(spec);
        AbiGrantTable table = AbiGrantTable.open(
                granter.grantTableOp(),
                granter.grantPlatform(),
                new AbiGrantTable.Options(version, GRANT_FRAMES_MAX, CAP, 8));
        if (table.version() != version) {
            throw new IllegalStateException("version=" + table.version() + ", asked for " + version);
        }
        return new GrantPair(
                table, granter.domid(), mapper(mapper), mapper.domid(), mapper(stranger), CAP, hypervisor::close);
    }

    private static AbiGrantMapper mapper(Domain domain) {
        return AbiGrantMapper.open(domain.grantTableOp(), domain.grantPlatform());
    }

    /** Virtual CPUs that never run. */
    private static final class Idle implements Processors {

        @Override
        public Vcpu vcpu(Domain domain) {
            return new Vcpu() {
                @Override
                public void upcall() {}

                @Override
                public void pause() {}

                @Override
                public void resume() {}

                @Override
                public void block(long deadlineNs) {
                    throw new IllegalStateException("nobody waits in these tests");
                }

                @Override
                public void kick() {}
            };
        }

        @Override
        public void later(long delayNs, Runnable action) {
            throw new IllegalStateException("no faults in these tests");
        }
    }
}
