package org.xenpv.backends.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.fault.XenException;

class LogFileTest {

    @TempDir
    Path directory;

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void shouldKeepEveryByte_andAppendToWhatIsThere() throws IOException {
        Path path = directory.resolve("guest.log");
        Files.write(path, bytes("before "));
        try (LogFile log = new LogFile(path, 1000, null)) {
            assertThat(log.write(bytes("xx\u0000\u001b[2J\u00ffyy"), 2, 6)).isEqualTo(6);
            assertThat(log.read(new byte[10], 0, 10)).isZero();
            assertThat(log.tty()).isNull();
            log.close();
        }
        assertThat(Files.readAllBytes(path)).isEqualTo(bytes("before \u0000\u001b[2J\u00ff"));
    }

    @Test
    void shouldBeginAnew_whenTheFileIsFull() throws IOException {
        Path path = directory.resolve("guest.log");
        try (LogFile log = new LogFile(path, 10, null)) {
            log.write(bytes("0123456789"), 0, 10);
            assertThat(directory.resolve("guest.log.1")).doesNotExist();
            log.write(bytes("abcdefghijKLMNO"), 0, 15);
        }
        assertThat(Files.readString(path)).isEqualTo("KLMNO");
        assertThat(Files.readString(directory.resolve("guest.log.1"))).isEqualTo("abcdefghij");
        assertThat(directory.toFile().list()).hasSize(2);
    }

    @Test
    void shouldHandOn_whatTheNextTerminalTakes() throws IOException {
        Path path = directory.resolve("guest.log");
        MemoryTerminal next = new MemoryTerminal(4);
        int[] ready = new int[1];
        try (LogFile log = new LogFile(path, 100, next)) {
            log.start(() -> ready[0]++);
            next.type("in");
            assertThat(ready[0]).isEqualTo(1);
            assertThat(log.read(new byte[10], 0, 10)).isEqualTo(2);
            assertThat(log.write(bytes("123456"), 0, 6)).isEqualTo(4);
        }
        assertThat(next.text()).isEqualTo("1234");
        assertThat(next.isClosed()).isTrue();
        assertThat(Files.readString(path)).isEqualTo("1234");
    }

    @Test
    void shouldCountWhatIsLost_whenTheFileCannotBeWritten() {
        try (LogFile log = new LogFile(directory.resolve("guest.log"), 100, null)) {
            log.close();
            assertThat(log.write(new byte[7], 0, 7)).isEqualTo(7);
            assertThat(log.lostBytes()).isEqualTo(7);
        }
    }

    @Test
    void shouldSayWhy_whenItCannotBeOpened() {
        assertThatThrownBy(() -> new LogFile(directory, 100, null))
                .isInstanceOf(XenException.class)
                .hasMessageContaining("cannot be opened");
        assertThatThrownBy(() -> new LogFile(directory.resolve("x"), 0, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("sizeMax=0, must be at least 1");
    }
}
