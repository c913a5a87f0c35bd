package org.xenpv.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.fault.XenOpException;
import org.xenpv.memory.ChronicleMemory;

/** The real calls, on files of an ordinary machine. */
@EnabledOnOs(OS.LINUX)
class LibcCallsTest {

    private final LinuxCalls calls = new LibcCalls();

    @Test
    void shouldMapAtTheOffset_thatIsTheSixthArgument(@TempDir Path folder) throws IOException {
        byte[] content = new byte[3 * 4096];
        content[2 * 4096 + 5] = 42;
        Path path = Files.write(folder.resolve("file"), content);
        try (DeviceFile file = DeviceFile.open(calls, path.toString(), "none")) {
            int[] released = new int[1];
            ChronicleMemory mapped =
                    file.mmap(4096, LinuxCalls.PROT_READ | LinuxCalls.PROT_WRITE, 2 * 4096, () -> released[0]++);
            assertThat(mapped.getByte(5)).isEqualTo((byte) 42);
            mapped.putByte(6, (byte) 43);
            mapped.close();
            mapped.close();
            assertThat(released[0]).isEqualTo(1);
        }
        assertThat(Files.readAllBytes(path)[2 * 4096 + 6]).isEqualTo((byte) 43);
    }

    @Test
    void shouldWaitForACounter_andForNoLongerThanAsked() {
        int counter = calls.eventfd();
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(1)) {
            memory.putInt(0, counter);
            memory.putInt(LinuxCalls.POLLFD_EVENTS, LinuxCalls.POLLIN);
            assertThat(calls.ppoll(memory, 1, 0)).isZero();
            assertThat(calls.ppoll(memory, 1, 1_000_000)).isZero();
            assertThat(calls.read(counter, memory, 64, 8)).isEqualTo(-Errno.EAGAIN.number());
            memory.putLong(64, 3);
            assertThat(calls.write(counter, memory, 64, 8)).isEqualTo(8);
            assertThat(calls.ppoll(memory, 1, LinuxCalls.FOREVER)).isEqualTo(1);
            assertThat(memory.getShort(LinuxCalls.POLLFD_REVENTS)).isEqualTo((short) LinuxCalls.POLLIN);
            assertThat(calls.read(counter, memory, 72, 8)).isEqualTo(8);
            assertThat(memory.getLong(72)).isEqualTo(3);
        }
        assertThat(calls.close(counter)).isZero();
        assertThat(calls.close(counter)).isEqualTo(-Errno.EBADF.number());
    }

    @Test
    void shouldNameTheCallAndItsArguments_whenTheKernelRefuses(@TempDir Path folder) throws IOException {
        Path path = Files.createFile(folder.resolve("file"));
        try (DeviceFile file = DeviceFile.open(calls, path.toString(), "none")) {
            assertThatThrownBy(() -> file.ioctl("IOCTL_EVTCHN_UNBIND", 0x44503, null, "port=7"))
                    .isInstanceOfSatisfying(
                            XenOpException.class,
                            refused -> assertThat(refused.errno()).isEqualTo(Errno.ENOTTY.number()))
                    .hasMessage("IOCTL_EVTCHN_UNBIND(path=" + path
                            + ", port=7) failed, errno=25 (ENOTTY: the file does not know this request)");
            assertThatThrownBy(() -> file.mmap(4096, LinuxCalls.PROT_READ, 1, () -> {}))
                    .isInstanceOf(XenOpException.class)
                    .hasMessageContaining("mmap(path=" + path + ", lengthBytes=4096, offset=1) failed, errno=22");
        }
    }

    @Test
    void shouldSayWhy_whenThereIsNoSuchDevice(@TempDir Path folder) throws IOException {
        Path type = Path.of("/sys/hypervisor/type");
        boolean onXen = Files.exists(type) && Files.readString(type).equals("xen\n");
        assertThatThrownBy(() -> DeviceFile.open(calls, folder + "/evtchn", "xen-evtchn"))
                .isInstanceOf(XenOpException.class)
                .hasMessageStartingWith(
                        "open(path=" + folder + "/evtchn) failed, errno=2 (ENOENT: no such file or entry; ")
                .hasMessageEndingWith(
                        onXen ? "the kernel module xen-evtchn makes it: modprobe xen-evtchn)" : "must say xen)");
    }

    @Test
    void shouldKnowEachErrorByItsNumber() {
        for (Errno errno : Errno.values()) {
            assertThat(Errno.of(errno.number())).isSameAs(errno);
        }
        assertThat(Errno.meaning(Errno.ENOSPC.number())).startsWith("ENOSPC: ");
        assertThat(Errno.of(9999)).isNull();
        assertThat(Errno.meaning(9999)).isEmpty();
    }
}
