package org.xenpv.simulator;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.xenpv.simulator.xenstored.XenstoredDaemon;
import org.xenpv.xenbus.XenbusState;
import org.xenpv.xenstore.XenstorePermissions;

/** The two directories of a device and the toolstack's own, as libxl makes and removes them (libxl_device.c). */
final class DeviceNodes {

    /** What the toolstack writes, as opposed to what the two drivers add while they connect. */
    private static final Set<String> CONFIGURATION = Set.of(
            "frontend-id",
            "backend-id",
            "online",
            "removable",
            "bootable",
            "dev",
            "type",
            "mode",
            "params",
            "script",
            "device-type",
            "virtual-device",
            "discard-enable",
            "protocol",
            "limit",
            "output",
            "tty",
            "handle",
            "mac",
            "mtu",
            "hotplug-status",
            "bridge",
            "trusted");

    private DeviceNodes() {}

    /** Both directories, whatever stood there before. */
    static NodeBatch attach(SimDevice device, Map<String, String> front, Map<String, String> back) {
        String frontPath = device.frontendPath();
        String backPath = device.backendPath();
        return new NodeBatch()
                .remove(frontPath)
                .mkdir(frontPath, XenstorePermissions.readableBy(device.frontendId(), device.backendId()))
                .write(frontPath + "/backend", backPath)
                .writeAll(frontPath, front)
                .remove(backPath)
                .mkdir(backPath, XenstorePermissions.readableBy(device.backendId(), device.frontendId()))
                .write(backPath + "/frontend", frontPath)
                .writeAll(backPath, back)
                .write(device.libxlPath() + "/frontend", frontPath)
                .write(device.libxlPath() + "/backend", backPath);
    }

    static NodeBatch remove(SimDevice device) {
        return new NodeBatch()
                .remove(device.frontendPath())
                .remove(device.backendPath())
                .remove(device.libxlPath());
    }

    /** What the toolstack once wrote into a directory, with the state a device begins with. */
    static Map<String, String> configured(SimulatedXen xen, String directory) {
        XenstoredDaemon xenstored = xen.xenstored();
        Map<String, String> values = new LinkedHashMap<>();
        xen.dom0().run(guest -> {
            List<String> keys = xenstored.children(directory);
            if (keys != null) {
                for (String key : keys) {
                    if (CONFIGURATION.contains(key)) {
                        values.put(key, xenstored.value(directory + "/" + key));
                    }
                }
            }
        });
        values.put("state", Integer.toString(XenbusState.INITIALISING.value()));
        if (values.containsKey("online")) {
            values.put("online", "1");
        }
        return values;
    }
}
