package org.xenpv.xenbus;

/** What a driver does around suspend. After resume, grants and ports of the old life are gone (xen/sched.h, SCHEDOP_shutdown). */
public interface Lifecycle {

    void beforeSuspend();

    /** @param cancelled the domain was never away: everything is as before */
    void afterResume(boolean cancelled);
}
