package org.xenpv.io.xenbus;

/** The keys all device directories share (Xen's docs/misc/xenstore-paths.pandoc; xen/io/xenbus.h for the states). */
public final class XenbusKeys {

    /** Both sides: enum xenbus_state, in decimal. Each side writes its own and watches the other's. */
    public static final String STATE = "state";

    /** Frontend: path of the backend's directory. Written by the toolstack. */
    public static final String BACKEND = "backend";
    /** Frontend: domid of the backend. Written by the toolstack. */
    public static final String BACKEND_ID = "backend-id";

    /** Backend: path of the frontend's directory. Written by the toolstack. */
    public static final String FRONTEND = "frontend";
    /** Backend: domid of the frontend. Written by the toolstack. */
    public static final String FRONTEND_ID = "frontend-id";
    /** Backend: 1 while the toolstack wants the device, 0 once it is to go away. */
    public static final String ONLINE = "online";
    /** Backend: what the hotplug script has to say: {@code connected} or {@code error}. */
    public static final String HOTPLUG_STATUS = "hotplug-status";

    /** In {@code error/device/<class>/<id>/}: why a device broke, for a person to read. */
    public static final String ERROR = "error";

    private XenbusKeys() {}
}
