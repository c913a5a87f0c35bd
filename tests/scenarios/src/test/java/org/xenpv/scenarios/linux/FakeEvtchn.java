package org.xenpv.scenarios.linux;

import java.util.ArrayDeque;
import java.util.TreeMap;
import org.xenpv.linux.Errno;
import org.xenpv.memory.ChronicleMemory;

/** An open /dev/xen/evtchn, after linux/drivers/xen/evtchn.c. */
final class FakeEvtchn extends FakeFile {

    /** IOCTL_EVTCHN_UNBIND. */
    static final int UNBIND = 0x4_4503;

    private final FakeXen xen;
    private final int domid;
    private final int ringPorts;
    private final TreeMap<Integer, FakeXen.Port> ports = new TreeMap<>();
    private final ArrayDeque<Integer> ring = new ArrayDeque<>();
    private boolean overflow;

    FakeEvtchn(FakeXen xen, int domid, int ringPorts) {
        this.xen = xen;
        this.domid = domid;
        this.ringPorts = ringPorts;
    }

    @Override
    int ioctl(long request, ChronicleMemory argument) {
        if (request == 0x4505) { // RESET
            ring.clear();
            overflow = false;
            return 0;
        }
        int first = argument.getInt(0);
        return switch ((int) request) {
            case 0x4_4500 -> bindVirq(first);
            case 0x8_4501 -> bindInterdomain(first, argument.getInt(4));
            case 0x4_4502 -> keep(xen.open(domid, this, first));
            case UNBIND -> unbind(first);
            case 0x4_4504 -> notifyPort(first);
            default -> -Errno.ENOTTY.number();
        };
    }

    private int keep(FakeXen.Port port) {
        ports.put(port.number, port);
        return port.number;
    }

    private int bindVirq(int virq) {
        if (xen.hasVirq(domid, virq)) {
            return -Errno.EEXIST.number();
        }
        FakeXen.Port port = xen.open(domid, this, domid);
        port.virq = virq;
        return keep(port);
    }

    private int bindInterdomain(int remoteDomid, int remotePort) {
        FakeXen.Port remote = xen.port(remoteDomid, remotePort);
        if (remote == null || remote.remote != null || remote.remoteDomid != domid || remote.virq >= 0) {
            return -(xen.exists(remoteDomid) ? Errno.EINVAL : Errno.ESRCH).number();
        }
        FakeXen.Port port = xen.open(domid, this, remoteDomid);
        port.remote = remote;
        remote.remote = port;
        keep(port);
        fire(port);
        return port.number;
    }

    private int unbind(int number) {
        FakeXen.Port port = ports.get(number);
        if (port == null) {
            return -Errno.ENOTCONN.number();
        }
        xen.close(port);
        ports.remove(number);
        return 0;
    }

    private int notifyPort(int number) {
        FakeXen.Port port = ports.get(number);
        if (port == null) {
            return -Errno.ENOTCONN.number();
        }
        if (port.remote != null) {
            port.remote.owner.fire(port.remote);
        }
        return 0;
    }

    /** An event: delivered and the port disabled, or kept as one until it is enabled again. */
    void fire(FakeXen.Port port) {
        if (!port.enabled) {
            port.pending = true;
            return;
        }
        port.enabled = false;
        if (ring.size() == ringPorts) {
            overflow = true; // and the event is lost
        } else {
            ring.add(port.number);
        }
        xen.notifyAll();
    }

    @Override
    int read(ChronicleMemory target, int at, int lengthBytes) {
        if (overflow) {
            return -Errno.EFBIG.number();
        }
        if (ring.isEmpty()) {
            return -Errno.EAGAIN.number();
        }
        int bytes = 0;
        while (bytes + 4 <= lengthBytes && !ring.isEmpty()) {
            target.putInt(at + bytes, ring.remove());
            bytes += 4;
        }
        return bytes;
    }

    @Override
    int write(ChronicleMemory source, int at, int lengthBytes) {
        for (int i = 0; i + 4 <= lengthBytes; i += 4) {
            FakeXen.Port port = ports.get(source.getInt(at + i));
            if (port != null && !port.enabled) {
                port.enabled = true;
                if (port.pending) {
                    port.pending = false;
                    fire(port);
                }
            }
        }
        return lengthBytes;
    }

    @Override
    boolean isReadable() {
        return overflow || !ring.isEmpty();
    }

    @Override
    void close() {
        ports.values().forEach(xen::close);
        ports.clear();
    }
}
