package org.xenpv.netfront.wrapper;

/**
 * How a capture is written.
 *
 * @param name of the interface in the file
 * @param snapLengthBytes most bytes of a packet that are kept
 * @param resolution of the times
 * @param epochNs nanoseconds from 1970 to the clock's zero: what is added to the clock for the times in the file; a time
 *     before 1970 is written as 1970
 */
public record CaptureConfig(String name, int snapLengthBytes, Resolution resolution, long epochNs) {

    /** Enough for any packet of netif; readers of such files take this much. */
    public static final int SNAP_LENGTH_BYTES_MAX = 1 << 18;

    /** Everything, to the nanosecond, from the clock's zero on. */
    public static final CaptureConfig DEFAULT =
            new CaptureConfig("xenpv", SNAP_LENGTH_BYTES_MAX, Resolution.NANOSECONDS, 0);

    private static final int NAME_LENGTH_MAX = 255;

    /** The unit of times in the file. */
    public enum Resolution {
        MICROSECONDS(6, 1000),
        NANOSECONDS(9, 1);

        private final int decimals;
        private final int unitNs;

        Resolution(int decimals, int unitNs) {
            this.decimals = decimals;
            this.unitNs = unitNs;
        }

        /** The power of ten that pcapng's if_tsresol holds. */
        int decimals() {
            return decimals;
        }

        int unitNs() {
            return unitNs;
        }
    }

    public CaptureConfig {
        if (name == null || name.isEmpty() || name.length() > NAME_LENGTH_MAX) {
            throw new IllegalArgumentException("name=" + name + ", must have 1 to " + NAME_LENGTH_MAX + " characters");
        }
        if (snapLengthBytes < 1 || snapLengthBytes > SNAP_LENGTH_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "snapLengthBytes=" + snapLengthBytes + ", must be 1 to " + SNAP_LENGTH_BYTES_MAX);
        }
        if (resolution == null) {
            throw new IllegalArgumentException("resolution=null");
        }
    }

    public CaptureConfig withName(String to) {
        return new CaptureConfig(to, snapLengthBytes, resolution, epochNs);
    }

    public CaptureConfig withSnapLengthBytes(int to) {
        return new CaptureConfig(name, to, resolution, epochNs);
    }

    public CaptureConfig withResolution(Resolution to) {
        return new CaptureConfig(name, snapLengthBytes, to, epochNs);
    }

    public CaptureConfig withEpochNs(long to) {
        return new CaptureConfig(name, snapLengthBytes, resolution, to);
    }
}
