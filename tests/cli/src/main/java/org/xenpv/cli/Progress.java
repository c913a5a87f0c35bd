package org.xenpv.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows how far long work has come. */
interface Progress {

    /** Nothing is shown. */
    Progress NONE = (what, bytes) -> new Bar(null);

    /** Work on a number of bytes begins. */
    Bar begin(String what, long bytes);

    /** A bar on standard error, if somebody is looking. */
    static Progress onTerminal() {
        if (!isTerminal()) {
            return NONE;
        }
        return (what, bytes) -> new Bar(new ProgressBarBuilder()
                .setTaskName(what)
                .setInitialMax(bytes)
                .setUnit(" MiB", 1 << 20)
                .setStyle(ProgressBarStyle.ASCII)
                .setConsumer(new ConsoleProgressBarConsumer(System.err))
                .clearDisplayOnFinish()
                .build());
    }

    /** System.console() says something else in every release; the descriptor knows. */
    private static boolean isTerminal() {
        try {
            Path target = Files.readSymbolicLink(Path.of("/proc/self/fd/2"));
            return target.startsWith("/dev/pts") || target.toString().startsWith("/dev/tty");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** One piece of work. */
    final class Bar implements AutoCloseable {
        private final ProgressBar shown;

        private Bar(ProgressBar shown) {
            this.shown = shown;
        }

        void stepBy(long bytes) {
            if (shown != null) {
                shown.stepBy(bytes);
            }
        }

        @Override
        public void close() {
            if (shown != null) {
                shown.close();
            }
        }
    }
}
