package org.xenpv.backends.console;

import java.nio.file.Files;
import java.nio.file.Path;
import org.xenpv.fault.XenException;
import org.xenpv.ring.ByteQueue;

/**
 * A pseudo terminal of Linux: people attach to {@link #tty} with {@code xl console}, {@code screen} or {@code cat}, and
 * come and go as they like. It is in raw mode.
 *
 * <p>While nobody is attached the kernel keeps the first few KiB, then takes no more until somebody reads.
 *
 * <p>A thread waits for what is typed, because the event loop cannot; it hands over at most 4 KiB at a time.
 */
public final class PseudoTerminal implements Terminal {

    private static final int INPUT_BYTES = 4096;
    private static final long STOP_MS = 1000;

    private final int master;
    private final int slave;
    private final int waker;
    private final String tty;
    private final ByteQueue input = new ByteQueue(INPUT_BYTES);
    private Runnable ready;
    private Thread thread;
    private boolean wantsRoom;
    private boolean closed;

    /** @throws XenException if the system has none, or none left */
    public PseudoTerminal() {
        if (!isSupported()) {
            throw new XenException("this platform has no /dev/ptmx");
        }
        int[] opened = {-1, -1, -1};
        try {
            PtyCalls.LibC libc = PtyCalls.libc();
            opened[0] = PtyCalls.checked(
                    libc.posix_openpt(PtyCalls.O_RDWR | PtyCalls.O_NOCTTY | PtyCalls.O_NONBLOCK | PtyCalls.O_CLOEXEC),
                    "posix_openpt",
                    "");
            PtyCalls.checked(libc.grantpt(opened[0]), "grantpt", "");
            PtyCalls.checked(libc.unlockpt(opened[0]), "unlockpt", "");
            tty = PtyCalls.ptsname(opened[0]);
            // Kept open: a master whose last slave is closed reports an error until the next one is opened.
            opened[1] = PtyCalls.checked(
                    libc.open(tty, PtyCalls.O_RDWR | PtyCalls.O_NOCTTY | PtyCalls.O_CLOEXEC), "open", tty);
            PtyCalls.makeRaw(opened[1]);
            opened[2] = PtyCalls.checked(libc.eventfd(0, PtyCalls.O_NONBLOCK | PtyCalls.O_CLOEXEC), "eventfd", "");
        } catch (XenException e) {
            for (int fd : opened) {
                closeFd(fd);
            }
            throw e;
        }
        master = opened[0];
        slave = opened[1];
        waker = opened[2];
    }

    /** Whether this platform has pseudo terminals. */
    public static boolean isSupported() {
        return Files.exists(Path.of("/dev/ptmx"));
    }

    @Override
    public String tty() {
        return tty;
    }

    @Override
    public void start(Runnable whenReady) {
        ready = whenReady;
        thread = new Thread(this::serve, "console " + tty);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public int write(byte[] bytes, int at, int lengthBytes) {
        synchronized (this) {
            if (closed) {
                return lengthBytes;
            }
            byte[] slice = new byte[lengthBytes];
            System.arraycopy(bytes, at, slice, 0, lengthBytes);
            int accepted = (int) Math.max(0, PtyCalls.libc().write(master, slice, lengthBytes));
            if (accepted < lengthBytes) {
                wantsRoom = true;
                wake();
            }
            return accepted;
        }
    }

    @Override
    public int read(byte[] target, int at, int lengthBytes) {
        synchronized (this) {
            boolean wasFull = input.free() == 0;
            int taken = input.peek(target, at, lengthBytes);
            input.remove(taken);
            if (wasFull && taken > 0) {
                wake();
            }
            return taken;
        }
    }

    /** The thread looks anew what to wait for. */
    private void wake() {
        PtyCalls.libc().write(waker, new byte[] {1, 0, 0, 0, 0, 0, 0, 0}, Long.BYTES);
    }

    private void serve() {
        byte[] chunk = new byte[INPUT_BYTES];
        while (true) {
            int wanted;
            int room;
            synchronized (this) {
                if (closed) {
                    return;
                }
                room = input.free();
                wanted = (room > 0 ? PtyCalls.POLLIN : 0) | (wantsRoom ? PtyCalls.POLLOUT : 0);
            }
            int found = poll(wanted);
            if (found < 0) {
                return;
            }
            if (settle(found, room, chunk)) {
                ready.run();
            }
        }
    }

    /** @return what the master is ready for; -1 if it is not to be used any more */
    private int poll(int wanted) {
        byte[] pollfds = new byte[16];
        pollfd(pollfds, 0, master, wanted);
        pollfd(pollfds, 8, waker, PtyCalls.POLLIN);
        if (PtyCalls.libc().poll(pollfds, 2, -1) < 0) {
            return PtyCalls.errno() == PtyCalls.EINTR ? 0 : -1;
        }
        if (pollfds[14] != 0) {
            PtyCalls.libc().read(waker, new byte[Long.BYTES], Long.BYTES);
        }
        boolean broken = (pollfds[6] & ~(PtyCalls.POLLIN | PtyCalls.POLLOUT)) != 0;
        return broken ? -1 : pollfds[6];
    }

    private static void pollfd(byte[] pollfds, int at, int fd, int events) {
        for (int i = 0; i < Integer.BYTES; i++) {
            pollfds[at + i] = (byte) (fd >>> 8 * i);
        }
        pollfds[at + 4] = (byte) events;
    }

    /** @return whether the loop must hear of it */
    private boolean settle(int found, int room, byte[] chunk) {
        boolean tell = false;
        synchronized (this) {
            if (closed) {
                return false;
            }
            if ((found & PtyCalls.POLLOUT) != 0 && wantsRoom) {
                wantsRoom = false;
                tell = true;
            }
            if ((found & PtyCalls.POLLIN) != 0) {
                int got = (int) PtyCalls.libc().read(master, chunk, room);
                if (got > 0) {
                    input.add(chunk, 0, got);
                    tell = true;
                }
            }
        }
        return tell;
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            wake();
        }
        boolean stopped = thread == null;
        if (!stopped) {
            try {
                thread.join(STOP_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            stopped = !thread.isAlive();
        }
        closeFd(slave);
        closeFd(master);
        if (stopped) {
            closeFd(waker); // else the thread still waits on it, and its number must not become another file
        }
    }

    private static void closeFd(int fd) {
        if (fd >= 0) {
            PtyCalls.libc().close(fd);
        }
    }
}
