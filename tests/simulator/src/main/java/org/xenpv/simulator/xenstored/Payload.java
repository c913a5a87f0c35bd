package org.xenpv.simulator.xenstored;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The body of a request or reply: nul-terminated strings, and bytes. Characters are bytes (ISO-8859-1). */
final class Payload {

    private Payload() {}

    /** The strings of a body; bytes after the last nul are ignored. */
    static List<String> strings(byte[] body) {
        List<String> strings = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < body.length; i++) {
            if (body[i] == 0) {
                strings.add(text(body, start, i - start));
                start = i + 1;
            }
        }
        return strings;
    }

    /** The only string of a body that is one string and its nul, else null. */
    static String single(byte[] body) {
        for (int i = 0; i < body.length; i++) {
            if (body[i] == 0) {
                return i == body.length - 1 ? text(body, 0, i) : null;
            }
        }
        return null;
    }

    /** Length of the first string without its nul, or -1 if there is none. */
    static int firstLength(byte[] body) {
        for (int i = 0; i < body.length; i++) {
            if (body[i] == 0) {
                return i;
            }
        }
        return -1;
    }

    static String text(byte[] body, int at, int length) {
        return new String(body, at, length, StandardCharsets.ISO_8859_1);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Each string followed by a nul. */
    static byte[] of(List<String> strings) {
        StringBuilder body = new StringBuilder();
        for (String string : strings) {
            body.append(string).append('\0');
        }
        return bytes(body.toString());
    }

    static byte[] of(String... strings) {
        return of(List.of(strings));
    }
}
