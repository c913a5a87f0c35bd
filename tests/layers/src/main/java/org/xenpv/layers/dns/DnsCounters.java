package org.xenpv.layers.dns;

import org.xenpv.layers.LayerCounters;

/** What {@link DnsServer} counts. */
public final class DnsCounters extends LayerCounters<DnsCounters.Drop> {

    /** Why. */
    public enum Drop {
        /** Fewer bytes than a header has. */
        SHORT,
        /** More bytes than a query needs. */
        LONG,
        /** An answer, or from the server's own port or none: answering could go on for ever. */
        NOT_A_QUERY,
        /** No room for the answer, or no way. */
        SEND_NO_ROOM
    }

    private long remembered;

    DnsCounters() {
        super(Drop.values());
    }

    /** Answers that were given before and only copied. */
    public long remembered() {
        return remembered;
    }

    void count(Drop reason) {
        drop(reason);
    }

    void answered(boolean fromMemo) {
        countReceived();
        countSent();
        if (fromMemo) {
            remembered++;
        }
    }
}
