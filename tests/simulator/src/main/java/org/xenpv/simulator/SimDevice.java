package org.xenpv.simulator;

/**
 * A device that the toolstack attached: where its two halves meet in xenstore.
 *
 * @param kind {@code vbd}, {@code vif} or {@code console}
 * @param devid {@code virtual-device}, {@code handle} or the console's number
 */
public record SimDevice(String kind, int devid, SimDomain frontend, SimDomain backend, int frontendId, int backendId) {

    /** What a frontend is given: its directory below its domain's, e.g. {@code device/vbd/51712}. */
    public String nodename() {
        return "device/" + kind + "/" + devid;
    }

    /** What a backend is given, e.g. {@code backend/vbd/2/51712}. */
    public String backendNodename() {
        return "backend/" + kind + "/" + frontendId + "/" + devid;
    }

    public String frontendPath() {
        return "/local/domain/" + frontendId + "/" + nodename();
    }

    public String backendPath() {
        return "/local/domain/" + backendId + "/" + backendNodename();
    }

    /** Where the toolstack keeps its own account of the device. */
    String libxlPath() {
        return "/libxl/" + frontendId + "/" + nodename();
    }

    @Override
    public String toString() {
        return frontend + " " + nodename() + " <- " + backend;
    }
}
