package org.xenpv.cli;

import java.io.PrintWriter;
import org.xenpv.fault.XenException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** The program. */
@Command(
        name = "xenpv",
        description = "Xen PV drivers over a simulated host.",
        subcommands = {DemoCommand.class, DiskCat.class, ConsoleEcho.class, XenstoreLs.class, HelpCommand.class},
        synopsisSubcommandLabel = "COMMAND")
public final class Xenpv {

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    /** The command line; the given commands stand in for those of their class. */
    static CommandLine commandLine(Object... commands) {
        CommandLine commandLine = new CommandLine(new Xenpv(), new CommandLine.IFactory() {
            @Override
            public <K> K create(Class<K> type) throws Exception {
                for (Object command : commands) {
                    if (type.isInstance(command)) {
                        return type.cast(command);
                    }
                }
                return CommandLine.defaultFactory().create(type);
            }
        });
        commandLine.setParameterExceptionHandler((error, args) -> {
            error.getCommandLine().getErr().println("xenpv: " + error.getMessage());
            return CommandFailure.REFUSED;
        });
        commandLine.setExecutionExceptionHandler((error, command, parsed) -> {
            PrintWriter err = command.getErr();
            if (error instanceof CommandFailure failure) {
                err.println("xenpv: " + failure.getMessage());
                return failure.exitCode();
            }
            if (error instanceof XenException) {
                err.println("xenpv: " + error.getMessage());
                return CommandFailure.FAILED;
            }
            throw error;
        });
        return commandLine;
    }
}
