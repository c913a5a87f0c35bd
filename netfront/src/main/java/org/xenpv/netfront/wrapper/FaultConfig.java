package org.xenpv.netfront.wrapper;

/**
 * What happens to packets going one way, each in so many of a thousand.
 *
 * @param dropPerMille lost
 * @param duplicatePerMille seen twice
 * @param corruptPerMille one byte changed; not in packets whose checksum is still blank, where nobody could find it
 * @param reorderPerMille held until another has gone by, but no longer than {@code holdNs}
 * @param delayPerMille held for 1 to {@code holdNs}
 * @param holdNs longest time a packet is held
 * @param heldMax how many can be held at once; with so many held, no more are
 */
public record FaultConfig(
        int dropPerMille,
        int duplicatePerMille,
        int corruptPerMille,
        int reorderPerMille,
        int delayPerMille,
        long holdNs,
        int heldMax) {

    /** Nothing happens; what may, is added. */
    public static final FaultConfig NONE = new FaultConfig(0, 0, 0, 0, 0, 10_000_000L, 16);

    private static final int HELD_MAX = 1024;

    public FaultConfig {
        check("dropPerMille", dropPerMille);
        check("duplicatePerMille", duplicatePerMille);
        check("corruptPerMille", corruptPerMille);
        check("reorderPerMille", reorderPerMille);
        check("delayPerMille", delayPerMille);
        if (holdNs < 1 || holdNs > Long.MAX_VALUE / 4) {
            throw new IllegalArgumentException("holdNs=" + holdNs + ", must be 1 to " + Long.MAX_VALUE / 4);
        }
        if (heldMax < 1 || heldMax > HELD_MAX) {
            throw new IllegalArgumentException("heldMax=" + heldMax + ", must be 1 to " + HELD_MAX);
        }
    }

    private static void check(String name, int perMille) {
        if (perMille < 0 || perMille > 1000) {
            throw new IllegalArgumentException(name + "=" + perMille + ", must be 0 to 1000");
        }
    }

    /** Whether packets are kept or copied, so that there must be memory for it. */
    boolean keeps() {
        return duplicatePerMille > 0 || reorderPerMille > 0 || delayPerMille > 0;
    }

    public FaultConfig withDrops(int perMille) {
        return new FaultConfig(
                perMille, duplicatePerMille, corruptPerMille, reorderPerMille, delayPerMille, holdNs, heldMax);
    }

    public FaultConfig withDuplicates(int perMille) {
        return new FaultConfig(
                dropPerMille, perMille, corruptPerMille, reorderPerMille, delayPerMille, holdNs, heldMax);
    }

    public FaultConfig withCorruption(int perMille) {
        return new FaultConfig(
                dropPerMille, duplicatePerMille, perMille, reorderPerMille, delayPerMille, holdNs, heldMax);
    }

    public FaultConfig withReordering(int perMille) {
        return new FaultConfig(
                dropPerMille, duplicatePerMille, corruptPerMille, perMille, delayPerMille, holdNs, heldMax);
    }

    public FaultConfig withDelays(int perMille, long longestNs) {
        return new FaultConfig(
                dropPerMille, duplicatePerMille, corruptPerMille, reorderPerMille, perMille, longestNs, heldMax);
    }

    public FaultConfig withHeldMax(int to) {
        return new FaultConfig(
                dropPerMille, duplicatePerMille, corruptPerMille, reorderPerMille, delayPerMille, holdNs, to);
    }
}
