package org.xenpv.scenarios.linux;

import java.nio.charset.StandardCharsets;
import org.xenpv.memory.ChronicleMemory;

/** A file of sysfs that is read once, from its beginning. */
final class FakeText extends FakeFile {

    private final byte[] text;

    FakeText(String text) {
        this.text = text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    int read(ChronicleMemory target, int at, int lengthBytes) {
        int length = Math.min(lengthBytes, text.length);
        target.copyIn(at, text, 0, length);
        return length;
    }
}
