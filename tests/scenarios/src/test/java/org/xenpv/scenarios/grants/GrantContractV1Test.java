package org.xenpv.scenarios.grants;

import org.xenpv.testkit.grant.GrantPair;
import org.xenpv.testkit.grant.GrantTableContract;

/** Version 1 entries on the simulated hypervisor. */
class GrantContractV1Test extends GrantTableContract {

    @Override
    protected GrantPair open() {
        return SimulatedGrants.open(1);
    }
}
