package org.xenpv.blkfront;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One operation of a {@link Blkfront}, from the call until its future is complete, in a flight recording. JVM only. */
@Name("org.xenpv.BlkOperation")
@Label("Block operation")
@Category({"xenpv", "blkfront"})
@Description("A read, write, flush or discard, from the call until it was done")
@Enabled(false)
@StackTrace(false)
final class BlkOperationEvent extends Event {

    @Label("Device")
    String device;

    @Label("Kind")
    String kind;

    @Label("Sector")
    @Description("In units of 512 bytes")
    long sector;

    @Label("Length")
    @DataAmount
    long bytes;

    @Label("Error")
    @Description("Null if it succeeded")
    String error;
}
