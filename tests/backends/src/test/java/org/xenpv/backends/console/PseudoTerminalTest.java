package org.xenpv.backends.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.DataInputStream;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real pseudo terminal, with a person at its other end. */
@Timeout(30)
class PseudoTerminalTest {

    private final Semaphore ready = new Semaphore(0);

    @BeforeEach
    void needsThem() {
        assumeTrue(PseudoTerminal.isSupported(), "no /dev/ptmx");
    }

    private PseudoTerminal started() {
        PseudoTerminal terminal = new PseudoTerminal();
        terminal.start(ready::release);
        return terminal;
    }

    private static byte[] random(int count) {
        byte[] bytes = new byte[count];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    private static byte[] seen(InputStream screen, int count) throws IOException {
        byte[] bytes = new byte[count];
        new DataInputStream(screen).readFully(bytes);
        return bytes;
    }

    /** Reads as the event loop does: when told to. */
    private byte[] read(PseudoTerminal terminal, int count) throws InterruptedException {
        byte[] bytes = new byte[count];
        int got = 0;
        while (got < count) {
            assertThat(ready.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
            int more = terminal.read(bytes, got, count - got);
            while (more > 0) {
                got += more;
                more = terminal.read(bytes, got, count - got);
            }
        }
        return bytes;
    }

    @Test
    void shouldCarryEveryByteBothWays_unchanged() throws IOException, InterruptedException {
        byte[] bytes = random(1000);
        try (PseudoTerminal terminal = started();
                FileOutputStream keys = new FileOutputStream(terminal.tty());
                FileInputStream screen = new FileInputStream(terminal.tty())) {
            keys.write(bytes);
            assertThat(read(terminal, 1000)).isEqualTo(bytes);
            assertThat(terminal.write(bytes, 0, 1000)).isEqualTo(1000);
            assertThat(seen(screen, 1000)).isEqualTo(bytes);
        }
    }

    @Test
    void shouldHoldTyping_whenNobodyTakesIt() throws Exception {
        byte[] bytes = random(100_000);
        try (PseudoTerminal terminal = started();
                FileOutputStream keys = new FileOutputStream(terminal.tty())) {
            Thread person = new Thread(() -> {
                try {
                    keys.write(bytes);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            person.start();
            assertThat(read(terminal, 100_000)).isEqualTo(bytes);
            person.join();
        }
    }

    @Test
    void shouldSayWhenThereIsRoomAgain_whenNobodyWasReading() throws Exception {
        byte[] bytes = random(1 << 20);
        try (PseudoTerminal terminal = started()) {
            int taken = 0;
            int more = terminal.write(bytes, 0, 4096);
            while (more > 0) {
                taken += more;
                more = terminal.write(bytes, taken, 4096);
            }
            assertThat(taken).isLessThan(bytes.length / 2);
            try (FileInputStream screen = new FileInputStream(terminal.tty())) {
                assertThat(seen(screen, taken)).isEqualTo(Arrays.copyOf(bytes, taken));
                assertThat(ready.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
                assertThat(terminal.write(bytes, taken, 10)).isEqualTo(10);
                assertThat(seen(screen, 10)).isEqualTo(Arrays.copyOfRange(bytes, taken, taken + 10));
            }
        }
    }

    @Test
    void shouldStayWhilePeopleComeAndGo() throws Exception {
        try (PseudoTerminal terminal = started()) {
            for (int i = 0; i < 5; i++) {
                try (FileOutputStream keys = new FileOutputStream(terminal.tty())) {
                    keys.write(i);
                }
                assertThat(read(terminal, 1)).containsExactly(i);
            }
        }
    }

    @Test
    void shouldEndItsThread_whenClosed() {
        PseudoTerminal terminal = started();
        String name = "console " + terminal.tty();
        assertThat(Thread.getAllStackTraces().keySet())
                .anyMatch(thread -> thread.getName().equals(name));
        terminal.close();
        terminal.close();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().equals(name));
        assertThat(terminal.write(new byte[4], 0, 4)).isEqualTo(4);
    }
}
