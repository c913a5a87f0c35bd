package org.xenpv.scenarios.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.event.linux.LinuxEventChannels;
import org.xenpv.fault.XenOpException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.MappedPages;
import org.xenpv.grant.linux.LinuxGrantMapper;
import org.xenpv.grant.linux.LinuxGrantTable;
import org.xenpv.grant.linux.LinuxGrantedPages;
import org.xenpv.linux.Errno;
import org.xenpv.xenstore.linux.XenbusDevTransport;

/** What the Linux platform promises beyond the contracts. */
class LinuxPlatformTest {

    private static LinuxGrantedPages grant(LinuxGrantTable table, int pages) {
        return (LinuxGrantedPages) table.grant(1, pages, GrantAccess.READ_WRITE, "test");
    }

    @Test
    void shouldSayWhichLimitItIsAndHowToRaiseIt_whenThereAreNoMorePages(@TempDir Path folder) throws IOException {
        Path limit = Files.writeString(folder.resolve("limit"), "10\n");
        try (FakeXen xen = new FakeXen(64);
                LinuxGrantTable table = LinuxGrantTable.open(xen.boot(3, 10), limit)) {
            LinuxGrantedPages held = grant(table, 8);
            assertThatThrownBy(() -> grant(table, 3))
                    .isInstanceOf(GrantExhaustedException.class)
                    .hasMessage(
                            "pages: wanted=3, lent=8, limit=10 for all programs of this guest; raise it with: echo 4096 > "
                                    + limit);
            assertThat(table.pagesLeft()).isEqualTo(2);
            grant(table, 2).release();
            held.release();
            assertThat(table.pagesLeft()).isEqualTo(10);
        }
    }

    @Test
    void shouldReadTheLimitAgain_whenItStandsInTheWay(@TempDir Path folder) throws IOException {
        Path limit = Files.writeString(folder.resolve("limit"), "4");
        try (FakeXen xen = new FakeXen(64);
                LinuxGrantTable table = LinuxGrantTable.open(xen.boot(3, 16), limit)) {
            assertThat(table.limit()).isEqualTo(4);
            assertThatThrownBy(() -> grant(table, 5)).isInstanceOf(GrantExhaustedException.class);
            Files.writeString(limit, "16");
            grant(table, 5).release();
            assertThat(table.limit()).isEqualTo(16);
        }
    }

    @Test
    void shouldSayTheSame_whenOtherProgramsHoldThePages(@TempDir Path folder) throws IOException {
        Path limit = Files.writeString(folder.resolve("limit"), "10");
        try (FakeXen xen = new FakeXen(64)) {
            FakeLinux linux = xen.boot(3, 10);
            try (LinuxGrantTable other = LinuxGrantTable.open(linux, limit);
                    LinuxGrantTable table = LinuxGrantTable.open(linux, limit)) {
                LinuxGrantedPages held = grant(other, 6);
                assertThatThrownBy(() -> grant(table, 5))
                        .isInstanceOf(GrantExhaustedException.class)
                        .hasMessageContaining("wanted=5, lent=0, limit=10");
                held.release();
                grant(table, 5).release();
            }
        }
    }

    @Test
    void shouldNotKeepAPage_whenTheProgramEnds() {
        try (FakeXen xen = new FakeXen(64)) {
            FakeLinux linux = xen.boot(3, 64);
            LinuxGrantTable table = LinuxGrantTable.open(linux, Path.of("/nonexistent"));
            int gref = grant(table, 4).gref(0);
            try (LinuxGrantMapper mapper = LinuxGrantMapper.open(xen.boot(1, 0))) {
                MappedPages mapped = mapper.map(3, new int[] {gref}, 1, GrantAccess.READ_WRITE);
                table.close();
                assertThat(xen.memory.freePages()).isEqualTo(63);
                mapped.close();
            }
            assertThat(xen.memory.freePages()).isEqualTo(64);
            assertThat(linux.gntallocPages).isZero();
            assertThat(linux.openFiles()).isZero();
        }
    }

    @Test
    void shouldTellTheOtherEnd_whenAPageIsGone() {
        FakeXen xen = new FakeXen(64);
        FakeLinux backend = xen.boot(1, 0);
        FakeLinux linux = xen.boot(3, 64);
        try (xen;
                LinuxEventChannels theirs = LinuxEventChannels.open(backend, System::nanoTime);
                LinuxGrantMapper mapper = LinuxGrantMapper.open(backend)) {
            LinuxGrantTable table = LinuxGrantTable.open(linux, Path.of("/nonexistent"));
            LinuxEventChannels ours = LinuxEventChannels.open(linux, System::nanoTime);
            int port = ours.allocUnbound(1);
            int theirPort = theirs.bindInterdomain(3, port);
            theirs.unmask(theirPort);
            assertThat(polled(theirs)).containsExactly(theirPort);
            theirs.unmask(theirPort);
            LinuxGrantedPages pages = grant(table, 2);
            pages.memory().putInt(4096, 0x01010101);
            pages.notifyWhenGone(4097, true, port);
            try (MappedPages mapped = mapper.map(3, new int[] {pages.gref(1)}, 1, GrantAccess.READ_ONLY)) {
                assertThat(mapped.memory().getInt(0)).isEqualTo(0x01010101);
                table.close();
                assertThat(mapped.memory().getInt(0)).isEqualTo(0x01010001);
            }
            assertThat(polled(theirs)).containsExactly(theirPort);
            ours.close();
        }
    }

    private static List<Integer> polled(LinuxEventChannels events) {
        List<Integer> ports = new ArrayList<>();
        events.poll(ports::add, 100);
        return ports;
    }

    @Test
    void shouldDeliverOnEveryPort_whenTheKernelsBufferOverflowed() {
        try (FakeXen xen = new FakeXen(1)) {
            FakeLinux linux = xen.boot(1, 0);
            linux.evtchnRingPorts = 3;
            try (LinuxEventChannels left = LinuxEventChannels.open(linux, System::nanoTime);
                    LinuxEventChannels right = LinuxEventChannels.open(xen.boot(2, 0), System::nanoTime)) {
                List<Integer> ours = new ArrayList<>();
                List<Integer> theirs = new ArrayList<>();
                for (int i = 0; i < 5; i++) {
                    ours.add(left.allocUnbound(2));
                    theirs.add(right.bindInterdomain(1, ours.get(i)));
                    left.unmask(ours.get(i));
                }
                theirs.forEach(right::send);
                TreeSet<Integer> taken = new TreeSet<>();
                left.await(Long.MAX_VALUE);
                left.poll(taken::add, 100);
                assertThat(taken).isEqualTo(new TreeSet<>(ours));
                assertThat(left.overflows()).isEqualTo(1);
                ours.forEach(left::unmask);
                right.send(theirs.get(4));
                assertThat(polled(left)).containsExactly(ours.get(4));
            }
        }
    }

    @Test
    void shouldReturnFromAwait_whenAnotherFileCanBeRead() {
        try (FakeXen xen = new FakeXen(1)) {
            FakeLinux linux = xen.boot(1, 0);
            try (LinuxEventChannels events = LinuxEventChannels.open(linux, System::nanoTime);
                    LinuxEventChannels other = LinuxEventChannels.open(linux, System::nanoTime)) {
                int[] fd = new int[1];
                linux.device("/file", () -> new FakeFile() {
                    @Override
                    boolean isReadable() {
                        return true;
                    }
                });
                fd[0] = linux.open("/file", 0);
                int[] told = new int[1];
                events.awaitFile(fd[0], () -> told[0]++);
                events.await(Long.MAX_VALUE);
                assertThat(told[0]).isEqualTo(1);
                for (int turn = 0; turn < 64; turn++) {
                    events.poll(port -> {}, 1);
                }
                assertThat(told[0]).as("a loop that never waits").isEqualTo(2);
                events.forgetFile(fd[0]);
                events.await(System.nanoTime());
                assertThat(told[0]).isEqualTo(2);
                linux.close(fd[0]);
                other.wake();
                other.await(Long.MAX_VALUE);
            }
            assertThat(linux.openFiles()).isZero();
        }
    }

    @Test
    void shouldSayWhatMakesIt_whenADeviceIsMissing() {
        try (FakeXen xen = new FakeXen(1)) {
            FakeLinux linux = xen.boot(1, 0);
            assertThatThrownBy(() -> new XenbusDevTransport(linux, null))
                    .isInstanceOf(XenOpException.class)
                    .hasMessageContaining("open(path=/dev/xen/xenbus) failed, errno=2 (ENOENT")
                    .hasMessageContaining("mount -t devtmpfs dev /dev");
            linux.device("/dev/xen/evtchn", null);
            assertThatThrownBy(() -> LinuxEventChannels.open(linux, System::nanoTime))
                    .isInstanceOf(XenOpException.class)
                    .hasMessageContaining("modprobe xen-evtchn");
        }
    }

    @Test
    void shouldTouchNothing_whenEventChannelsHaveBeenClosed() {
        try (FakeXen xen = new FakeXen(1)) {
            FakeLinux linux = xen.boot(1, 0);
            LinuxEventChannels events = LinuxEventChannels.open(linux, System::nanoTime);
            int port = events.allocUnbound(2);
            events.close();
            events.unmask(port);
            events.close(port);
            assertThat(events.send(port)).isFalse();
            assertThatThrownBy(() -> events.allocUnbound(2)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> polled(events)).isInstanceOf(IllegalStateException.class);
            assertThat(linux.openFiles()).isZero();
        }
    }

    @Test
    void shouldSayThatThisIsNoGuest_whenTheMachineIsNotXens() {
        try (FakeXen xen = new FakeXen(1)) {
            FakeLinux linux = xen.boot(1, 0);
            linux.device("/dev/xen/evtchn", null);
            linux.device(FakeLinux.HYPERVISOR_TYPE, null);
            assertThatThrownBy(() -> LinuxEventChannels.open(linux, System::nanoTime))
                    .isInstanceOf(XenOpException.class)
                    .hasMessageContaining("open(path=/dev/xen/evtchn) failed, errno=2")
                    .hasMessageContaining("not a guest of Xen: /sys/hypervisor/type cannot be read, must say xen");
            linux.device(FakeLinux.HYPERVISOR_TYPE, () -> new FakeText("z/VM"));
            assertThatThrownBy(() -> LinuxEventChannels.open(linux, System::nanoTime))
                    .hasMessageContaining("not a guest of Xen: /sys/hypervisor/type says z/VM, must say xen");
            assertThat(linux.openFiles()).isZero();
        }
    }

    @Test
    void shouldAskForRoot_whenADeviceMayNotBeOpened() {
        try (FakeXen xen = new FakeXen(1)) {
            FakeLinux linux = xen.boot(1, 0);
            linux.refuse("/dev/xen/gntdev", Errno.EACCES);
            assertThatThrownBy(() -> LinuxGrantMapper.open(linux))
                    .isInstanceOf(XenOpException.class)
                    .hasMessageContaining("open(path=/dev/xen/gntdev) failed, errno=13")
                    .hasMessageContaining("are you root?");
        }
    }
}
