package org.xenpv.linux;

import org.xenpv.memory.ChronicleMemory;

/**
 * System calls. All return what the kernel returns: a negative errno says no, and nothing throws for it. Any thread may
 * call any of them.
 *
 * <p>Numbers are those of x86-64 and AArch64, which agree.
 */
public interface LinuxCalls {

    int O_RDWR = 2;
    int O_NONBLOCK = 0x800;
    int O_CLOEXEC = 0x80000;
    int PROT_READ = 1;
    int PROT_WRITE = 2;
    int POLLIN = 1;
    int POLLERR = 8;

    /** struct pollfd: int fd, short events, short revents. */
    int POLLFD_BYTES = 8;

    int POLLFD_EVENTS = 4;
    int POLLFD_REVENTS = 6;

    /** ppoll waits without end. */
    long FOREVER = -1;

    /** @return a file descriptor */
    int open(String path, int flags);

    int close(int fd);

    /** @param argument the struct, from its first byte; null for none */
    int ioctl(int fd, long request, ChronicleMemory argument);

    /** @return how many bytes */
    int read(int fd, ChronicleMemory target, int at, int lengthBytes);

    /** @return how many bytes */
    int write(int fd, ChronicleMemory source, int at, int lengthBytes);

    /** Maps shared (MAP_SHARED), anywhere. @return an address */
    long mmap(int lengthBytes, int protection, int fd, long offset);

    int munmap(long address, int lengthBytes);

    /**
     * Waits for files.
     *
     * @param pollfds {@code count} structs from the first byte on, and 16 bytes of room behind them for the timeout
     * @param timeoutNs {@link #FOREVER}, or 0 for a look
     * @return how many are ready
     */
    int ppoll(ChronicleMemory pollfds, int count, long timeoutNs);

    /** A counter that {@link #ppoll} can wait for; never blocks. @return a file descriptor */
    int eventfd();
}
