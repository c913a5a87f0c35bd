package org.xenpv.scenarios.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The project's README: its programs are pieces of code that is compiled, its links lead somewhere. */
class ReadmeTest {

    private static final Pattern PROGRAM = Pattern.compile("<!-- from: (\\S+) -->\n```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("]\\(([^)#]+)\\)");

    private static Path root() {
        Path here = Path.of("").toAbsolutePath();
        return here.endsWith("scenarios") ? here.getParent().getParent() : here;
    }

    private static String readme() throws IOException {
        return Files.readString(root().resolve("README.md"));
    }

    private static List<String> lines(String code) {
        return code.lines().map(String::strip).toList();
    }

    @Test
    void shouldShowCodeThatIsCompiled() throws IOException {
        List<String> sources = new ArrayList<>();
        Matcher program = PROGRAM.matcher(readme());
        while (program.find()) {
            List<String> source = lines(Files.readString(root().resolve(program.group(1))));
            assertThat(source).as(program.group(1)).containsSequence(lines(program.group(2)));
            sources.add(program.group(1));
        }
        assertThat(sources).hasSizeGreaterThanOrEqualTo(3);
        assertThat(readme().split("```java", -1))
                .as("programs, each with its source")
                .hasSize(sources.size() + 1);
    }

    @Test
    void shouldLinkToWhatIsThere() throws IOException {
        Matcher link = LINK.matcher(readme());
        int links = 0;
        while (link.find()) {
            assertThat(root().resolve(link.group(1))).exists();
            links++;
        }
        assertThat(links).isGreaterThan(10);
    }
}
