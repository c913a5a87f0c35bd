package org.xenpv.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What would make two runs with one seed differ stays out of the hypervisor and of the deterministic host. */
class DeterminismScanTest {

    private static final List<String> BANNED = List.of(
            "System.nanoTime",
            "currentTimeMillis",
            "Thread.sleep",
            "java.util.Random",
            "new Random(",
            "Math.random",
            "ThreadLocalRandom",
            "UUID.randomUUID",
            "identityHashCode",
            "parallelStream",
            "HashMap<",
            "HashSet<",
            "Instant.now",
            "LocalDate");

    /** In order of insertion, or of keys. */
    private static final List<String> ALLOWED = List.of("LinkedHashMap<", "LinkedHashSet<");

    @Test
    void shouldUseNothingThatDiffersFromRunToRun() throws IOException {
        List<String> found = new ArrayList<>();
        int files = 0;
        for (String folder :
                List.of("src/main/java/org/xenpv/simulator", "src/main/java/org/xenpv/simulator/hypervisor")) {
            try (Stream<Path> sources = Files.list(Path.of(folder))) {
                for (Path source : sources.filter(path -> path.toString().endsWith(".java"))
                        .filter(path -> !path.endsWith("LiveProcessors.java"))
                        .toList()) {
                    files++;
                    scan(source, found);
                }
            }
        }
        assertThat(files).isGreaterThan(35);
        assertThat(found).isEmpty();
    }

    @Test
    void shouldFindWhatIsBanned() throws IOException {
        List<String> found = new ArrayList<>();
        scan(Path.of("src/main/java/org/xenpv/simulator/LiveProcessors.java"), found);
        assertThat(found).isNotEmpty().allMatch(line -> line.contains("System.nanoTime"));
    }

    private static void scan(Path source, List<String> found) throws IOException {
        int number = 0;
        for (String line : Files.readAllLines(source)) {
            number++;
            String rest = line;
            for (String allowed : ALLOWED) {
                rest = rest.replace(allowed, "");
            }
            for (String banned : BANNED) {
                if (rest.contains(banned)) {
                    found.add(source.getFileName() + ":" + number + " " + banned + ": " + line.strip());
                }
            }
        }
    }
}
