package org.xenpv.simulator;

import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.xenpv.simulator.xenstored.XenstoredConfig;
import org.xenpv.xenbus.BareGuest;

/**
 * How a host is set up.
 *
 * @param dom0MemoryPages of the control domain
 * @param dom0Guest how the control domain's guest is assembled
 * @param xenstored changes the daemon's configuration: quotas, faults, features, log
 * @param trace where to write everything that happens on a deterministic host, one event a line; null for nowhere
 */
public record HostConfig(
        int dom0MemoryPages, BareGuest.Options dom0Guest, UnaryOperator<XenstoredConfig> xenstored, Path trace) {

    public HostConfig {
        if (dom0Guest == null || xenstored == null) {
            throw new IllegalArgumentException("dom0Guest and xenstored must not be null");
        }
    }

    /** 16 MiB for dom0, all else by default. */
    public static HostConfig defaults() {
        return new HostConfig(4096, BareGuest.Options.defaults(), UnaryOperator.identity(), null);
    }

    public HostConfig withDom0MemoryPages(int pages) {
        return new HostConfig(pages, dom0Guest, xenstored, trace);
    }

    public HostConfig withDom0Guest(BareGuest.Options options) {
        return new HostConfig(dom0MemoryPages, options, xenstored, trace);
    }

    public HostConfig withXenstored(UnaryOperator<XenstoredConfig> change) {
        return new HostConfig(dom0MemoryPages, dom0Guest, change, trace);
    }

    public HostConfig withTrace(Path file) {
        return new HostConfig(dom0MemoryPages, dom0Guest, xenstored, file);
    }
}
