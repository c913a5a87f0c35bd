package org.xenpv.layers;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.xenpv.netfront.MacAddress;
import org.xenpv.netfront.NetPacket;

/**
 * Two network devices and the cable between them, all in one thread. What was flushed at one end arrives at the other when
 * the test says {@link #carry}: in order and once, unless the cable is told to lose, repeat and swap. The same seed does
 * the same.
 */
final class Cable implements AutoCloseable {

    private static final int ROUNDS_MAX = 1000;

    private final SplittableRandom random;
    private final CableDevice left;
    private final CableDevice right;
    private int lostPercent;
    private int repeatedPercent;
    private int swappedPercent;
    private boolean recording;
    private final List<byte[]> recorded = new ArrayList<>();

    Cable() {
        this(0);
    }

    Cable(long seed) {
        this.random = new SplittableRandom(seed);
        this.left = new CableDevice(MacAddress.parse("left", "00:16:3e:00:00:01"), random.split());
        this.right = new CableDevice(MacAddress.parse("right", "00:16:3e:00:00:02"), random.split());
    }

    CableDevice left() {
        return left;
    }

    CableDevice right() {
        return right;
    }

    Cable spoiling(int lost, int repeated, int swapped) {
        lostPercent = lost;
        repeatedPercent = repeated;
        swappedPercent = swapped;
        return this;
    }

    /** Keeps a copy of all frames, lost ones included. */
    Cable recording() {
        recording = true;
        return this;
    }

    List<byte[]> recorded() {
        return recorded;
    }

    /** Carries frames both ways until nobody sends any more. */
    void carry() {
        for (int round = 0; left.flushed() + right.flushed() > 0; round++) {
            if (round == ROUNDS_MAX) {
                throw new AssertionError("the ends never stop sending");
            }
            carry(left, right);
            carry(right, left);
        }
    }

    private void carry(CableDevice from, CableDevice to) {
        int count = from.flushed();
        for (int i = 0; i < count; i++) {
            if (i + 1 < count && happens(swappedPercent)) {
                from.swapFirst();
            }
            NetPacket frame = from.takeFlushed();
            if (recording) {
                recorded.add(frame.toBytes());
            }
            if (!happens(lostPercent)) {
                to.receive(frame);
                if (happens(repeatedPercent)) {
                    to.receive(frame);
                }
            }
            from.recycle(frame);
        }
        if (count > 0) {
            to.receivedAll();
        }
    }

    private boolean happens(int percent) {
        return percent > 0 && random.nextInt(100) < percent;
    }

    /** Ends both devices; @throws AssertionError if a packet was not given back */
    @Override
    public void close() {
        left.close();
        right.close();
    }
}
