package org.xenpv.testkit.xen;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.platform.commons.support.AnnotationSupport;
import org.xenpv.simulator.HostConfig;
import org.xenpv.simulator.SimulatedXen;

/** Opens the host a test asks for, and closes it after looking for leaks. */
public final class SimulatedXenExtension
        implements ParameterResolver, TestExecutionExceptionHandler, AfterEachCallback {

    /** System property: the seed of every deterministic host. */
    public static final String SEED_PROPERTY = "sim.seed";

    /** System property: a directory, where every deterministic host then writes all that happens on it. */
    public static final String TRACE_PROPERTY = "sim.trace";

    /** Where failed tests leave the last of their traces, if {@link #TRACE_PROPERTY} is not set. */
    static final Path LEFT_BEHIND = Path.of("target", "sim-trace");

    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(SimulatedXenExtension.class);
    private static final Pattern INVOCATION = Pattern.compile("-invocation:#(\\d+)");
    private static final int TRACE_LINES = 30;

    /** Says how to run a failed test again; hangs on the failure. */
    private static final class Replay extends RuntimeException {
        Replay(String message) {
            super(message, null, false, false);
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == SimulatedXen.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return store(context).getOrComputeIfAbsent(SimulatedXen.class, key -> open(context), SimulatedXen.class);
    }

    private static ExtensionContext.Store store(ExtensionContext context) {
        return context.getStore(NAMESPACE);
    }

    private static OnSimulatedXen wanted(ExtensionContext context) {
        return AnnotationSupport.findAnnotation(context.getElement(), OnSimulatedXen.class)
                .or(() -> AnnotationSupport.findAnnotation(context.getTestClass(), OnSimulatedXen.class))
                .orElseThrow(() -> new IllegalStateException(
                        "@OnSimulatedXen is missing on " + context.getDisplayName() + " and on its class"));
    }

    private static SimulatedXen open(ExtensionContext context) {
        OnSimulatedXen wanted = wanted(context);
        return wanted.mode() == OnSimulatedXen.Mode.LIVE
                ? SimulatedXen.live()
                : SimulatedXen.deterministic(
                        seed(wanted, context.getUniqueId()),
                        HostConfig.defaults().withTrace(wholeTrace(context)));
    }

    /** The file for everything that happens in a test, or null if nobody asked for it. */
    private static Path wholeTrace(ExtensionContext context) {
        String directory = System.getProperty(TRACE_PROPERTY);
        return directory == null ? null : Path.of(directory).resolve(fileName(context));
    }

    private static String fileName(ExtensionContext context) {
        Matcher invocation = INVOCATION.matcher(context.getUniqueId());
        return context.getRequiredTestClass().getSimpleName() + "."
                + context.getRequiredTestMethod().getName() + (invocation.find() ? "-" + invocation.group(1) : "")
                + ".trace";
    }

    private static long seed(OnSimulatedXen wanted, String testId) {
        String given = System.getProperty(SEED_PROPERTY);
        if (given != null) {
            try {
                return Long.parseLong(given);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(SEED_PROPERTY + "=" + given + ", must be a number", e);
            }
        }
        if (wanted.seed() != 0) {
            return wanted.seed();
        }
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < testId.length(); i++) {
            hash = (hash ^ testId.charAt(i)) * 0x100000001b3L;
        }
        return hash;
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        SimulatedXen xen = store(context).get(SimulatedXen.class, SimulatedXen.class);
        if (xen != null) {
            failure.addSuppressed(replay(context, xen));
        }
        throw failure;
    }

    private static Replay replay(ExtensionContext context, SimulatedXen xen) {
        String message = xen.isDeterministic()
                ? context.getDisplayName() + ": seed=" + xen.seed() + ", run again with -D" + SEED_PROPERTY + "="
                        + xen.seed() + "\n" + whereTheTraceIs(context, xen) + "\nthe last that happened:\n"
                        + xen.recentTrace(TRACE_LINES)
                : context.getDisplayName() + ": on a live host, which has no seed";
        System.err.println(message);
        return new Replay(message);
    }

    private static String whereTheTraceIs(ExtensionContext context, SimulatedXen xen) {
        Path whole = wholeTrace(context);
        if (whole != null) {
            return "all of its " + xen.traceLength() + " events are in " + whole;
        }
        String howToGetAll =
                "with -D" + TRACE_PROPERTY + "=DIRECTORY all of its " + xen.traceLength() + " events are written there";
        if (!Files.isDirectory(LEFT_BEHIND.getParent())) {
            return howToGetAll;
        }
        Path file = LEFT_BEHIND.resolve(fileName(context));
        try {
            Files.createDirectories(LEFT_BEHIND);
            Files.writeString(file, "the last of seed=" + xen.seed() + "\n" + xen.recentTrace(Integer.MAX_VALUE));
        } catch (IOException e) {
            return howToGetAll + " (" + file + " cannot be written: " + e + ")";
        }
        return "the last events are in " + file + ", " + howToGetAll;
    }

    @Override
    public void afterEach(ExtensionContext context) {
        SimulatedXen xen = store(context).remove(SimulatedXen.class, SimulatedXen.class);
        if (xen == null) {
            return;
        }
        try (xen) {
            boolean passed = context.getExecutionException().isEmpty();
            if (passed && wanted(context).leakCheck()) {
                try {
                    xen.assertNothingLeaked();
                    xen.assertNoErrors();
                } catch (AssertionError leaked) {
                    leaked.addSuppressed(replay(context, xen));
                    throw leaked;
                }
            }
        }
    }
}
