package org.xenpv.cli;

/** Ends a command: the message is the sentence to print. */
final class CommandFailure extends RuntimeException {

    /** What was moved is not what it should be, or a device failed. */
    static final int FAILED = 1;

    /** What was asked for cannot be done. */
    static final int REFUSED = 2;

    private final int exitCode;

    private CommandFailure(int exitCode, String sentence, Throwable cause) {
        super(sentence, cause);
        this.exitCode = exitCode;
    }

    static CommandFailure failed(String sentence) {
        return new CommandFailure(FAILED, sentence, null);
    }

    static CommandFailure failed(String sentence, Throwable cause) {
        return new CommandFailure(FAILED, sentence, cause);
    }

    static CommandFailure refused(String sentence) {
        return new CommandFailure(REFUSED, sentence, null);
    }

    int exitCode() {
        return exitCode;
    }
}
