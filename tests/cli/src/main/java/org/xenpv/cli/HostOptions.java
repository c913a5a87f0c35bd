package org.xenpv.cli;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import org.xenpv.simulator.Faults;
import org.xenpv.simulator.HostConfig;
import org.xenpv.simulator.SimulatedXen;
import picocli.CommandLine.Option;

/**
 * Where an example runs: a simulated host, live. Given a seed, faults or a trace it is a deterministic one, in virtual
 * time, and the same command does the same again.
 */
final class HostOptions {

    private static final long SEED_DEFAULT = 1;

    /** What can go wrong, by the name it has on the command line. */
    private enum Fault {
        drop,
        delay,
        duplicate,
        spurious,
        maps,
        memory
    }

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "run on a deterministic host, in the order that this number says")
    private Long seed;

    @Option(
            names = "--faults",
            paramLabel = "FAULT=N",
            arity = "0..1",
            split = ",",
            fallbackValue = "delay=100,duplicate=100,spurious=100",
            description = "of a thousand events, how many to drop, delay or duplicate, and how many spurious ones to"
                    + " add; of a thousand grants to map or allocations of memory, how many to refuse (drop, delay,"
                    + " duplicate, spurious, maps, memory). Without a value: delay=100,duplicate=100,spurious=100")
    private Map<Fault, Integer> faults;

    @Option(names = "--trace", paramLabel = "FILE", description = "write all that happens, one event a line")
    private Path trace;

    /** A host with nothing on it but a guest. */
    ExampleHost open() {
        if (seed == null && faults == null && trace == null) {
            return new ExampleHost(SimulatedXen.live());
        }
        Faults wanted = faults();
        ExampleHost host = new ExampleHost(deterministic());
        host.inject(wanted);
        return host;
    }

    private SimulatedXen deterministic() {
        try {
            return SimulatedXen.deterministic(
                    seed == null ? SEED_DEFAULT : seed, HostConfig.defaults().withTrace(trace));
        } catch (UncheckedIOException e) {
            throw CommandFailure.refused(e.getMessage());
        }
    }

    private Faults faults() {
        Faults wanted = Faults.none();
        if (faults != null) {
            try {
                for (Map.Entry<Fault, Integer> fault : faults.entrySet()) {
                    wanted = with(wanted, fault.getKey(), fault.getValue());
                }
            } catch (IllegalArgumentException e) {
                throw CommandFailure.refused("--faults: " + e.getMessage());
            }
        }
        return wanted;
    }

    private static Faults with(Faults faults, Fault fault, int perMille) {
        return switch (fault) {
            case drop -> faults.withEventsDropped(perMille);
            case delay -> faults.withEventsDelayed(perMille);
            case duplicate -> faults.withEventsDoubled(perMille);
            case spurious -> faults.withEventsSpurious(perMille);
            case maps -> faults.withMapsRefused(perMille);
            case memory -> faults.withMemoryRefused(perMille);
        };
    }
}
