package org.xenpv.benchmarks;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;

/** What a domain's thread has used: processor time and bytes allocated. */
record ThreadCosts(long processorNs, long allocatedBytes) {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** @param domain its name, which its thread's name ends in */
    static ThreadCosts of(String domain) {
        for (ThreadInfo thread : THREADS.getThreadInfo(THREADS.getAllThreadIds())) {
            if (thread != null
                    && thread.getThreadName().startsWith("xen-dom")
                    && thread.getThreadName().endsWith("-" + domain)) {
                long id = thread.getThreadId();
                return new ThreadCosts(THREADS.getThreadCpuTime(id), THREADS.getThreadAllocatedBytes(id));
            }
        }
        throw new IllegalArgumentException("domain=" + domain + ", has no thread");
    }

    ThreadCosts since(ThreadCosts before) {
        return new ThreadCosts(processorNs - before.processorNs, allocatedBytes - before.allocatedBytes);
    }
}
