package org.xenpv.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The numbers of Xen's own headers, as tests/golden holds them: name to value, in the file's order. */
public record GoldenLayouts(Map<String, String> values) {

    /** @param name of the file: x86_64 or x86_32 */
    public static GoldenLayouts read(String name) {
        try {
            return parse(Files.readAllLines(file(name)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lines of "name value"; those that start with # are comments. */
    public static GoldenLayouts parse(List<String> lines) {
        Map<String, String> values = new LinkedHashMap<>();
        for (String line : lines) {
            if (line.startsWith("#")) {
                continue;
            }
            int space = line.indexOf(' ');
            if (space < 1 || values.put(line.substring(0, space), line.substring(space + 1)) != null) {
                throw new IllegalArgumentException("line=" + line + ", must be a new name and a value");
            }
        }
        return new GoldenLayouts(values);
    }

    public static Path file(String name) {
        Path folder = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        while (folder != null && !Files.isDirectory(folder.resolve("tests/golden"))) {
            folder = folder.getParent();
        }
        if (folder == null) {
            throw new IllegalStateException("no folder tests/golden above the working directory");
        }
        return folder.resolve("tests/golden").resolve(name + ".txt");
    }

    public boolean has(String name) {
        return values.containsKey(name);
    }

    public long number(String name) {
        return Long.parseLong(value(name));
    }

    public String text(String name) {
        String value = value(name);
        return value.substring(1, value.length() - 1);
    }

    private String value(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("name=" + name + ", must be one of the golden file's");
        }
        return value;
    }
}
