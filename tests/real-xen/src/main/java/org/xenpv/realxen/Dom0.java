package org.xenpv.realxen;

import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.XenstoreOps;

/**
 * Dom0's shell, through xenstore: a command goes into {@code data/request} of our domain, dom0/serve runs it and writes
 * {@code data/answer}. Both begin with a number, so that an answer is that of its request.
 */
public final class Dom0 {

    private static final String REQUEST = "data/request";
    private static final String ANSWER = "data/answer";
    private static final long ANSWER_NS = 120_000_000_000L;

    private final BlockingXenstore store;
    private int number;

    public Dom0(BlockingXenstore store) {
        this.store = store;
        String last = store.readOrNull(REQUEST);
        this.number = last == null || last.isEmpty() ? 0 : Integer.parseInt(last.substring(0, last.indexOf(' ')));
    }

    public BlockingXenstore store() {
        return store;
    }

    /**
     * Runs a command.
     *
     * @return what it printed, without the last newline
     * @throws AssertionError if it fails
     */
    public String run(String command) {
        start(command);
        return result(command);
    }

    /** Has a command run, and goes on; {@link #result} waits for it. One at a time. */
    public void start(String command) {
        number++;
        store.write(REQUEST, number + " " + command);
    }

    /** What the command that was started printed. */
    public String result(String command) {
        String mark = number + " ";
        String answer = store.await(
                ANSWER_NS,
                (XenstoreOps reads, Result<String> found) -> reads.read(
                        ANSWER,
                        (text, error) -> found.accept(text != null && text.startsWith(mark) ? text : null, error)));
        int line = answer.indexOf('\n');
        String status = answer.substring(mark.length(), line < 0 ? answer.length() : line);
        String output = line < 0 ? "" : answer.substring(line + 1).stripTrailing();
        RealGuest.checkEqual(status, "0", "dom0: \"" + command + "\" printed \"" + output + "\", its exit status");
        return output;
    }
}
