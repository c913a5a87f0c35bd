package org.xenpv.simulator;

import java.util.function.UnaryOperator;
import org.xenpv.simulator.xenstored.XenstoredConfig;
import org.xenpv.xenbus.BareGuest;

/**
 * How a host is set up.
 *
 * @param dom0MemoryPages of the control domain
 * @param dom0Guest how the control domain's guest is assembled
 * @param xenstored changes the daemon's configuration: quotas, faults, features, log
 */
public record HostConfig(int dom0MemoryPages, BareGuest.Options dom0Guest, UnaryOperator<XenstoredConfig> xenstored) {

    public HostConfig {
        if (dom0Guest == null || xenstored == null) {
            throw new IllegalArgumentException("dom0Guest and xenstored must not be null");
        }
    }

    /** 16 MiB for dom0, all else by default. */
    public static HostConfig defaults() {
        return new HostConfig(4096, BareGuest.Options.defaults(), UnaryOperator.identity());
    }

    public HostConfig withDom0MemoryPages(int pages) {
        return new HostConfig(pages, dom0Guest, xenstored);
    }

    public HostConfig withDom0Guest(BareGuest.Options options) {
        return new HostConfig(dom0MemoryPages, options, xenstored);
    }

    public HostConfig withXenstored(UnaryOperator<XenstoredConfig> change) {
        return new HostConfig(dom0MemoryPages, dom0Guest, change);
    }
}
