package org.xenpv.grant.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every public constant of this package against the numbers of Xen's own headers in tests/golden. The names decide:
 * {@code REF_OFFSET} is the offset of {@code ref} in the class's struct, {@code SIZEOF} its size, and what
 * {@link Gnttab} holds is spelled as in C. What is named otherwise is listed.
 */
class GrantLayoutsTest {

    private static final Map<String, String> OTHER_NAMES = Map.ofEntries(
            Map.entry("GrantEntryV2.FLAGS_OFFSET", "grant_entry_v2.hdr.flags"),
            Map.entry("GrantEntryV2.DOMID_OFFSET", "grant_entry_v2.hdr.domid"),
            Map.entry("GrantEntryV2.FRAME_OFFSET", "grant_entry_v2.full_page.frame"),
            Map.entry("GrantEntryV2.STATUS_SIZEOF", "sizeof.grant_status_t"),
            Map.entry("GnttabCopy.SOURCE_OFFSET", "gnttab_copy.source.u.ref"),
            Map.entry("GnttabCopy.DEST_OFFSET", "gnttab_copy.dest.u.ref"),
            Map.entry("GnttabCopy.PTR_DOMID_OFFSET", "gnttab_copy.source.domid"),
            Map.entry("GnttabCopy.PTR_OFFSET_OFFSET", "gnttab_copy.source.offset"),
            Map.entry("GnttabVersion.SET_VERSION_OFFSET", "gnttab_set_version.version"),
            Map.entry("GnttabVersion.SET_SIZEOF", "sizeof.gnttab_set_version"),
            Map.entry("GnttabVersion.GET_DOM_OFFSET", "gnttab_get_version.dom"),
            Map.entry("GnttabVersion.GET_VERSION_OFFSET", "gnttab_get_version.version"),
            Map.entry("GnttabVersion.GET_SIZEOF", "sizeof.gnttab_get_version"));

    private static Map<String, Integer> golden;

    @BeforeAll
    static void readGoldenFile() throws IOException {
        Path folder = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("tests/golden"))) {
            folder = folder.getParent();
            assertThat(folder).as("a folder tests/golden above this module").isNotNull();
        }
        golden = new HashMap<>();
        for (String line : Files.readAllLines(folder.resolve("tests/golden/x86_64.txt"))) {
            int space = line.indexOf(' ');
            String value = line.substring(space + 1);
            if (!line.startsWith("#") && value.matches("-?[0-9]{1,9}")) {
                golden.put(line.substring(0, space), Integer.valueOf(value));
            }
        }
    }

    static Stream<Arguments> layouts() {
        return Stream.of(
                Arguments.of(Gnttab.class, null, 37),
                Arguments.of(GrantEntryV1.class, "grant_entry_v1", 4),
                Arguments.of(GrantEntryV2.class, "grant_entry_v2", 5),
                Arguments.of(GnttabMapGrantRef.class, "gnttab_map_grant_ref", 8),
                Arguments.of(GnttabUnmapGrantRef.class, "gnttab_unmap_grant_ref", 5),
                Arguments.of(GnttabCopy.class, "gnttab_copy", 8),
                Arguments.of(GnttabQuerySize.class, "gnttab_query_size", 5),
                Arguments.of(GnttabVersion.class, null, 5));
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void shouldAgreeWithTheHeaders(Class<?> type, String struct, int atLeast) throws IllegalAccessException {
        Map<String, Integer> expected = new LinkedHashMap<>();
        Map<String, Integer> actual = new LinkedHashMap<>();
        for (Field field : type.getDeclaredFields()) {
            if (Modifier.isPublic(field.getModifiers()) && Modifier.isStatic(field.getModifiers())) {
                String name = goldenName(type, struct, field.getName());
                assertThat(golden).as(field.toString()).containsKey(name);
                expected.put(field.getName(), golden.get(name));
                actual.put(field.getName(), field.getInt(null));
            }
        }
        assertThat(actual).isEqualTo(expected).hasSizeGreaterThanOrEqualTo(atLeast);
    }

    private static String goldenName(Class<?> type, String struct, String field) {
        String other = OTHER_NAMES.get(type.getSimpleName() + "." + field);
        if (other != null) {
            return other;
        }
        if (struct == null) {
            return field;
        }
        return field.equals("SIZEOF")
                ? "sizeof." + struct
                : struct + "." + field.replace("_OFFSET", "").toLowerCase(Locale.ROOT);
    }

    /** The two ends of a copy are the same struct. */
    @Test
    void shouldLayOutBothEndsOfACopyAlike() {
        for (String field : new String[] {"u.ref", "u.gmfn", "domid", "offset"}) {
            assertThat(golden.get("gnttab_copy.dest." + field) - golden.get("gnttab_copy.source." + field))
                    .as(field)
                    .isEqualTo(GnttabCopy.DEST_OFFSET - GnttabCopy.SOURCE_OFFSET);
        }
    }
}
