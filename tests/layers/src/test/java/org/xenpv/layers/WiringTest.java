package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A stack without a service that a layer needs is no program. */
class WiringTest {

    /** What the compiler has against a class with these lines in it. */
    private static List<Diagnostic<? extends JavaFileObject>> compile(String lines) {
        String source = "import org.xenpv.layers.*; import org.xenpv.netfront.*;\n"
                + "abstract class Wiring { void wire(NetworkDevice device, Ipv4Home home, Alarms alarms,"
                + " Ipv4Buffers buffers) {\n" + lines + "\n}}";
        JavaFileObject file =
                new SimpleJavaFileObject(URI.create("string:///Wiring.java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return source;
                    }
                };
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        compiler.getTask(
                        null,
                        null,
                        found,
                        List.of("-proc:none", "-implicit:none", "-d", "target", "-cp", path),
                        null,
                        List.of(file))
                .call();
        return found.getDiagnostics().stream()
                .filter(each -> each.getKind() == Diagnostic.Kind.ERROR)
                .toList();
    }

    @Test
    void shouldCompile_whenEachLayerStandsOnWhatItNeeds() throws IOException {
        assertThat(compile(readmeWiring())).isEmpty();
    }

    /** The first program of the module's README. */
    private static String readmeWiring() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        int from = readme.indexOf("```java\n") + "```java\n".length();
        return readme.substring(from, readme.indexOf("```", from));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "new Udp<>(new Ethernet<>(device));|Ethernet<D>",
                "new Udp<>(new Arp<>(new Ethernet<>(device), home, alarms, ArpConfig.DEFAULT));|Arp<L>",
                "new Ipv4<>(new Ethernet<>(device), home, alarms, buffers);|Ethernet<D>",
                "new Arp<>(device, home, alarms, ArpConfig.DEFAULT);|NetworkDevice",
                "Udp<Ethernet<NetworkDevice>> udp = null;|not within bounds",
                "Ipv4<NetworkDevice> ipv4 = null;|not within bounds",
                "Ethernet<Ethernet<NetworkDevice>> ethernet = null;|not within bounds"
            })
    void shouldNotCompile_whenALayerLacksTheOneItNeeds(String line, String complaint) {
        assertThat(compile(line))
                .isNotEmpty()
                .anyMatch(each -> each.getMessage(Locale.ROOT).contains(complaint));
    }
}
