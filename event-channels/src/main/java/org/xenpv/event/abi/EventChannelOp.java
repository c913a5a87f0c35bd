package org.xenpv.event.abi;

import org.xenpv.memory.SharedMemory;

/** HYPERVISOR_event_channel_op: the port behind which a hypervisor stands. */
public interface EventChannelOp {

    /**
     * @param cmd EVTCHNOP_* (xen/event_channel.h)
     * @param args holds the argument struct of that command at {@code at}; results are written back into it
     * @return 0 or a negative errno
     */
    int eventChannelOp(int cmd, SharedMemory args, int at);
}
