package org.xenpv.netfront.wrapper;

import org.xenpv.xenstore.Jitter;

/** What is to happen to the next packet. As many numbers are drawn whatever is switched on, so one fault shifts no other. */
final class FaultDraw {

    private final FaultConfig config;
    private final Jitter numbers;

    boolean drop;
    boolean duplicate;
    boolean corrupt;
    boolean reorder;
    boolean delay;
    long holdNs;
    private long where;
    private long what;

    FaultDraw(FaultConfig config, long seed) {
        this.config = config;
        this.numbers = new Jitter(seed);
    }

    void next() {
        drop = perMille(config.dropPerMille());
        duplicate = perMille(config.duplicatePerMille());
        corrupt = perMille(config.corruptPerMille());
        reorder = perMille(config.reorderPerMille());
        delay = perMille(config.delayPerMille());
        holdNs = 1 + Long.remainderUnsigned(numbers.nextLong(), config.holdNs());
        where = numbers.nextLong();
        what = numbers.nextLong();
    }

    private boolean perMille(int ratio) {
        return Long.remainderUnsigned(numbers.nextLong(), 1000) < ratio;
    }

    /** Which of so many bytes is damaged. */
    int damagedByte(int lengthBytes) {
        return (int) Long.remainderUnsigned(where, lengthBytes);
    }

    /** 1 to 255. */
    int damage() {
        return 1 + (int) Long.remainderUnsigned(what, 255);
    }
}
