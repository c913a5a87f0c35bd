package org.xenpv.scenarios.linux;

import org.xenpv.linux.Errno;
import org.xenpv.memory.ChronicleMemory;

/** An open file of a fake driver; called under the machine's monitor. What a driver does not override it does not know. */
abstract class FakeFile {

    int ioctl(long request, ChronicleMemory argument) {
        return -Errno.ENOTTY.number();
    }

    int read(ChronicleMemory target, int at, int lengthBytes) {
        return -Errno.EINVAL.number();
    }

    int write(ChronicleMemory source, int at, int lengthBytes) {
        return -Errno.EINVAL.number();
    }

    long mmap(int lengthBytes, boolean writable, long offset) {
        return -Errno.ENODEV.number();
    }

    /** @return whether the address was one of this file's mappings */
    boolean munmap(long address) {
        return false;
    }

    boolean isReadable() {
        return false;
    }

    void close() {}
}
