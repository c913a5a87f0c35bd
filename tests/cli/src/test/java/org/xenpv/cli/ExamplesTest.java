package org.xenpv.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The small commands, in this process. */
class ExamplesTest {

    private static final String[] EVERYWHERE = {"", "--seed=7", "--faults", "--seed=11 --faults=drop=50,spurious=200"};

    private static final Pattern IN_A_BOOK = Pattern.compile("mvn -q -Pexample -Dargs=\"([^\"]+)\"");

    @TempDir
    Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private int run(byte[] input, String... args) {
        InputStream in = new ByteArrayInputStream(input);
        CommandLine program = Xenpv.commandLine(new DiskCat(in, bytes), new ConsoleEcho(in));
        program.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        return program.execute(args);
    }

    private int run(String commandLine) {
        return run(new byte[0], commandLine.split(" "));
    }

    private void assertOneSentence() {
        assertThat(err.toString().strip()).startsWith("xenpv: ").doesNotContain("\n", "Exception");
    }

    private static byte[] random(int count) {
        byte[] content = new byte[count];
        new Random(count).nextBytes(content);
        return content;
    }

    static List<String> everywhere() {
        return List.of(EVERYWHERE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 511, 512, 100_000})
    void diskCatShouldPrintItsInput_whateverItsLength(int length) {
        assertThat(run(random(length), "disk-cat")).as(err.toString()).isZero();
        assertThat(bytes.toByteArray()).isEqualTo(random(length));
    }

    @ParameterizedTest
    @MethodSource("everywhere")
    void diskCatShouldPrintItsInput_whereverItRuns(String options) {
        assertThat(run(random(20_000), ("disk-cat " + options).split(" ")))
                .as(err.toString())
                .isZero();
        assertThat(bytes.toByteArray()).isEqualTo(random(20_000));
    }

    @Test
    void diskCatShouldPrintAnImage_andLeaveItAlone() throws IOException {
        Path image = Files.write(directory.resolve("disk.img"), random(512 * 9));
        assertThat(image.toFile().setWritable(false)).isTrue();
        assertThat(run("disk-cat " + image)).as(err.toString()).isZero();
        assertThat(bytes.toByteArray()).isEqualTo(random(512 * 9));
        assertThat(Files.readAllBytes(image)).isEqualTo(random(512 * 9));
    }

    @Test
    void diskCatShouldRefuse_whatCannotBeADisk() throws IOException {
        assertThat(run("disk-cat " + directory.resolve("none.img"))).isEqualTo(2);
        assertThat(run("disk-cat " + Files.write(directory.resolve("odd.img"), random(5000))))
                .isEqualTo(2);
        assertThat(err.toString().lines())
                .hasSize(2)
                .anyMatch(line -> line.contains("none.img does not exist"))
                .anyMatch(line -> line.contains("is 5000 bytes long, it must be a multiple of 512"));
        assertThat(bytes.toByteArray()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("everywhere")
    void consoleEchoShouldAnswerEachLine_whereverItRuns(String options) {
        String commandLine = "console-echo hello Dom0! " + options;
        assertThat(run(commandLine.strip())).as(err.toString()).isZero();
        assertThat(out.toString()).isEqualToNormalizingNewlines("HELLO\nDOM0!\n");
    }

    @Test
    void consoleEchoShouldAnswerItsInput_whenNoLinesAreGiven() {
        String longer = "xen ".repeat(1000);
        byte[] input = ("one\n\n" + longer + "\nfür dich\n").getBytes(StandardCharsets.UTF_8);
        assertThat(run(input, "console-echo")).as(err.toString()).isZero();
        assertThat(out.toString().lines()).containsExactly("ONE", "", longer.toUpperCase(Locale.ROOT), "FüR DICH");
    }

    @ParameterizedTest
    @MethodSource("everywhere")
    void xenstoreLsShouldShowAConnectedDisk_whereverItRuns(String options) {
        assertThat(run(("xenstore-ls " + options).strip())).as(err.toString()).isZero();
        assertThat(out.toString().lines())
                .contains("device = \"\"", " vbd = \"\"", "  51712 = \"\"", "   state = \"4\"", "domid = \"1\"");
    }

    @Test
    void xenstoreLsShouldShowBothHalves_asDom0() {
        assertThat(run("xenstore-ls --dom0 /local/domain")).as(err.toString()).isZero();
        assertThat(out.toString().lines())
                .contains("0 = \"\"", "1 = \"\"", "2 = \"\"")
                .contains("     mode = \"w\"");
    }

    @Test
    void xenstoreLsShouldSayWhatAGuestMayNotSee() {
        assertThat(run("xenstore-ls /local/domain")).isEqualTo(1);
        assertOneSentence();
        assertThat(err.toString()).contains("directory /local/domain: EACCES");
    }

    @Test
    void shouldWriteTheSameTrace_whenTheSeedIsTheSame() throws IOException {
        String[] names = {"one", "two", "three"};
        for (String name : names) {
            int seed = name.equals("three") ? 8 : 7;
            assertThat(run("console-echo hello --faults --seed=" + seed + " --trace=" + directory.resolve(name)))
                    .as(err.toString())
                    .isZero();
        }
        assertThat(directory.resolve("one"))
                .content()
                .startsWith("seed=7; ")
                .contains("event delayed")
                .isEqualTo(Files.readString(directory.resolve("two")))
                .isNotEqualTo(Files.readString(directory.resolve("three")));
    }

    @Test
    void shouldFail_whenNothingCanBeMapped() {
        assertThat(run("disk-cat --faults=maps=1000")).isEqualTo(1);
        assertOneSentence();
    }

    static List<String> inTheBooks() throws IOException {
        List<String> commands = new ArrayList<>();
        for (Path book : List.of(Path.of("README.md"), Path.of("..", "..", "README.md"))) {
            Matcher command = IN_A_BOOK.matcher(Files.readString(book));
            while (command.find()) {
                commands.add(command.group(1));
            }
        }
        assertThat(commands).hasSizeGreaterThan(6);
        return commands;
    }

    @ParameterizedTest
    @MethodSource("inTheBooks")
    void shouldRun_whatTheBooksSay(String commandLine) {
        assertThat(run("as typed\n".getBytes(StandardCharsets.UTF_8), commandLine.split(" ")))
                .as(err.toString())
                .isZero();
        assertThat(bytes.size() + out.toString().length()).isPositive();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--seed=many | --seed",
                "--faults=drop=1001 | eventsDropped=1001, must be 0 to 1000",
                "--faults=drop=-1 | eventsDropped=-1, must be 0 to 1000",
                "--faults=drop=600,delay=600 | must be 0 to 1000",
                "--faults=rain=10 | rain",
                "--faults=drop | drop",
                "--trace=/ | cannot write the trace to /"
            })
    void shouldRefuse_whenAnOptionIsNonsense(String option, String saying) {
        assertThat(run("console-echo hello " + option)).isEqualTo(2);
        assertOneSentence();
        assertThat(err.toString()).contains(saying);
    }
}
