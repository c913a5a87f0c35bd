package org.xenpv.testkit.net;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.xenpv.backends.net.linux.NetworkNamespace;

/**
 * Gives a test that asks for one a {@link NetworkNamespace} of its own, which is closed when the test has ended, however it did. Skips
 * the test, with the reason, where none can be made.
 *
 * <pre>{@code
 * @ExtendWith(NetworkNamespaceExtension.class)
 * class PingTest {
 *     @Test
 *     void shouldAnswer(NetworkNamespace host) {
 *         host.adopt(tap.name(), "10.0.0.1/24");
 *         assertThat(host.run("ping", "-c", "1", "10.0.0.2").succeeded()).isTrue();
 *     }
 * }
 * }</pre>
 */
public final class NetworkNamespaceExtension implements ParameterResolver {

    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(NetworkNamespaceExtension.class);

    /** Tried once. */
    private static final class Probe {
        static final String REASON = NetworkNamespace.whyNot();
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == NetworkNamespace.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        // JUnit closes what is in the store, with the test's context.
        return context.getStore(NAMESPACE)
                .getOrComputeIfAbsent(parameter.getIndex(), index -> open(), NetworkNamespace.class);
    }

    private static NetworkNamespace open() {
        Assumptions.assumeTrue(Probe.REASON == null, "skipped: " + Probe.REASON);
        return NetworkNamespace.open();
    }
}
