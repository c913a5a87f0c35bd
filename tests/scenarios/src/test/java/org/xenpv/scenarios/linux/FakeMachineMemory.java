package org.xenpv.scenarios.linux;

import java.util.ArrayDeque;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import org.xenpv.memory.SharedMemory;

/**
 * The memory of a machine: a file without a name, any pages of which can be mapped one behind the other, as often as one
 * likes.
 */
final class FakeMachineMemory implements AutoCloseable {

    private static final int PAGE = SharedMemory.PAGE_BYTES;
    private static final int PROT_NONE = 0;
    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_ANONYMOUS = 0x20;

    /** As in the C headers; a Pointer first, because of the six arguments. */
    public interface LibC {
        int memfd_create(String name, int flags);

        int ftruncate(int fd, long lengthBytes);

        long mmap(Pointer address, long lengthBytes, int protection, int flags, int fd, long offset);

        int munmap(long address, long lengthBytes);

        int close(int fd);
    }

    private static final LibC LIBC = LibraryLoader.create(LibC.class).load("c");

    private final int fd;
    private final ArrayDeque<Integer> free = new ArrayDeque<>();

    FakeMachineMemory(int pages) {
        fd = LIBC.memfd_create("machine", 0);
        if (fd < 0 || LIBC.ftruncate(fd, (long) pages * PAGE) != 0) {
            throw new IllegalStateException("no memory of " + pages + " pages");
        }
        for (int page = 0; page < pages; page++) {
            free.add(page);
        }
    }

    int freePages() {
        return free.size();
    }

    /** A zeroed page. */
    int allocate() {
        int page = free.remove();
        long address = map(new int[] {page}, true);
        pointer(address).setMemory(0, PAGE, (byte) 0);
        unmap(address, 1);
        return page;
    }

    /** The one that was freed longest ago is given out last: its content would show. */
    void free(int page) {
        free.addFirst(page);
    }

    static Pointer pointer(long address) {
        return Pointer.wrap(jnr.ffi.Runtime.getSystemRuntime(), address);
    }

    long map(int[] pages, boolean writable) {
        long base = LIBC.mmap(null, (long) pages.length * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (int i = 0; i < pages.length; i++) {
            long at = LIBC.mmap(
                    pointer(base + (long) i * PAGE),
                    PAGE,
                    writable ? 3 : 1,
                    MAP_SHARED | MAP_FIXED,
                    fd,
                    (long) pages[i] * PAGE);
            if (at != base + (long) i * PAGE) {
                throw new IllegalStateException("page=" + pages[i] + " could not be mapped");
            }
        }
        return base;
    }

    void unmap(long address, int pages) {
        LIBC.munmap(address, (long) pages * PAGE);
    }

    @Override
    public void close() {
        LIBC.close(fd);
    }
}
