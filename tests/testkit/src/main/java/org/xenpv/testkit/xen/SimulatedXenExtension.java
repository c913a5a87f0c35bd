package org.xenpv.testkit.xen;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.platform.commons.support.AnnotationSupport;
import org.xenpv.simulator.SimulatedXen;

/** Opens the host a test asks for, and closes it after looking for leaks. */
public final class SimulatedXenExtension
        implements ParameterResolver, TestExecutionExceptionHandler, AfterEachCallback {

    /** System property: the seed of every deterministic host. */
    public static final String SEED_PROPERTY = "sim.seed";

    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(SimulatedXenExtension.class);
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
                : SimulatedXen.deterministic(seed(wanted, context.getUniqueId()));
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
                        + xen.seed() + "\nthe last that happened:\n" + xen.recentTrace(TRACE_LINES)
                : context.getDisplayName() + ": on a live host, which has no seed";
        System.err.println(message);
        return new Replay(message);
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
