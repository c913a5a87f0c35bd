package org.xenpv.xenstore.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdSockmsg;
import org.xenpv.linux.Errno;
import org.xenpv.linux.LinuxCalls;
import org.xenpv.memory.ChronicleMemory;

/** Watches over a kernel that answers them before it comes back from write, as Linux does. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class XenbusFileTest {

    private static final int OK_BYTES = 3;

    private final Kernel kernel = new Kernel();
    private final XenbusFile file = XenbusFile.open(kernel);
    private final byte[] watch = new byte[XsdSockmsg.SIZEOF + 4];

    {
        XsdSockmsg.put(watch, 0, XsMessageType.WATCH.value(), 1, 0, 4);
    }

    @Test
    void shouldBeBusy_untilTheKernelHasComeBack() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        file.sendAside(watch, watch.length, done::countDown);
        kernel.answered.acquire();
        int[] messages = new int[1];
        assertThat(file.read((bytes, length) -> messages[0]++)).isNull();
        assertThat(messages[0]).isEqualTo(1);
        assertThat(file.isBusy()).as("the thread is still inside").isTrue();
        kernel.comesBack.release();
        done.await();
        assertThat(file.isBusy()).isFalse();
        assertThat(file.takeRefusal()).isZero();
        file.close();
        assertThat(kernel.closed).isTrue();
    }

    @Test
    void shouldCloseWhenTheKernelHasComeBack() throws InterruptedException {
        file.sendAside(watch, watch.length, () -> {});
        kernel.answered.acquire();
        file.close();
        assertThat(kernel.closed).isFalse();
        kernel.comesBack.release();
        synchronized (kernel) {
            while (!kernel.closed) {
                kernel.wait(10);
            }
        }
    }

    @Test
    void shouldTellARefusal() throws InterruptedException {
        kernel.errno = Errno.EEXIST.number();
        CountDownLatch done = new CountDownLatch(1);
        kernel.comesBack.release();
        file.sendAside(watch, watch.length, done::countDown);
        done.await();
        assertThat(file.takeRefusal()).isEqualTo(Errno.EEXIST.number());
        assertThat(file.takeRefusal()).isZero();
        assertThat(file.isBusy()).isFalse();
        file.close();
    }

    private static final class Kernel implements LinuxCalls {
        final Semaphore answered = new Semaphore(0);
        final Semaphore comesBack = new Semaphore(0);
        volatile int errno;
        volatile boolean closed;
        private boolean readable;

        @Override
        public int open(String path, int flags) {
            return 7;
        }

        @Override
        public synchronized int close(int fd) {
            closed = true;
            notifyAll();
            return 0;
        }

        @Override
        public int write(int fd, ChronicleMemory source, int at, int lengthBytes) {
            synchronized (this) {
                readable = errno == 0;
            }
            answered.release();
            comesBack.acquireUninterruptibly();
            return errno == 0 ? lengthBytes : -errno;
        }

        @Override
        public synchronized int read(int fd, ChronicleMemory target, int at, int lengthBytes) {
            if (!readable) {
                return -Errno.EAGAIN.number();
            }
            readable = false;
            byte[] ok = new byte[XsdSockmsg.SIZEOF + OK_BYTES];
            XsdSockmsg.put(ok, 0, XsMessageType.WATCH.value(), 0, 0, OK_BYTES);
            target.copyIn(at, ok, 0, ok.length);
            return ok.length;
        }

        @Override
        public int ioctl(int fd, long request, ChronicleMemory argument) {
            return -Errno.EINVAL.number();
        }

        @Override
        public long mmap(int lengthBytes, int protection, int fd, long offset) {
            return -Errno.EINVAL.number();
        }

        @Override
        public int munmap(long address, int lengthBytes) {
            return -Errno.EINVAL.number();
        }

        @Override
        public int ppoll(ChronicleMemory pollfds, int count, long timeoutNs) {
            return 0;
        }

        @Override
        public int eventfd() {
            return 8;
        }
    }
}
