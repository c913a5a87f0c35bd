package org.xenpv.scenarios.linux;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.xenpv.linux.Errno;
import org.xenpv.linux.LinuxCalls;
import org.xenpv.memory.ChronicleMemory;

/** The kernel of one domain: its files, and a ppoll that waits on the machine's monitor. */
final class FakeLinux implements LinuxCalls {

    static final String HYPERVISOR_TYPE = "/sys/hypervisor/type";

    private static final int FIRST_FD = 1000;

    int domid;
    int gntallocLimit;
    int gntallocPages;
    private boolean frozen;
    private boolean freezesAtUnbind;
    /** How many events an open evtchn holds. */
    int evtchnRingPorts = 1024;

    private final FakeXen xen;
    private final Map<String, Supplier<FakeFile>> devices = new HashMap<>();
    private final Map<String, Errno> refused = new HashMap<>();
    private final List<FakeFile> files = new ArrayList<>();

    FakeLinux(FakeXen xen, int domid, int gntallocLimit) {
        this.xen = xen;
        this.domid = domid;
        this.gntallocLimit = gntallocLimit;
        devices.put("/dev/xen/evtchn", () -> new FakeEvtchn(xen, this.domid, evtchnRingPorts));
        devices.put("/dev/xen/gntalloc", () -> new FakeGntalloc(xen, this));
        devices.put("/dev/xen/gntdev", () -> new FakeGntdev(xen, this.domid));
        devices.put(HYPERVISOR_TYPE, () -> new FakeText("xen\n"));
    }

    /** @param opener null for a file that is not there */
    void device(String path, Supplier<FakeFile> opener) {
        devices.put(path, opener);
    }

    /** Every open of a file that is there ends so. */
    void refuse(String path, Errno errno) {
        refused.put(path, errno);
    }

    private int add(FakeFile file) {
        files.add(file);
        return FIRST_FD + files.size() - 1;
    }

    private FakeFile file(int fd) {
        int index = fd - FIRST_FD;
        return index < 0 || index >= files.size() ? null : files.get(index);
    }

    /** All programs are stopped, once xenstored has answered them (freeze_processes, xs_suspend). */
    void freeze() throws InterruptedException {
        synchronized (xen) {
            frozen = true;
            while (files.stream().anyMatch(file -> file instanceof FakeXenbus xenbus && xenbus.awaitsAnswer())) {
                xen.wait();
            }
        }
    }

    /** Programs come no further than this. */
    private void thawed() {
        boolean interrupted = false;
        while (frozen) {
            try {
                xen.wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** All programs are stopped when one of them is about to unbind a port. */
    void freezeAtUnbind() {
        synchronized (xen) {
            freezesAtUnbind = true;
        }
    }

    /** Programs go on, in the same domain. */
    void thaw() {
        synchronized (xen) {
            frozen = false;
            freezesAtUnbind = false;
            xen.notifyAll();
        }
    }

    /** The domain goes on in another: what the hypervisor had of it is gone, and all watches are registered anew. */
    void restore(int newDomid) {
        synchronized (xen) {
            xen.restore(domid, newDomid);
            domid = newDomid;
            thaw();
            for (FakeFile file : files) {
                if (file instanceof FakeXenbus xenbus) {
                    xenbus.restored();
                }
            }
        }
    }

    boolean isFrozen() {
        return frozen;
    }

    /** How many files have not been closed. */
    int openFiles() {
        synchronized (xen) {
            return (int) files.stream().filter(file -> file != null).count();
        }
    }

    /** Waits until every /dev/xen/xenbus is closed: one to which a thread is writing is closed after that. Comes before xenstored ends. */
    void awaitXenbusClosed() {
        long deadlineNs = System.nanoTime() + 20_000_000_000L;
        synchronized (xen) {
            while (files.stream().anyMatch(FakeXenbus.class::isInstance)) {
                if (deadlineNs - System.nanoTime() < 0) {
                    throw new AssertionError("a /dev/xen/xenbus stays open");
                }
                try {
                    xen.wait(10);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        }
    }

    @Override
    public int open(String path, int flags) {
        synchronized (xen) {
            thawed();
            Supplier<FakeFile> opener = devices.get(path);
            if (opener == null) {
                return -Errno.ENOENT.number();
            }
            Errno errno = refused.get(path);
            return errno != null ? -errno.number() : add(opener.get());
        }
    }

    @Override
    public int close(int fd) {
        synchronized (xen) {
            thawed();
            FakeFile file = file(fd);
            if (file == null) {
                return -Errno.EBADF.number();
            }
            files.set(fd - FIRST_FD, null);
            file.close();
            return 0;
        }
    }

    @Override
    public int ioctl(int fd, long request, ChronicleMemory argument) {
        synchronized (xen) {
            if (freezesAtUnbind && request == FakeEvtchn.UNBIND) {
                frozen = true;
                xen.notifyAll();
            }
            thawed();
            FakeFile file = file(fd);
            return file == null ? -Errno.EBADF.number() : file.ioctl(request, argument);
        }
    }

    @Override
    public int read(int fd, ChronicleMemory target, int at, int lengthBytes) {
        synchronized (xen) {
            thawed();
            FakeFile file = file(fd);
            return file == null ? -Errno.EBADF.number() : file.read(target, at, lengthBytes);
        }
    }

    @Override
    public int write(int fd, ChronicleMemory source, int at, int lengthBytes) {
        synchronized (xen) {
            thawed();
            FakeFile file = file(fd);
            return file == null ? -Errno.EBADF.number() : file.write(source, at, lengthBytes);
        }
    }

    @Override
    public long mmap(int lengthBytes, int protection, int fd, long offset) {
        synchronized (xen) {
            thawed();
            FakeFile file = file(fd);
            return file == null
                    ? -Errno.EBADF.number()
                    : file.mmap(lengthBytes, (protection & PROT_WRITE) != 0, offset);
        }
    }

    @Override
    public int munmap(long address, int lengthBytes) {
        synchronized (xen) {
            thawed();
            for (FakeFile file : files) {
                if (file != null && file.munmap(address)) {
                    return 0;
                }
            }
            return -Errno.EINVAL.number();
        }
    }

    @Override
    public int ppoll(ChronicleMemory pollfds, int count, long timeoutNs) {
        long deadlineNs = System.nanoTime() + timeoutNs;
        synchronized (xen) {
            while (true) {
                thawed();
                int ready = ready(pollfds, count);
                long leftNs = timeoutNs == FOREVER ? Long.MAX_VALUE : deadlineNs - System.nanoTime();
                if (ready > 0 || leftNs <= 0) {
                    return ready;
                }
                try {
                    xen.wait(Math.min(leftNs / 1_000_000, 1000) + 1);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return -Errno.EINTR.number();
                }
            }
        }
    }

    private int ready(ChronicleMemory pollfds, int count) {
        int ready = 0;
        for (int i = 0; i < count; i++) {
            int at = i * POLLFD_BYTES;
            FakeFile file = file(pollfds.getInt(at));
            boolean readable = file == null || file.isReadable();
            pollfds.putShort(at + POLLFD_REVENTS, (short) (readable ? POLLIN : 0));
            ready += readable ? 1 : 0;
        }
        return ready;
    }

    @Override
    public int eventfd() {
        synchronized (xen) {
            return add(new Counter());
        }
    }

    /** An eventfd. */
    private final class Counter extends FakeFile {
        private long count;

        @Override
        int read(ChronicleMemory target, int at, int lengthBytes) {
            if (count == 0) {
                return -Errno.EAGAIN.number();
            }
            target.putLong(at, count);
            count = 0;
            return Long.BYTES;
        }

        @Override
        int write(ChronicleMemory source, int at, int lengthBytes) {
            count += source.getLong(at);
            xen.notifyAll();
            return Long.BYTES;
        }

        @Override
        boolean isReadable() {
            return count > 0;
        }
    }
}
