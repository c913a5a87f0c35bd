package org.xenpv.console;

/** What becomes of output when ring and buffer are full, because nobody empties the ring. Drops are counted. */
public enum FullPolicy {
    /** Keep what is buffered, drop what comes. */
    DROP_NEWEST,
    /** Drop the oldest buffered bytes to make room: a log whose end matters most. */
    DROP_OLDEST,
    /**
     * Drop nothing: {@link ConsoleDevice#write} accepts less, and {@link PvConsole}'s stream waits until the deadline and
     * then throws.
     */
    KEEP
}
