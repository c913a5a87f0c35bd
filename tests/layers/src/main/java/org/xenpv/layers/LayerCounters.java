package org.xenpv.layers;

import java.util.Locale;

/**
 * What one layer counts. A packet that comes in is handed up and counted as received, or dropped for one reason.
 *
 * @param <R> the reasons for which this layer drops; those that start with SEND are about packets on their way out
 */
public abstract class LayerCounters<R extends Enum<R>> {

    private final R[] reasons;
    private final long[] drops;
    private long received;
    private long sent;

    /** @param reasons all of them, in their order */
    protected LayerCounters(R[] reasons) {
        this.reasons = reasons.clone();
        this.drops = new long[reasons.length];
    }

    /** Packets handed to the layer above, or answered. */
    public final long received() {
        return received;
    }

    /** Packets handed to the layer below. */
    public final long sent() {
        return sent;
    }

    public final long dropped(R reason) {
        return drops[reason.ordinal()];
    }

    /** Packets dropped, whatever the reason. */
    public final long dropped() {
        long sum = 0;
        for (long each : drops) {
            sum += each;
        }
        return sum;
    }

    protected final void countReceived() {
        received++;
    }

    protected final void countSent() {
        sent++;
    }

    protected final void drop(R reason) {
        drops[reason.ordinal()]++;
    }

    /** Reasons that never occurred are left out. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("received=" + received + " sent=" + sent);
        for (R reason : reasons) {
            if (drops[reason.ordinal()] > 0) {
                text.append(' ')
                        .append(reason.name().toLowerCase(Locale.ROOT))
                        .append('=')
                        .append(drops[reason.ordinal()]);
            }
        }
        return text.toString();
    }
}
