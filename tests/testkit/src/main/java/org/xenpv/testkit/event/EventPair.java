package org.xenpv.testkit.event;

import org.xenpv.event.Clock;
import org.xenpv.event.EventChannels;

/** Two domains of one host, with nothing bound between them. Closed after the test. */
public interface EventPair extends AutoCloseable {

    EventChannels left();

    int leftDomid();

    EventChannels right();

    int rightDomid();

    /** The clock that deadlines of {@link EventChannels#await} are measured by; real time. */
    Clock clock();

    /**
     * Whether an event that comes while one is undelivered is always one with it. Else it may be delivered once more: on Linux the
     * kernel keeps one for itself while we hold another.
     */
    default boolean deliversOnce() {
        return true;
    }

    @Override
    void close();
}
