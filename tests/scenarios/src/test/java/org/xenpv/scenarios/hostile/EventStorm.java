package org.xenpv.scenarios.hostile;

/** Sends an event every so often until stopped. */
final class EventStorm {

    private final HostileBackend evil;
    private final int port;
    private final long periodNs;
    private final Runnable before;
    boolean over;
    int sent;

    /** @param before done before each event */
    EventStorm(HostileBackend evil, int port, long periodNs, Runnable before) {
        this.evil = evil;
        this.port = port;
        this.periodNs = periodNs;
        this.before = before;
        evil.domain().run(guest -> send());
    }

    private void send() {
        if (!over) {
            before.run();
            evil.sendEvent(port);
            sent++;
            var loop = evil.domain().guest().loop();
            loop.at(loop.clock().nanoTime() + periodNs, this::send);
        }
    }
}
