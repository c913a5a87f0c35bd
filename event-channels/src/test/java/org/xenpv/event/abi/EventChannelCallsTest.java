package org.xenpv.event.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EventChannelCallsTest {

    private final ChronicleMemory args = ChronicleMemory.allocatePages(1);
    private final List<Integer> sent = Collections.synchronizedList(new ArrayList<>());
    private EventChannelCalls calls;

    @AfterEach
    void close() {
        args.close();
    }

    private void send(int port) {
        assertThat(calls.onPort(Evtchnop.SEND, port)).isZero();
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void shouldKeepTheStructsOfTwoThreadsApart() {
        calls = new EventChannelCalls(
                (cmd, memory, at) -> {
                    if (memory.getInt(at) == 7) {
                        // In the middle of this hypercall another thread makes one of its own.
                        Thread other = new Thread(() -> send(8));
                        other.start();
                        join(other);
                    }
                    sent.add(memory.getInt(at));
                    return 0;
                },
                args);
        send(7);
        assertThat(sent).containsExactly(8, 7);
    }

    @Test
    void shouldWait_whenThereIsRoomForOneCallOnly() {
        Thread[] other = new Thread[1];
        SharedMemory small = args.slice(0, 63);
        calls = new EventChannelCalls(
                (cmd, memory, at) -> {
                    assertThat(at).isZero();
                    int port = memory.getInt(at);
                    if (port == 7) {
                        other[0] = new Thread(() -> send(8));
                        other[0].start();
                    }
                    sent.add(port);
                    assertThat(memory.getInt(at)).isEqualTo(port);
                    return 0;
                },
                small);
        send(7);
        join(other[0]);
        assertThat(sent).containsExactly(7, 8);
    }

    @Test
    void shouldUse32Areas_andGiveThemBackWhateverHappens() {
        List<Integer> areas = new ArrayList<>();
        boolean[] refuse = new boolean[1];
        calls = new EventChannelCalls(
                (cmd, memory, at) -> {
                    areas.add(at);
                    if (refuse[0]) {
                        throw new IllegalStateException("no hypervisor");
                    }
                    if (areas.size() < 32) {
                        send(1);
                    }
                    return 0;
                },
                args);
        send(1);
        assertThat(areas).doesNotHaveDuplicates().hasSize(32).allMatch(at -> at % 32 == 0 && at < 1024);
        refuse[0] = true;
        for (int i = 0; i < 100; i++) {
            assertThatThrownBy(() -> calls.onPort(Evtchnop.SEND, 1)).hasMessage("no hypervisor");
        }
        refuse[0] = false;
        send(1);
    }
}
