package org.xenpv.blkfront;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A disk was connected, resized or ended, in a flight recording. JVM only. */
@Name("org.xenpv.BlkState")
@Label("Block device state")
@Category({"xenpv", "blkfront"})
@Description("A disk was connected, resized or ended")
@StackTrace(false)
final class BlkStateEvent extends Event {

    @Label("Device")
    String device;

    @Label("State")
    String state;

    @Label("Sectors")
    @Description("In units of 512 bytes; 0 once it has ended")
    long sectors;

    @Label("Reason")
    @Description("Why it ended; null otherwise, or if it was closed")
    String reason;

    static void record(String device, String state, long sectors, Throwable reason) {
        BlkStateEvent event = new BlkStateEvent();
        if (event.shouldCommit()) {
            event.device = device;
            event.state = state;
            event.sectors = sectors;
            event.reason = reason == null ? null : reason.toString();
            event.commit();
        }
    }
}
