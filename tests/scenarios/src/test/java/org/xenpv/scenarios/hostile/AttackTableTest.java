package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;

/** The table of this module's README names, for every attack that must never succeed again, tests that exist and run. */
class AttackTableTest {

    /** The set that must never regress. */
    private static final Set<String> ROWS = new TreeSet<>(
            Arrays.asList(("R1 R2 R3 R4 R5 R12 I1 I2 I3 I4 I6 N1 N7 N11 N18 B3 B10 B17 C1 C3 C4 G2 G6 E1 E2 E3 "
                            + "X3 X5 X13 X16 X17 X19 K7 K10 K11 K12 L1 L3")
                    .split(" ")));

    private static final Pattern LINE = Pattern.compile("\\| ([A-Z]\\d+) \\|[^|]*\\| ([a-z/-]+) \\| (.+) \\|");
    private static final Pattern TEST = Pattern.compile("`([A-Za-z0-9]+)#([A-Za-z0-9_]+)`");

    private record Named(String row, String module, String testClass, String method) {}

    private static Path root() {
        Path here = Path.of("").toAbsolutePath();
        return here.endsWith("scenarios") ? here.getParent().getParent() : here;
    }

    private static List<Matcher> lines() throws IOException {
        List<Matcher> lines = new ArrayList<>();
        for (String line : Files.readAllLines(root().resolve("tests/scenarios/README.md"))) {
            Matcher matcher = LINE.matcher(line);
            if (matcher.matches()) {
                lines.add(matcher);
            }
        }
        return lines;
    }

    private static List<Named> named() throws IOException {
        List<Named> named = new ArrayList<>();
        for (Matcher line : lines()) {
            Matcher test = TEST.matcher(line.group(3));
            while (test.find()) {
                named.add(new Named(line.group(1), line.group(2), test.group(1), test.group(2)));
            }
        }
        return named;
    }

    @Test
    void everyRowIsThere_andHasATest() throws IOException {
        Set<String> rows = new TreeSet<>();
        for (Matcher line : lines()) {
            rows.add(line.group(1));
            assertThat(TEST.matcher(line.group(3)).find()).as(line.group()).isTrue();
        }
        assertThat(rows).isEqualTo(ROWS);
    }

    @TestFactory
    Stream<DynamicTest> everyTestExistsAndRuns() throws IOException {
        return named().stream()
                .map(one -> DynamicTest.dynamicTest(
                        one.row + " " + one.testClass + "#" + one.method, () -> assertRuns(one)));
    }

    private static void assertRuns(Named one) throws Exception {
        Path classes = root().resolve(one.module).resolve("target/test-classes");
        assertThat(classes).as("compiled tests of " + one.module).isDirectory();
        Path file;
        try (Stream<Path> files = Files.walk(classes)) {
            file = files.filter(path -> path.endsWith(one.testClass + ".class"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no class " + one.testClass + " in " + one.module));
        }
        String relative = classes.relativize(file).toString();
        String name =
                relative.substring(0, relative.length() - ".class".length()).replace('/', '.');
        URL[] path = {classes.toUri().toURL()};
        try (URLClassLoader loader = new URLClassLoader(path, AttackTableTest.class.getClassLoader())) {
            Class<?> testClass = Class.forName(name, false, loader);
            assertThat(isDisabled(testClass.getAnnotations()))
                    .as("%s is disabled", name)
                    .isFalse();
            List<Method> methods = Stream.of(testClass.getDeclaredMethods())
                    .filter(method -> method.getName().equals(one.method))
                    .toList();
            assertThat(methods).as("%s#%s", name, one.method).hasSize(1);
            Method method = methods.get(0);
            assertThat(AnnotationSupport.isAnnotated(method, Testable.class))
                    .as("%s is a test", method)
                    .isTrue();
            assertThat(isDisabled(method.getAnnotations()))
                    .as("%s is disabled", method)
                    .isFalse();
            assertThat(("_" + one.method.replace("attack", "")).toLowerCase(Locale.ROOT))
                    .as("named by its row")
                    .contains("_" + one.row.toLowerCase(Locale.ROOT) + "_");
        }
    }

    /** By name too: jqwik has an annotation of its own. */
    private static boolean isDisabled(Annotation[] annotations) {
        for (Annotation annotation : annotations) {
            String type = annotation.annotationType().getSimpleName();
            if (annotation instanceof Disabled || type.startsWith("Disabled") || type.startsWith("Enabled")) {
                return true;
            }
        }
        return false;
    }
}
