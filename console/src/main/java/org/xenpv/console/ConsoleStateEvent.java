package org.xenpv.console;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A console was connected or ended, in a flight recording. JVM only. */
@Name("org.xenpv.ConsoleState")
@Label("Console state")
@Category({"xenpv", "console"})
@Description("A console was connected, for the first time or again, or ended")
@StackTrace(false)
final class ConsoleStateEvent extends Event {

    @Label("Device")
    @Description("The device's directory, or console for the primary one")
    String device;

    @Label("State")
    String state;

    @Label("Reason")
    @Description("Why it ended; null otherwise, or if it was closed")
    String reason;

    static void record(String device, String state, Throwable reason) {
        ConsoleStateEvent event = new ConsoleStateEvent();
        if (event.shouldCommit()) {
            event.device = device;
            event.state = state;
            event.reason = reason == null ? null : reason.toString();
            event.commit();
        }
    }
}
