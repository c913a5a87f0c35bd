package org.xenpv.xenbus.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.xenpv.fault.XenException;

/**
 * Which devices of this guest the kernel's own frontends drive, as sysfs tells it, and how they are taken from them. Two
 * frontends on one device would overwrite each other's keys.
 */
public final class KernelDrivers {

    private static final Path XEN_BUS = Path.of("/sys/bus/xen");

    private final Path bus;

    public KernelDrivers() {
        this(XEN_BUS);
    }

    /** @param bus the folder of the bus in sysfs, with {@code devices} in it */
    public KernelDrivers(Path bus) {
        this.bus = bus;
    }

    private Path device(String nodename) {
        if (!nodename.startsWith("device/") || nodename.indexOf('/', "device/".length()) < 0) {
            throw new IllegalArgumentException("nodename=\"" + nodename + "\", must be like device/vbd/51712");
        }
        return bus.resolve("devices")
                .resolve(nodename.substring("device/".length()).replace('/', '-'));
    }

    /** The kernel's driver of a device, e.g. {@code vbd}; null if it drives it not, or does not know it. */
    public String driverOf(String nodename) {
        Path driver = device(nodename).resolve("driver");
        try {
            return Files.exists(driver) ? driver.toRealPath().getFileName().toString() : null;
        } catch (IOException gone) {
            return null;
        }
    }

    /**
     * Makes sure that the kernel does not drive a device.
     *
     * @param unbind whether to take it from the kernel's driver if need be
     * @throws XenException that says what to do, if it is the kernel's and stays so
     */
    public void release(String nodename, boolean unbind) {
        String driver = driverOf(nodename);
        if (driver == null) {
            return;
        }
        Path device = device(nodename);
        Path file = device.resolve("driver").resolve("unbind");
        String command = "echo " + device.getFileName() + " > " + file;
        String belongs = nodename + " belongs to the kernel's driver \"" + driver + "\"";
        if (!unbind) {
            throw new XenException(belongs + ": do not load it, or take the device from it: " + command);
        }
        try {
            Files.writeString(file, device.getFileName().toString());
        } catch (IOException refused) {
            throw new XenException(belongs + ", and cannot be taken from it (" + command + "): " + refused, refused);
        }
        if (driverOf(nodename) != null) {
            throw new XenException(belongs + ", and stays there after: " + command);
        }
    }
}
