package org.xenpv.backends.net;

import org.xenpv.pcapng.CapturedPacket;
import org.xenpv.pcapng.Pcapng;

/**
 * How a capture is replayed.
 *
 * @param which packets of a capture that tells directions; all of one that does not
 */
public record ReplayConfig(Spacing spacing, Which which) {

    /** When a packet comes. */
    public enum Spacing {
        /** As soon as whoever is behind the fabric takes it; nothing is lost for being too fast. */
        AS_TAKEN,
        /**
         * As long after the first as in the capture, by the loop's clock; one with an earlier time than those before it at once. Whoever is
         * not ready loses packets, as from a wire.
         */
        AS_RECORDED
    }

    /** Which packets, by the direction as the captured interface saw it. */
    public enum Which {
        ALL,
        INBOUND,
        OUTBOUND;

        boolean includes(CapturedPacket packet) {
            return switch (packet.direction()) {
                case Pcapng.EPB_FLAGS_INBOUND -> this != OUTBOUND;
                case Pcapng.EPB_FLAGS_OUTBOUND -> this != INBOUND;
                default -> true;
            };
        }
    }

    /** Everything, as fast as it is taken. */
    public static final ReplayConfig DEFAULT = new ReplayConfig(Spacing.AS_TAKEN, Which.ALL);
}
