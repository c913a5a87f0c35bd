package org.xenpv.linux;

import java.nio.charset.StandardCharsets;
import org.xenpv.fault.XenOpException;
import org.xenpv.memory.ChronicleMemory;

/** An open device node. What the kernel refuses becomes a {@link XenOpException} that names the call and its arguments. */
public final class DeviceFile implements AutoCloseable {

    /** What the kernel runs on, where it knows (Documentation/ABI/stable/sysfs-hypervisor-xen). */
    private static final String HYPERVISOR_TYPE = "/sys/hypervisor/type";

    private static final int LINE_BYTES_MAX = 64;

    private final LinuxCalls calls;
    private final String path;
    private final int fd;
    private boolean closed;

    private DeviceFile(LinuxCalls calls, String path, int fd) {
        this.calls = calls;
        this.path = path;
        this.fd = fd;
    }

    /**
     * Opens for reading and writing, without ever blocking.
     *
     * @param module the kernel module that makes the node, for the message when it is not there; null if the kernel does without one
     */
    public static DeviceFile open(LinuxCalls calls, String path, String module) {
        int fd = calls.open(path, LinuxCalls.O_RDWR | LinuxCalls.O_NONBLOCK | LinuxCalls.O_CLOEXEC);
        if (fd < 0) {
            Errno errno = Errno.of(-fd);
            boolean missing = errno == Errno.ENOENT || errno == Errno.ENODEV || errno == Errno.ENXIO;
            String meaning = Errno.meaning(-fd) + (missing ? whyMissing(calls, module) : "");
            throw new XenOpException("open", -fd, "path=" + path, meaning);
        }
        return new DeviceFile(calls, path, fd);
    }

    private static String whyMissing(LinuxCalls calls, String module) {
        String type = firstLine(calls, HYPERVISOR_TYPE);
        if (type.equals("xen") && module == null) {
            return "; Linux makes it in every guest: mount -t devtmpfs dev /dev, or give it to the container";
        }
        if (type.equals("xen")) {
            return "; the kernel module " + module + " makes it: modprobe " + module;
        }
        return "; this machine is not a guest of Xen: " + HYPERVISOR_TYPE
                + (type.isEmpty() ? " cannot be read" : " says " + type) + ", must say xen";
    }

    /** Of a small file; empty if it cannot be read. */
    private static String firstLine(LinuxCalls calls, String path) {
        int fd = calls.open(path, LinuxCalls.O_CLOEXEC);
        if (fd < 0) {
            return "";
        }
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(1)) {
            int length = Math.max(0, calls.read(fd, memory, 0, LINE_BYTES_MAX));
            byte[] bytes = new byte[length];
            memory.copyOut(0, bytes, 0, length);
            String text = new String(bytes, StandardCharsets.US_ASCII);
            int end = text.indexOf('\n');
            return end < 0 ? text : text.substring(0, end);
        } finally {
            calls.close(fd);
        }
    }

    public LinuxCalls calls() {
        return calls;
    }

    public int fd() {
        return fd;
    }

    public String path() {
        return path;
    }

    /**
     * @param name the request's, from the header, e.g. {@code IOCTL_EVTCHN_UNBIND}
     * @param arguments what was asked, as {@code name=value}
     * @return what the kernel returned, not negative
     * @throws XenOpException if it is
     */
    public int ioctl(String name, long request, ChronicleMemory struct, String arguments) {
        int returned = calls.ioctl(fd, request, struct);
        if (returned < 0) {
            throw refused(name, -returned, arguments);
        }
        return returned;
    }

    public XenOpException refused(String call, int errno, String arguments) {
        String all = arguments.isEmpty() ? "path=" + path : "path=" + path + ", " + arguments;
        return new XenOpException(call, errno, all, Errno.meaning(errno));
    }

    /**
     * Maps pages of the device.
     *
     * @param release called when the memory is closed, after it has been unmapped
     * @throws XenOpException if the kernel refuses
     */
    public ChronicleMemory mmap(int lengthBytes, int protection, long offset, Runnable release) {
        long address = calls.mmap(lengthBytes, protection, fd, offset);
        if (address <= 0) {
            throw refused("mmap", (int) -address, "lengthBytes=" + lengthBytes + ", offset=" + offset);
        }
        return ChronicleMemory.at(address, lengthBytes, () -> {
            calls.munmap(address, lengthBytes);
            release.run();
        });
    }

    /** Idempotent, never throws. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            calls.close(fd);
        }
    }
}
