package org.xenpv.simulator.hypervisor;

/**
 * What a domain is built with (XEN_DOMCTL_createdomain, and libxenguest's part).
 *
 * @param privileged may ask about and act for other domains
 * @param frames memory in pages
 * @param grantFramesMax how far the grant table can grow
 * @param portsMax event channel ports, the reserved port 0 included (max_event_channels + 1)
 * @param storeDomid domain that runs xenstored, or -1 for a domain without a xenstore ring
 * @param consoleDomid domain that serves the primary console, or -1 for none
 */
public record DomainSpec(
        boolean privileged, int frames, int grantFramesMax, int portsMax, int storeDomid, int consoleDomid) {

    /** How many foreign pages a domain can have mapped. */
    static final int MAPPINGS_MAX = 1 << 16;

    /** Addresses a domain can reserve for them. */
    static final int MAP_SPACE_PAGES = 1 << 18;

    public DomainSpec {
        if (portsMax < 8 || portsMax > 1 << 17) {
            throw new IllegalArgumentException("portsMax=" + portsMax + ", must be 8 to " + (1 << 17));
        }
    }
}
