package org.xenpv.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.xenpv.backends.block.StoreFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The main job's command line. */
@Command(
        name = "demo",
        description =
                "Serves a disk image from a driver domain of a simulated host, has a guest read all of it, and then send packets to another guest.",
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {

    @Option(
            names = "--disk",
            paramLabel = "FILE",
            defaultValue = "",
            description = "the image to read; without it a fresh one is made, and deleted at the end")
    private String disk;

    @Option(
            names = "--write",
            defaultValue = "false",
            fallbackValue = "true",
            arity = "0..1",
            description = "rewrite FILE itself, and put back what stood there, instead of a scratch copy")
    private boolean write;

    @Option(names = "--size", paramLabel = "MIB", defaultValue = "256", description = "of the fresh image")
    private int sizeMib;

    @Option(names = "--scratch", paramLabel = "MIB", defaultValue = "64", description = "how much to rewrite at most")
    private int scratchMib;

    @Option(names = "--blocks", paramLabel = "N", defaultValue = "10000", description = "random blocks to read")
    private int blocks;

    @Option(names = "--packets", paramLabel = "N", defaultValue = "500000", description = "packets to send")
    private int packets;

    @Option(names = "--depth", paramLabel = "N", defaultValue = "32", description = "operations in flight")
    private int depth;

    @Option(names = "--request", paramLabel = "KIB", defaultValue = "128", description = "of a sequential operation")
    private int requestKib;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "of the fresh image and the blocks")
    private long seed;

    @Option(
            names = "--work-dir",
            paramLabel = "DIR",
            defaultValue = "target",
            description = "where the fresh image and the scratch copy are made")
    private Path workDir;

    @Spec
    private CommandSpec spec;

    private final StoreFactory stores;

    DemoCommand() {
        this(StoreFactory.RAW_IMAGES);
    }

    /** @param stores how the driver domain opens an image */
    DemoCommand(StoreFactory stores) {
        this.stores = stores;
    }

    @Override
    public Integer call() {
        DemoOptions options =
                new DemoOptions(image(), write, sizeMib, scratchMib, blocks, packets, depth, requestKib, seed, workDir);
        PrintWriter out = spec.commandLine().getOut();
        new Demo(options, stores, out, Progress.onTerminal()).run();
        return 0;
    }

    private Path image() {
        try {
            return disk.isEmpty() ? null : Path.of(disk);
        } catch (InvalidPathException e) {
            throw CommandFailure.refused("--disk=" + disk + " is not a path");
        }
    }
}
