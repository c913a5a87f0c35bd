package org.xenpv.netfront;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A network interface was connected or ended, in a flight recording. JVM only. */
@Name("org.xenpv.NetState")
@Label("Network interface state")
@Category({"xenpv", "netfront"})
@Description("A network interface was connected or ended")
@StackTrace(false)
final class NetStateEvent extends Event {

    @Label("Device")
    String device;

    @Label("State")
    String state;

    @Label("Reason")
    @Description("Why it ended; null otherwise, or if it was closed")
    String reason;

    static void record(String device, String state, Throwable reason) {
        NetStateEvent event = new NetStateEvent();
        if (event.shouldCommit()) {
            event.device = device;
            event.state = state;
            event.reason = reason == null ? null : reason.toString();
            event.commit();
        }
    }
}
