package org.xenpv.scenarios.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenpv.fault.PeerFault;

/** Every fault of a peer that has a name is found by some driver or primitive, and some test provokes it. */
class PeerFaultTest {

    private static Path root() {
        Path here = Path.of("").toAbsolutePath();
        return here.endsWith("scenarios") ? here.getParent().getParent() : here;
    }

    /** Sources of this repository below a directory of each module, this class and the enum itself left out. */
    private static List<Path> naming(PeerFault fault, String tree) throws IOException {
        try (Stream<Path> files = Files.walk(root())) {
            return files.filter(path -> path.toString().contains(tree))
                    .filter(path -> path.toString().endsWith(".java"))
                    .filter(path -> !path.endsWith("PeerFault.java") && !path.endsWith("PeerFaultTest.java"))
                    .filter(path -> names(path, fault))
                    .toList();
        }
    }

    private static boolean names(Path file, PeerFault fault) {
        try {
            return Files.readString(file).matches("(?s).*\\bPeerFault\\." + fault.name() + "\\b.*");
        } catch (IOException e) {
            throw new AssertionError(file.toString(), e);
        }
    }

    @ParameterizedTest
    @EnumSource(PeerFault.class)
    void everyFaultIsFoundByCode_andProvokedByATest(PeerFault fault) throws IOException {
        assertThat(naming(fault, "/src/main/java/"))
                .as("code that finds " + fault)
                .isNotEmpty();
        assertThat(naming(fault, "/src/test/java/"))
                .as("tests that provoke " + fault)
                .anyMatch(path -> path.toString().endsWith("Test.java"));
    }

    /** The search itself: it looks at the right place, and whole words only. */
    @Test
    void shouldFindWhereAFaultIsNamed() throws IOException {
        assertThat(naming(PeerFault.GRANT_STILL_MAPPED, "/src/main/java/"))
                .anyMatch(path -> path.endsWith("NetRxQueue.java"));
        assertThat(naming(PeerFault.GRANT_STILL_MAPPED, "/src/main/java/"))
                .noneMatch(path -> path.endsWith("FrontRing.java"));
    }
}
