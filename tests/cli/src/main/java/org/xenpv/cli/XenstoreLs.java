package org.xenpv.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.XenstoreException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Example: a walk over xenstore. */
@Command(
        name = "xenstore-ls",
        description = "Prints what a guest with a connected disk sees in xenstore.",
        mixinStandardHelpOptions = true)
final class XenstoreLs implements Callable<Integer> {

    @Parameters(
            arity = "0..1",
            paramLabel = "PATH",
            description = "where to begin; else the guest's own directory, or /")
    private String path;

    @Option(names = "--dom0", description = "as dom0 sees it, which sees everything")
    private boolean asDom0;

    @Mixin
    private HostOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        try (ExampleHost host = options.open()) {
            String nodename = host.attachDisk((params, writable) -> MemoryStore.of(new byte[1 << 20]), "ram", true);
            try (Blkfront disk = Blkfront.connect(host.guest(), nodename)) {
                XenGuest who = asDom0 ? host.dom0() : host.guest();
                String home = asDom0 ? "/" : "/local/domain/" + who.domid();
                list(new BlockingXenstore(who.store(), who.loop()), path == null ? home : path);
            }
            host.checkNothingLeft();
        }
        return 0;
    }

    private void list(BlockingXenstore store, String directory) {
        PrintWriter out = spec.commandLine().getOut();
        try {
            list(store, directory, 0, out);
        } catch (IllegalArgumentException e) {
            throw CommandFailure.refused(e.getMessage());
        }
        out.flush();
    }

    private static void list(BlockingXenstore store, String directory, int depth, PrintWriter out) {
        for (String child : store.directory(directory)) {
            String node = directory.equals("/") ? "/" + child : directory + "/" + child;
            out.print(" ".repeat(depth) + child);
            try {
                out.println(" = \"" + printable(store.read(node)) + "\"");
                list(store, node, depth + 1, out);
            } catch (XenstoreException refused) {
                // EACCES: somebody else's; ENOENT: gone since its directory was read.
                out.println(refused.is("EACCES") ? " (not readable)" : " (gone)");
            }
        }
    }

    /** Whatever a domain has written there does nothing to the terminal. */
    private static String printable(String value) {
        StringBuilder text = new StringBuilder();
        for (char c : value.toCharArray()) {
            text.append(c >= ' ' && c < 0x7f ? String.valueOf(c) : String.format("\\x%02x", (int) c));
        }
        return text.toString();
    }
}
