package org.xenpv.event.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.xenpv.event.Clock;
import org.xenpv.event.EventChannels;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenOpException;
import org.xenpv.linux.DeviceFile;
import org.xenpv.linux.Errno;
import org.xenpv.linux.LinuxCalls;
import org.xenpv.memory.ChronicleMemory;

/**
 * Event channels of a Linux guest, through {@code /dev/xen/evtchn}.
 *
 * <p>The kernel hands out a port's event once, by read, and holds back further ones until the port's number is written
 * back. It knows no mask: {@link LinuxPorts} keeps ours. Should the kernel's buffer overflow (read says EFBIG), events are
 * lost: it is reset, and every port is delivered once, as if an event had come on it.
 *
 * <p>{@link #await} also waits for other files of the guest's ({@link #awaitFile}).
 */
public final class LinuxEventChannels implements EventChannels, AutoCloseable {

    private static final String DEVICE = "/dev/xen/evtchn";
    private static final String MODULE = "xen-evtchn";
    private static final int DOMID_MAX = 0x7fff;
    private static final int PORTS_PER_READ = 256;
    /** A loop that is never idle looks at its other files every so many turns. */
    private static final int POLLS_PER_LOOK = 64;

    private static final int FILES_MAX = 64;
    private static final int WAKE_ONE = 0;
    private static final int SEND_ARGS = 64;
    private static final int ARGS = 128;
    private static final int ARGS_BYTES = 64;
    private static final int WRITE_BACK = 192;

    /** Another file that the loop waits for. */
    private record Waited(int fd, Runnable readable) {}

    private final LinuxCalls calls;
    private final Clock clock;
    private final int waker;
    private final ChronicleMemory args = ChronicleMemory.allocatePages(1);
    private final ChronicleMemory sendArgs = args.view(SEND_ARGS, Evtchn.PORT_SIZEOF, () -> {});
    private final ChronicleMemory callArgs = args.view(ARGS, ARGS_BYTES, () -> {});
    private final ChronicleMemory ports = ChronicleMemory.allocatePages(1);
    private final ChronicleMemory pollfds = ChronicleMemory.allocatePages(1);
    private final LinuxPorts book = new LinuxPorts();
    private final List<Waited> waited = new ArrayList<>();
    /** Guards what any thread may do against the end: a descriptor's number is given out again. */
    private final Object gate = new Object();

    private DeviceFile device;
    private int polls;
    private long overflows;
    private volatile int devicesLeft;
    private boolean closed;
    /** How many ports the kernel has bound to the open device. */
    private int bound;
    /** Whether the domain is still the one in which they were bound. */
    private BooleanSupplier sameDomain = () -> true;

    private LinuxEventChannels(DeviceFile device, Clock clock, int waker) {
        this.device = device;
        this.calls = device.calls();
        this.clock = clock;
        this.waker = waker;
        args.putLong(WAKE_ONE, 1);
    }

    /** @throws XenOpException if there is no such device, or it is not ours to open */
    public static LinuxEventChannels open(LinuxCalls calls, Clock clock) {
        DeviceFile device = DeviceFile.open(calls, DEVICE, MODULE);
        int waker = calls.eventfd();
        if (waker < 0) {
            device.close();
            throw new XenOpException("eventfd", -waker, "", Errno.meaning(-waker));
        }
        return new LinuxEventChannels(device, clock, waker);
    }

    /**
     * Has {@link #await} return when there is something to read from a file, or when it has broken.
     *
     * @param readable called from {@link #await} or {@link #poll}; again and again until the file has been read
     */
    public void awaitFile(int fd, Runnable readable) {
        if (waited.size() == FILES_MAX) {
            throw new IllegalStateException("files=" + FILES_MAX + " are waited for already");
        }
        waited.add(new Waited(fd, readable));
    }

    /** Comes before the file is closed. A file that is not waited for is left alone. */
    public void forgetFile(int fd) {
        waited.removeIf(each -> each.fd == fd);
    }

    /**
     * Says how it can be known that the domain has been restored since its ports were bound. The kernel then has forgotten them
     * and would stop at a BUG (drivers/xen/evtchn.c, evtchn_unbind_from_user) if one were closed, or the device with any: it is
     * asked before that is done, and if so nothing is closed. The device stays open, until the program ends.
     */
    public void sameDomain(BooleanSupplier question) {
        sameDomain = question;
    }

    /** How often the kernel's buffer overflowed. */
    public long overflows() {
        return overflows;
    }

    /**
     * How many devices were left open, with ports of a domain that was restored since ({@link #sameDomain}). If there are any, the kernel
     * stops at its BUG when this program ends.
     */
    public int devicesLeft() {
        return devicesLeft;
    }

    @Override
    public int allocUnbound(int remoteDomid) {
        checkDomid(remoteDomid);
        callArgs.putInt(Evtchn.BIND_UNBOUND_PORT_REMOTE_DOMAIN, remoteDomid);
        return opened(
                "IOCTL_EVTCHN_BIND_UNBOUND_PORT",
                Evtchn.IOCTL_EVTCHN_BIND_UNBOUND_PORT,
                "remote_domain=" + remoteDomid);
    }

    @Override
    public int bindInterdomain(int remoteDomid, int remotePort) {
        checkDomid(remoteDomid);
        callArgs.putInt(Evtchn.BIND_INTERDOMAIN_REMOTE_DOMAIN, remoteDomid);
        callArgs.putInt(Evtchn.BIND_INTERDOMAIN_REMOTE_PORT, remotePort);
        return opened(
                "IOCTL_EVTCHN_BIND_INTERDOMAIN",
                Evtchn.IOCTL_EVTCHN_BIND_INTERDOMAIN,
                "remote_domain=" + remoteDomid + ", remote_port=" + Integer.toUnsignedString(remotePort));
    }

    @Override
    public int bindVirq(int virq) {
        checkOpen();
        callArgs.putInt(Evtchn.BIND_VIRQ_VIRQ, virq);
        return opened("IOCTL_EVTCHN_BIND_VIRQ", Evtchn.IOCTL_EVTCHN_BIND_VIRQ, "virq=" + virq);
    }

    private int opened(String name, long request, String arguments) {
        int port = device.ioctl(name, request, callArgs, arguments);
        if (port < 1 || port >= PORTS_MAX) {
            throw new XenException(name + " gave port=" + port + ", must be 1 to " + (PORTS_MAX - 1));
        }
        book.open(port);
        bound++;
        return port;
    }

    private void checkDomid(int domid) {
        checkOpen();
        if (domid < 0 || domid > DOMID_MAX) {
            throw new IllegalArgumentException("remoteDomid=" + domid + ", must be 0 to " + DOMID_MAX);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the event channels are closed");
        }
    }

    private static void check(int port) {
        if (port < 1 || port >= PORTS_MAX) {
            throw new IllegalArgumentException("port=" + port + ", must be 1 to " + (PORTS_MAX - 1));
        }
    }

    @Override
    public boolean send(int port) {
        synchronized (gate) {
            if (closed) {
                return false;
            }
            sendArgs.putInt(Evtchn.NOTIFY_PORT, port);
            return calls.ioctl(device.fd(), Evtchn.IOCTL_EVTCHN_NOTIFY, sendArgs) >= 0;
        }
    }

    @Override
    public void mask(int port) {
        check(port);
        book.mask(port);
    }

    @Override
    public void unmask(int port) {
        check(port);
        if (book.unmask(port)) {
            writeBack(port);
        }
    }

    /** A port that is not bound any more (its other end closed the channel and we did, too) is nobody's trouble. */
    private void writeBack(int port) {
        args.putInt(WRITE_BACK, port);
        calls.write(device.fd(), args, WRITE_BACK, Evtchn.PORT_SIZEOF);
    }

    /** There are no priorities to be set here. */
    @Override
    public void setPriority(int port, int priority) {
        check(port);
        if (priority < 0 || priority > 15) {
            throw new IllegalArgumentException("priority=" + priority + ", must be 0 to 15");
        }
    }

    @Override
    public void close(int port) {
        check(port);
        if (book.isOpen(port)) {
            book.close(port);
            if (isOurs()) {
                unbind(port);
                take(); // what the kernel has of it is dropped, before its number is given out again
            }
        }
    }

    private void unbind(int port) {
        callArgs.putInt(Evtchn.UNBIND_PORT, port);
        if (calls.ioctl(device.fd(), Evtchn.IOCTL_EVTCHN_UNBIND, callArgs) >= 0) {
            bound--;
        }
    }

    /** Whether the kernel survives it if we close a port, or the device. */
    private boolean isOurs() {
        return bound == 0 || sameDomain.getAsBoolean();
    }

    @Override
    public int poll(PortSink sink, int limit) {
        checkOpen();
        if (++polls % POLLS_PER_LOOK == 0 && !waited.isEmpty()) {
            look(0);
        }
        take();
        int taken = 0;
        while (taken < limit) {
            int port = book.deliver();
            if (port == 0) {
                break;
            }
            taken++;
            sink.port(port);
        }
        return taken;
    }

    /** Takes all events from the kernel; each port is there once at most. */
    private void take() {
        int bytes;
        do {
            bytes = calls.read(device.fd(), ports, 0, PORTS_PER_READ * Evtchn.PORT_SIZEOF);
            for (int at = 0; at + Evtchn.PORT_SIZEOF <= bytes; at += Evtchn.PORT_SIZEOF) {
                book.event(ports.getInt(at));
            }
        } while (bytes == PORTS_PER_READ * Evtchn.PORT_SIZEOF || bytes == -Errno.EINTR.number());
        if (bytes == -Errno.EFBIG.number()) {
            overflowed();
        } else if (bytes < 0 && bytes != -Errno.EAGAIN.number()) {
            throw device.refused("read", -bytes, "lengthBytes=" + PORTS_PER_READ * Evtchn.PORT_SIZEOF);
        }
    }

    private void overflowed() {
        overflows++;
        device.ioctl("IOCTL_EVTCHN_RESET", Evtchn.IOCTL_EVTCHN_RESET, null, "");
        book.eventOnAll();
    }

    @Override
    public void await(long deadlineNs) {
        if (book.hasReady()) {
            return;
        }
        long timeoutNs = LinuxCalls.FOREVER;
        if (deadlineNs != Long.MAX_VALUE) {
            timeoutNs = Math.max(0, deadlineNs - clock.nanoTime());
        }
        look(timeoutNs);
    }

    private void look(long timeoutNs) {
        int count = 2 + waited.size();
        pollfds.check(0, count * LinuxCalls.POLLFD_BYTES, 8);
        pollfd(0, waker);
        pollfd(1, device.fd());
        for (int i = 2; i < count; i++) {
            pollfd(i, waited.get(i - 2).fd);
        }
        if (calls.ppoll(pollfds, count, timeoutNs) <= 0) {
            return;
        }
        if (revents(0) != 0) {
            calls.read(waker, args, ARGS, Long.BYTES);
        }
        for (int i = count - 1; i >= 2; i--) {
            if (revents(i) != 0) {
                waited.get(i - 2).readable.run();
            }
        }
    }

    private void pollfd(int index, int fd) {
        int at = index * LinuxCalls.POLLFD_BYTES;
        pollfds.putInt(at, fd);
        pollfds.putInt(at + LinuxCalls.POLLFD_EVENTS, LinuxCalls.POLLIN);
    }

    private int revents(int index) {
        return pollfds.getShort(index * LinuxCalls.POLLFD_BYTES + LinuxCalls.POLLFD_REVENTS);
    }

    @Override
    public void wake() {
        synchronized (gate) {
            if (!closed) {
                calls.write(waker, args, WAKE_ONE, Long.BYTES);
            }
        }
    }

    /** Ports of before the suspend are dead, see {@link #sameDomain}: the device is opened anew. */
    @Override
    public void resumed() {
        synchronized (gate) {
            DeviceFile fresh = DeviceFile.open(calls, DEVICE, MODULE);
            closeDevice();
            device = fresh;
        }
        book.clear();
    }

    private void closeDevice() {
        if (isOurs()) {
            device.close();
        } else {
            devicesLeft++;
        }
        bound = 0;
    }

    /** Closes all ports. Idempotent, never throws. Nobody may be in {@link #await}. */
    @Override
    public void close() {
        synchronized (gate) {
            if (closed) {
                return;
            }
            closed = true;
            closeDevice();
            calls.close(waker);
        }
        book.clear();
        args.close();
        ports.close();
        pollfds.close();
    }
}
