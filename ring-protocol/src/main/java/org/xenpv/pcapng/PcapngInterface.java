package org.xenpv.pcapng;

/** What an interface's description says of the packets captured there: the unit of their times and where those begin. */
final class PcapngInterface {

    private static final long NS_PER_SECOND = 1_000_000_000;
    private static final int DECIMALS_DEFAULT = 6;
    private static final int DECIMALS_MAX = 18;
    private static final int NS_DECIMALS = 9;
    /** Halves finer than this are less than a nanosecond. */
    private static final int BITS_KEPT = 30;

    private static final int BITS_MAX = 62;
    private static final int BINARY = 0x80;
    /** Times up to 2262, as many nanoseconds as a long holds. */
    private static final long SECONDS_MAX = Long.MAX_VALUE / NS_PER_SECOND - 1;

    private final long snapLengthBytes;
    private long unitsPerSecond = power(DECIMALS_DEFAULT);
    /** So many units are taken as one, so that a second of them times 10^9 fits. */
    private long dropped = 1;

    private long offsetSeconds;

    PcapngInterface(long snapLengthBytes) {
        this.snapLengthBytes = snapLengthBytes;
    }

    private static long power(int decimals) {
        long result = 1;
        for (int i = 0; i < decimals; i++) {
            result *= 10;
        }
        return result;
    }

    /** 0 for no limit. */
    long snapLengthBytes() {
        return snapLengthBytes;
    }

    /** if_tsresol: a power of ten, or with the highest bit set a power of two. */
    void resolution(int value, long place) {
        int exponent = value & BINARY - 1;
        boolean binary = (value & BINARY) != 0;
        int most = binary ? BITS_MAX : DECIMALS_MAX;
        if (exponent > most) {
            throw new CaptureFormatException(
                    place, "resolution=" + (binary ? "2^-" : "10^-") + exponent + ", must be at most " + most);
        }
        unitsPerSecond = binary ? 1L << exponent : power(exponent);
        dropped = binary ? 1L << Math.max(0, exponent - BITS_KEPT) : power(Math.max(0, exponent - NS_DECIMALS));
    }

    /** if_tsoffset. */
    void offsetSeconds(long value, long place) {
        if (value < -SECONDS_MAX || value > SECONDS_MAX) {
            throw new CaptureFormatException(place, "time offset=" + value + " s, is out of range");
        }
        offsetSeconds = value;
    }

    /** @param units unsigned */
    long timeNs(long units, long place) {
        long seconds = Long.divideUnsigned(units, unitsPerSecond);
        if (seconds < 0 || seconds > SECONDS_MAX || seconds + offsetSeconds > SECONDS_MAX) {
            throw new CaptureFormatException(place, "time=" + Long.toUnsignedString(units) + ", is after 2262");
        }
        long part = Long.remainderUnsigned(units, unitsPerSecond) / dropped;
        return (seconds + offsetSeconds) * NS_PER_SECOND + part * NS_PER_SECOND / (unitsPerSecond / dropped);
    }
}
