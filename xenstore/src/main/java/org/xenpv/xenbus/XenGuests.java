package org.xenpv.xenbus;

import org.xenpv.xenbus.linux.LinuxGuest;

/** Opens the guest that this program runs in. */
public final class XenGuests {

    private XenGuests() {}

    /** A guest directly on a hypervisor, with {@link BareGuest.Options#defaults()}. */
    public static BareGuest bare(BarePlatform platform) {
        return bare(platform, BareGuest.Options.defaults());
    }

    /**
     * A guest directly on a hypervisor. Nobody runs its loop yet.
     *
     * @throws org.xenpv.fault.XenException if the hypervisor refuses what the options ask for
     */
    public static BareGuest bare(BarePlatform platform, BareGuest.Options options) {
        if (platform == null || options == null) {
            throw new IllegalArgumentException("platform and options must not be null");
        }
        return new BareGuest(platform, options);
    }

    /** A Linux domain on Xen, this program's, with {@link LinuxGuest.Options#DEFAULT}. JVM only. */
    public static LinuxGuest linux() {
        return linux(LinuxGuest.Options.DEFAULT);
    }

    /**
     * A Linux domain on Xen, this program's. Nobody runs its loop yet. JVM only.
     *
     * @throws org.xenpv.fault.XenException saying which device is missing, or what xenstored refuses
     */
    public static LinuxGuest linux(LinuxGuest.Options options) {
        return LinuxGuest.open(options);
    }
}
