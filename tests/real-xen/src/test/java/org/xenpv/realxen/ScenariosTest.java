package org.xenpv.realxen;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What can be held of this module where there is no Xen: the list that {@code run} reads. */
class ScenariosTest {

    private static final Path LIST = Path.of("scenarios.txt");

    private static List<String[]> lines() throws IOException {
        return Files.readAllLines(LIST).stream()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.split(" ", 5))
                .toList();
    }

    @Test
    void shouldListEveryScenario_andNoOther() throws IOException {
        Set<String> listed = new TreeSet<>();
        for (String[] line : lines()) {
            listed.add(line[0].split("@")[0]);
        }
        assertThat(listed).isEqualTo(new TreeSet<>(Scenarios.all().keySet()));
    }

    @Test
    void shouldSayWhereEachRuns() throws IOException {
        Set<String> names = new TreeSet<>();
        for (String[] line : lines()) {
            assertThat(line).as(line[0]).hasSize(5);
            assertThat(names.add(line[0])).as(line[0] + " stands there once").isTrue();
            assertThat(line[0]).matches("[a-z0-9-]+(@[a-z0-9-]+)?");
            assertThat(line[1]).isIn("pv", "pvh", "pv-small", "pvh-small", "dom0");
            assertThat(line[2]).isIn("c", "o");
            assertThat(line[3]).isIn("quick", "-");
            assertThat(line[4]).isNotBlank();
        }
        assertThat(lines())
                .filteredOn(line -> line[3].equals("quick"))
                .isNotEmpty()
                .allMatch(line -> line[2].equals("c"), "one boot");
    }
}
