package org.xenpv.console;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Output of a console was dropped, in a flight recording. JVM only. */
@Name("org.xenpv.ConsoleDrop")
@Label("Console output dropped")
@Category({"xenpv", "console"})
@Description("Output that nobody will see: by one write to a full console, or when the console ended")
@StackTrace(false)
final class ConsoleDropEvent extends Event {

    @Label("Device")
    @Description("The device's directory, or console for the primary one")
    String device;

    @Label("Length")
    @DataAmount
    long bytes;

    static void record(String device, long bytes) {
        ConsoleDropEvent event = new ConsoleDropEvent();
        if (event.shouldCommit()) {
            event.device = device;
            event.bytes = bytes;
            event.commit();
        }
    }
}
