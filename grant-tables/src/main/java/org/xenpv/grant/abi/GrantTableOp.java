package org.xenpv.grant.abi;

import org.xenpv.memory.SharedMemory;

/** HYPERVISOR_grant_table_op: the port behind which a hypervisor stands. */
public interface GrantTableOp {

    /**
     * @param cmd GNTTABOP_* (xen/grant_table.h)
     * @param args holds {@code count} consecutive argument structs of that command, at {@code at}; results are written
     *     back into them
     * @return 0 or a negative errno for the whole call; each struct has a status of its own
     */
    int grantTableOp(int cmd, SharedMemory args, int at, int count);
}
