package org.xenpv.backends.net;

/**
 * What a {@link LearningSwitch} did at one port: a snapshot.
 *
 * @param framesIn frames that came out of the port, {@code bytesIn} in them
 * @param framesOut frames the port took, {@code bytesOut} in them; segments are not counted one by one
 * @param flooded of the frames that came in, those sent to all other ports
 * @param notForwarded frames that came in for an address at the same port, from a group address, or with no header
 * @param refused frames that the port dropped, some of its segments dropped included
 */
public record SwitchPortStats(
        long framesIn, long bytesIn, long framesOut, long bytesOut, long flooded, long notForwarded, long refused) {}
