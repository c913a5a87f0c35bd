package org.xenpv.realxen;

import org.xenpv.linux.LibcCalls;
import org.xenpv.linux.LinuxCalls;
import org.xenpv.memory.ChronicleMemory;

/**
 * The system calls of a guest, counted. The only ones that count the kernel's work for a driver: nothing else calls it.
 */
final class CountedCalls implements LinuxCalls {

    private final LibcCalls libc = new LibcCalls();
    private long ioctls;
    private long reads;
    private long writes;
    private long polls;
    private long maps;

    /** {@code ioctls= reads= writes= polls= maps=} since the last call of this. */
    String counted() {
        String text =
                "ioctls=" + ioctls + " reads=" + reads + " writes=" + writes + " polls=" + polls + " maps=" + maps;
        ioctls = 0;
        reads = 0;
        writes = 0;
        polls = 0;
        maps = 0;
        return text;
    }

    @Override
    public int open(String path, int flags) {
        return libc.open(path, flags);
    }

    @Override
    public int close(int fd) {
        return libc.close(fd);
    }

    @Override
    public int ioctl(int fd, long request, ChronicleMemory argument) {
        ioctls++;
        return libc.ioctl(fd, request, argument);
    }

    @Override
    public int read(int fd, ChronicleMemory target, int at, int lengthBytes) {
        reads++;
        return libc.read(fd, target, at, lengthBytes);
    }

    @Override
    public int write(int fd, ChronicleMemory source, int at, int lengthBytes) {
        writes++;
        return libc.write(fd, source, at, lengthBytes);
    }

    @Override
    public long mmap(int lengthBytes, int protection, int fd, long offset) {
        maps++;
        return libc.mmap(lengthBytes, protection, fd, offset);
    }

    @Override
    public int munmap(long address, int lengthBytes) {
        maps++;
        return libc.munmap(address, lengthBytes);
    }

    @Override
    public int ppoll(ChronicleMemory pollfds, int count, long timeoutNs) {
        polls++;
        return libc.ppoll(pollfds, count, timeoutNs);
    }

    @Override
    public int eventfd() {
        return libc.eventfd();
    }
}
