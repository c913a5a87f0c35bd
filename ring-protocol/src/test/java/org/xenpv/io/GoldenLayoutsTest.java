package org.xenpv.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The committed golden files against Xen's headers themselves. */
class GoldenLayoutsTest {

    private static final String LAYOUTS_C = Path.of(System.getProperty("basedir", ""))
            .toAbsolutePath()
            .resolve("src/test/c/layouts.c")
            .toString();

    @Test
    void shouldPrintTheCommittedNumbers_whenBuiltForX86_64(@TempDir Path folder) throws Exception {
        XenHeaders.assumeCompilerAndHeaders();
        String program = folder.resolve("layouts").toString();
        XenHeaders.run("gcc", "-std=gnu11", "-Wall", "-Werror", "-Wno-unused-function", "-o", program, LAYOUTS_C);
        List<String> printed = XenHeaders.run(program).lines().toList();
        assertThat(printed).hasSizeGreaterThan(500);
        assertSame(printed, "x86_64");
    }

    @Test
    void shouldYieldTheCommittedNumbers_whenCompiledForX86_32() throws Exception {
        XenHeaders.assumeCompilerAndHeaders();
        String assembly =
                XenHeaders.run("gcc", "-std=gnu11", "-m32", "-ffreestanding", "-S", "-o", "/dev/stdout", LAYOUTS_C);
        String mark = "#golden ";
        List<String> emitted = assembly.lines()
                .filter(line -> line.startsWith(mark))
                .map(line -> line.substring(mark.length()))
                .toList();
        assertThat(emitted).hasSizeGreaterThan(25);
        assertSame(emitted, "x86_32");
    }

    private static void assertSame(List<String> fresh, String name) {
        assertThat(List.copyOf(GoldenLayouts.parse(fresh).values().entrySet()))
                .as("the headers here against %s", GoldenLayouts.file(name))
                .containsExactlyElementsOf(GoldenLayouts.read(name).values().entrySet());
    }
}
