package org.xenpv.realxen;

import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.XenstoreOps;

/**
 * A shell in another domain, through xenstore: a command goes into {@code data/request} of the guest's directory, a script there or in
 * dom0 runs it and writes {@code data/answer}. Both begin with a number, so that an answer is that of its request.
 */
public class Shell {

    private static final String REQUEST = "data/request";
    private static final String ANSWER = "data/answer";

    private final BlockingXenstore store;
    private final String base;
    private final String who;
    private final long answerNs;
    private int number;

    /**
     * @param base the guest's directory with a slash behind it, or nothing if this is the guest
     * @param who runs the commands, for messages
     * @param answerNs how long a command may take
     */
    Shell(BlockingXenstore store, String base, String who, long answerNs) {
        this.store = store;
        this.base = base;
        this.who = who;
        this.answerNs = answerNs;
        String last = store.readOrNull(base + REQUEST);
        this.number = last == null || last.isEmpty() ? 0 : Integer.parseInt(last.substring(0, last.indexOf(' ')));
    }

    public final BlockingXenstore store() {
        return store;
    }

    /**
     * Runs a command.
     *
     * @return what it printed, without the last newline
     * @throws AssertionError if it fails
     */
    public final String run(String command) {
        start(command);
        return result(command);
    }

    /** Has a command run, and goes on; {@link #result} waits for it. One at a time. */
    public final void start(String command) {
        number++;
        store.write(base + REQUEST, number + " " + command);
    }

    /** Whether the command that was started has ended. */
    final boolean isAnswered() {
        String answer = store.readOrNull(base + ANSWER);
        return answer != null && answer.startsWith(number + " ");
    }

    /** What the command that was started printed. */
    public final String result(String command) {
        String mark = number + " ";
        String answer = store.await(
                answerNs,
                (XenstoreOps reads, Result<String> found) -> reads.read(
                        base + ANSWER,
                        (text, error) -> found.accept(text != null && text.startsWith(mark) ? text : null, error)));
        int line = answer.indexOf('\n');
        String status = answer.substring(mark.length(), line < 0 ? answer.length() : line);
        String output = line < 0 ? "" : answer.substring(line + 1).stripTrailing();
        RealGuest.checkEqual(status, "0", who + ": \"" + command + "\" printed \"" + output + "\", its exit status");
        return output;
    }
}
