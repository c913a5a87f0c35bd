package org.xenpv.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The offsets in the README's diagrams against Xen's headers. A diagram is marked by a comment that names the struct; its
 * first line has the offsets, each where its field's box begins, and its third the fields.
 */
class ReadmeDiagramsTest {

    private static final String MARK = "<!-- layout: ";
    private static final GoldenLayouts X86_64 = GoldenLayouts.read("x86_64");

    @Test
    void shouldShowTheHeadersOffsets_whenADiagramNamesAField() throws Exception {
        Path readme = Path.of(System.getProperty("basedir", "")).resolve("README.md");
        List<String> lines = Files.readAllLines(readme);
        List<String> checked = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).startsWith(MARK)) {
                String struct = lines.get(i).substring(MARK.length()).split(" ")[0];
                checked.addAll(check(struct, lines.get(i + 2), lines.get(i + 4)));
            }
        }
        assertThat(checked).hasSizeGreaterThan(25).contains("blkif_sring.rsp_event", "xencons_interface.out_prod");
    }

    private static List<String> check(String struct, String offsets, String fields) {
        List<String> checked = new ArrayList<>();
        int column = 0;
        for (int bar = fields.indexOf('|'); bar >= 0 && bar < fields.length() - 1; bar = column) {
            column = fields.indexOf('|', bar + 1);
            String field = fields.substring(bar + 1, column).strip();
            String golden = struct + "." + field;
            if (X86_64.has(golden)) {
                String offset = offsets.substring(bar).split(" ")[0];
                assertThat(offset).as(golden).isEqualTo(String.valueOf(X86_64.number(golden)));
                checked.add(golden);
            } else {
                assertThat(field).as("a field of %s", struct).isIn("", "unused", "connection");
            }
        }
        return checked;
    }
}
