package org.xenpv.backends.net.linux;

import java.util.List;

/**
 * What became of a program that was run.
 *
 * @param command with its arguments
 * @param exit its exit value
 */
public record CommandResult(List<String> command, int exit, String out, String err) {

    public boolean succeeded() {
        return exit == 0;
    }

    /** @throws IllegalStateException with all it printed, if it failed */
    public CommandResult orThrow() {
        if (exit != 0) {
            throw new IllegalStateException(this + "\n" + out + err);
        }
        return this;
    }

    @Override
    public String toString() {
        return String.join(" ", command) + " ended with " + exit;
    }
}
