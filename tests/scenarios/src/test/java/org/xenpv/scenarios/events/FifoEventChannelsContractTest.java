package org.xenpv.scenarios.events;

import org.xenpv.testkit.event.EventChannelsContract;
import org.xenpv.testkit.event.EventPair;

class FifoEventChannelsContractTest extends EventChannelsContract {

    @Override
    protected EventPair open() {
        return new HypervisorPair(HypervisorPair::fifo);
    }
}
