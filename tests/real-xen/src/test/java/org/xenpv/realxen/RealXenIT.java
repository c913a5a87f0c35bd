package org.xenpv.realxen;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Boots Xen and runs all scenarios, a test for each. Only {@code mvn verify -Preal-xen} comes here; -Dquick=true for the quick ones. */
class RealXenIT {

    @TestFactory
    List<DynamicTest> shouldPassInARealGuest() throws IOException, InterruptedException {
        boolean quick = Boolean.getBoolean("quick");
        List<String> command =
                new ArrayList<>(List.of(Path.of("run").toAbsolutePath().toString(), "--no-build"));
        if (quick) {
            command.add("--quick");
        }
        Map<String, String> verdicts = new LinkedHashMap<>();
        List<String> output = new ArrayList<>();
        Process run = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (BufferedReader lines = run.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                System.out.println(line);
                output.add(line);
                if (line.startsWith("PASS ") || line.startsWith("FAIL ")) {
                    verdicts.put(line.substring(5).split("[: ]")[0], line);
                }
            }
        }
        int status = run.waitFor();
        List<DynamicTest> tests = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("scenarios.txt"))) {
            String[] words = line.split(" ", 5);
            if (!line.startsWith("#") && (!quick || words[3].equals("quick"))) {
                tests.add(DynamicTest.dynamicTest(
                        words[0], () -> assertThat(verdicts.get(words[0])).isEqualTo("PASS " + words[0])));
            }
        }
        tests.add(DynamicTest.dynamicTest(
                "exit status",
                () -> assertThat(status).as(String.join("\n", output)).isZero()));
        return tests;
    }
}
