package org.xenpv.scenarios.grants;

import org.xenpv.testkit.grant.GrantPair;
import org.xenpv.testkit.grant.GrantTableContract;

/** Version 2 entries on the simulated hypervisor. */
class GrantContractV2Test extends GrantTableContract {

    @Override
    protected GrantPair open() {
        return SimulatedGrants.open(2);
    }
}
