package org.xenpv.backends.net.linux;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenOpException;
import org.xenpv.memory.ChronicleMemory;

/**
 * A TAP device of Linux: a network interface of the host whose other end is this program. Gives and takes whole frames, each
 * behind a {@link VirtioNetHdr}; never blocks.
 *
 * <p>The interface is gone when this is closed. It can be moved to another network namespace meanwhile ({@code ip link set NAME
 * netns}).
 *
 * <p>Allocates nothing per frame.
 */
public final class TapDevice implements AutoCloseable {

    /** Nothing to read now. */
    static final int NOTHING = -1;

    private static final String DEVICE = "/dev/net/tun";
    private static final int IFREQ_BYTES = 40;
    private static final int IFNAMSIZ = 16;

    private final int fd;
    private final String name;
    private final boolean offloads;
    private boolean closed;

    private TapDevice(int fd, String name, boolean offloads) {
        this.fd = fd;
        this.name = name;
        this.offloads = offloads;
    }

    /**
     * Makes an interface; the caller configures it and brings it up.
     *
     * @param name at most 15 characters; a {@code %d} in it becomes a number that is free
     * @param offloads whether the host may leave checksums and the segmentation of TCP to us
     * @throws XenOpException naming the call and the errno; EPERM without CAP_NET_ADMIN
     */
    public static TapDevice open(String name, boolean offloads) {
        if (name.isEmpty() || name.length() >= IFNAMSIZ || name.indexOf('/') >= 0) {
            throw new IllegalArgumentException(
                    "name=" + name + ", must have 1 to " + (IFNAMSIZ - 1) + " characters and no slash");
        }
        TapCalls.LibC libc = TapCalls.libc();
        int fd = TapCalls.checked(
                libc.open(DEVICE, TapCalls.O_RDWR | TapCalls.O_NONBLOCK | TapCalls.O_CLOEXEC),
                "open",
                "path=" + DEVICE);
        try {
            byte[] ifreq = new byte[IFREQ_BYTES];
            for (int i = 0; i < name.length(); i++) {
                ifreq[i] = (byte) name.charAt(i);
            }
            int flags = TapCalls.IFF_TAP | TapCalls.IFF_NO_PI | TapCalls.IFF_VNET_HDR;
            ifreq[IFNAMSIZ] = (byte) flags;
            ifreq[IFNAMSIZ + 1] = (byte) (flags >>> 8);
            TapCalls.checked(libc.ioctl(fd, TapCalls.TUNSETIFF, ifreq), "ioctl TUNSETIFF", "name=" + name);
            setInt(fd, TapCalls.TUNSETVNETLE, "TUNSETVNETLE", 1);
            setInt(fd, TapCalls.TUNSETVNETHDRSZ, "TUNSETVNETHDRSZ", VirtioNetHdr.SIZEOF);
            long wanted = offloads ? TapCalls.TUN_F_CSUM | TapCalls.TUN_F_TSO4 | TapCalls.TUN_F_TSO6 : 0;
            TapCalls.checked(
                    TapCalls.numbers().ioctl(fd, TapCalls.TUNSETOFFLOAD, wanted),
                    "ioctl TUNSETOFFLOAD",
                    "flags=" + wanted);
            return new TapDevice(fd, nameIn(ifreq), offloads);
        } catch (XenException e) {
            libc.close(fd);
            throw e;
        }
    }

    /** Why no TAP device can be made here; null if one can. */
    public static String whyNot() {
        if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")) {
            return "TAP devices are Linux's, this is " + System.getProperty("os.name");
        }
        if (!Files.exists(Path.of(DEVICE))) {
            return DEVICE + " is missing";
        }
        try {
            TapDevice.open("tap%d", false).close();
            return null;
        } catch (XenOpException e) {
            return e.errno() == TapCalls.EPERM ? "CAP_NET_ADMIN is missing: " + e.getMessage() : e.getMessage();
        }
    }

    private static void setInt(int fd, long request, String requestName, int value) {
        byte[] number = {(byte) value, 0, 0, 0};
        TapCalls.checked(TapCalls.libc().ioctl(fd, request, number), "ioctl " + requestName, "value=" + value);
    }

    private static String nameIn(byte[] ifreq) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < IFNAMSIZ && ifreq[i] != 0; i++) {
            text.append((char) ifreq[i]);
        }
        return text.toString();
    }

    /** The interface's name at the host. */
    public String name() {
        return name;
    }

    /** Whether frames come with blank checksums and to be segmented. */
    public boolean hasOffloads() {
        return offloads;
    }

    int fd() {
        return fd;
    }

    /**
     * Reads one frame behind its header; what is longer than the room is cut.
     *
     * @return how many bytes, the header's included, or {@link #NOTHING}
     * @throws XenOpException if the interface is not there any more
     */
    int read(ChronicleMemory memory, int at, int roomBytes) {
        memory.check(at, roomBytes, 1);
        if (closed) {
            return NOTHING;
        }
        long got = TapCalls.libc().read(fd, memory.address() + at, roomBytes);
        if (got >= 0) {
            return (int) got;
        }
        int errno = TapCalls.errno();
        if (errno == TapCalls.EAGAIN || errno == TapCalls.EINTR) {
            return NOTHING;
        }
        throw new XenOpException("read", errno, "tap=" + name + ", bytes=" + roomBytes);
    }

    /**
     * Writes one frame behind its header.
     *
     * @return 0, or the errno: EIO while the interface is down, EINVAL for a header that does not fit the frame
     */
    int write(ChronicleMemory memory, int at, int bytes) {
        memory.check(at, bytes, 1);
        if (closed) {
            return TapCalls.EIO;
        }
        return TapCalls.libc().write(fd, memory.address() + at, bytes) < 0 ? TapCalls.errno() : 0;
    }

    /** Idempotent, never throws. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            TapCalls.libc().close(fd);
        }
    }
}
