package org.xenpv.testkit.ring;

/**
 * One operation of a sequence.
 *
 * @param count at least 1; means nothing to operations that have no count
 */
public record RingStep(RingOp op, int count) {

    public RingStep {
        if (count < 1) {
            throw new IllegalArgumentException("count=" + count + ", must be at least 1");
        }
    }
}
