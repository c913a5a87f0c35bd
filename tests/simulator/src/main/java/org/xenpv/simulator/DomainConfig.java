package org.xenpv.simulator;

import org.xenpv.xenbus.BareGuest;

/**
 * How a domain is created: what stands in a configuration file of xl, and how its guest is assembled.
 *
 * @param name stands in xenstore
 * @param memoryPages 4096 bytes each; from them come rings, pools and everything that is granted
 * @param grantFramesMax how far the grant table can grow, 1 to 4096 (max_grant_frames)
 * @param eventChannelsMax the highest event channel port (max_event_channels), 8 to 131071
 * @param console whether it has a primary console, served from dom0
 * @param driverDomain may have backends: a domain with devices of its own (driver_domain=1)
 * @param thread whether a live host gives it a thread of its own; if not, whoever waits for something of the guest runs
 *     it meanwhile, as in a deterministic host, but on any number of threads
 * @param guest how the guest in it is assembled
 */
public record DomainConfig(
        String name,
        int memoryPages,
        int grantFramesMax,
        int eventChannelsMax,
        boolean console,
        boolean driverDomain,
        boolean thread,
        BareGuest.Options guest) {

    public DomainConfig {
        if (name == null || name.isEmpty() || name.indexOf('/') >= 0) {
            throw new IllegalArgumentException("name=" + name + ", must be a name without slashes");
        }
        if (memoryPages < 64 || memoryPages > 1 << 18) {
            throw new IllegalArgumentException("memoryPages=" + memoryPages + ", must be 64 to " + (1 << 18));
        }
        if (grantFramesMax < 1 || grantFramesMax > 4096) {
            throw new IllegalArgumentException("grantFramesMax=" + grantFramesMax + ", must be 1 to 4096");
        }
        if (eventChannelsMax < 8 || eventChannelsMax > 131071) {
            throw new IllegalArgumentException("eventChannelsMax=" + eventChannelsMax + ", must be 8 to 131071");
        }
        if (guest == null) {
            throw new IllegalArgumentException("guest=null");
        }
    }

    /** 32 MiB, 64 grant frames, 1023 ports as Xen gives by default, a console, {@link BareGuest.Options#defaults()}. */
    public static DomainConfig named(String name) {
        return new DomainConfig(name, 8192, 64, 1023, true, false, true, BareGuest.Options.defaults());
    }

    public DomainConfig withMemoryPages(int pages) {
        return new DomainConfig(name, pages, grantFramesMax, eventChannelsMax, console, driverDomain, thread, guest);
    }

    public DomainConfig withGrantFramesMax(int frames) {
        return new DomainConfig(name, memoryPages, frames, eventChannelsMax, console, driverDomain, thread, guest);
    }

    public DomainConfig withEventChannelsMax(int ports) {
        return new DomainConfig(name, memoryPages, grantFramesMax, ports, console, driverDomain, thread, guest);
    }

    public DomainConfig withConsole(boolean hasConsole) {
        return new DomainConfig(
                name, memoryPages, grantFramesMax, eventChannelsMax, hasConsole, driverDomain, thread, guest);
    }

    /** A domain for backends. */
    public DomainConfig asDriverDomain() {
        return new DomainConfig(name, memoryPages, grantFramesMax, eventChannelsMax, console, true, thread, guest);
    }

    public DomainConfig withThread(boolean hasThread) {
        return new DomainConfig(
                name, memoryPages, grantFramesMax, eventChannelsMax, console, driverDomain, hasThread, guest);
    }

    public DomainConfig withGuest(BareGuest.Options options) {
        return new DomainConfig(
                name, memoryPages, grantFramesMax, eventChannelsMax, console, driverDomain, thread, options);
    }
}
