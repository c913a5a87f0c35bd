package org.xenpv.backends.net.linux;

import org.xenpv.backends.net.FrameHeaders;
import org.xenpv.backends.net.NetFrame;
import org.xenpv.backends.net.NetworkPort;
import org.xenpv.backends.net.PortOffloads;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenOpException;
import org.xenpv.grant.CopyPages;
import org.xenpv.grant.GrantMapper;
import org.xenpv.io.netif.Netif;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * The host's own network stack as a port: what is sent into the port comes out of a {@link TapDevice} at the host, and the other way
 * round. Blank checksums and segmentation stay undone on their way, both ways, if the device has offloads.
 *
 * <p>One system call per frame, no copy where the memory allows it; nothing is allocated. A thread waits for the device, reading and
 * writing is the loop's. Frames are written at once; {@link #flush} has nothing to do.
 */
public final class TapPort implements NetworkPort, AutoCloseable {

    /** Longest frame on a TAP device: 64 KiB of IP, behind Ethernet and a VLAN tag. */
    private static final int FRAME_BYTES_MAX = 65535 + 18;

    private static final int BURST_FRAMES = 64;
    private static final int PAGES = 64;

    /** In front of every frame: its virtio_net_hdr, and whatever those who handle it want to put there. */
    private static final int HEADROOM = 64;

    private static final int ALIGNMENT = 64;

    private final TapDevice device;
    private final EventLoop loop;
    private final ReadableWait wait;
    private final EventLoop.Source source = this::poll;
    private final PortOffloads offloads;

    private final CopyPages pages;
    private final SharedMemory incoming;
    /** The same bytes as {@link #incoming}, or where they are read before they are copied there. */
    private final ChronicleMemory readMemory;

    private final ChronicleMemory writeMemory;
    private final NetFrame frame = new NetFrame();
    private final FrameHeaders headers = new FrameHeaders();

    private Sink sink;
    private boolean closed;
    private boolean inBurst;
    private XenOpException failure;

    private long framesFromHost;
    private long bytesFromHost;
    private long framesToHost;
    private long bytesToHost;
    private long droppedDown;
    private long droppedMalformed;
    private long droppedFailed;
    private int lastErrno;

    /**
     * Begins to read at once; what comes before something is plugged in is dropped.
     *
     * @param device is this port's from now on
     * @param loop serves the port
     * @param mapper gives out the memory frames are read to, such that netbacks need not copy them; null for any memory
     */
    public TapPort(TapDevice device, EventLoop loop, GrantMapper mapper) {
        this.device = device;
        this.loop = loop;
        this.pages = mapper == null ? null : mapper.copyPages(PAGES);
        this.writeMemory = ChronicleMemory.allocatePages(17);
        ChronicleMemory own = pages != null && pages.memory() instanceof ChronicleMemory direct
                ? direct
                : ChronicleMemory.allocatePages(PAGES);
        this.readMemory = own;
        this.incoming = pages == null ? own : pages.memory();
        this.offloads = device.hasOffloads()
                ? PortOffloads.ALL
                : new PortOffloads(false, false, false, false, FRAME_BYTES_MAX, 0);
        this.wait = new ReadableWait(device.fd(), loop.events(), "tap " + device.name());
        loop.addSource(source);
        wait.start();
    }

    public TapDevice device() {
        return device;
    }

    public TapStats stats() {
        return new TapStats(
                framesFromHost,
                bytesFromHost,
                framesToHost,
                bytesToHost,
                droppedDown,
                droppedMalformed,
                droppedFailed,
                lastErrno);
    }

    /** Why the port is out of service, or null. */
    public XenOpException failure() {
        return failure;
    }

    @Override
    public PortOffloads offloads() {
        return offloads;
    }

    @Override
    public boolean carrier() {
        return !closed && failure == null;
    }

    @Override
    public void plug(Sink plugged) {
        sink = plugged;
    }

    @Override
    public void flush() {}

    // ---- to the host

    @Override
    public boolean send(NetFrame sent) {
        if (!carrier()) {
            droppedDown++;
            return false;
        }
        boolean gso = sent.gsoType() != Netif.XEN_NETIF_GSO_TYPE_NONE;
        if (sent.length() > FRAME_BYTES_MAX || gso && !sent.csumBlank()) {
            droppedMalformed++;
            return false;
        }
        if (sent.csumBlank()) {
            headers.parse(sent);
            if (!headers.hasTransport()) {
                droppedMalformed++;
                return false;
            }
        }
        return write(sent);
    }

    private boolean write(NetFrame sent) {
        ChronicleMemory memory = writeMemory;
        int at = 0;
        if (sent.memory() instanceof ChronicleMemory direct && sent.headroom() >= VirtioNetHdr.SIZEOF) {
            memory = direct;
            at = sent.at() - VirtioNetHdr.SIZEOF;
        } else {
            sent.memory().copyTo(sent.at(), memory, VirtioNetHdr.SIZEOF, sent.length());
        }
        describe(sent, memory, at);
        int errno = device.write(memory, at, VirtioNetHdr.SIZEOF + sent.length());
        if (errno == 0) {
            framesToHost++;
            bytesToHost += sent.length();
            return true;
        }
        if (errno == TapCalls.EIO) {
            droppedDown++;
        } else if (errno == TapCalls.EINVAL) {
            droppedMalformed++;
        } else {
            droppedFailed++;
            lastErrno = errno;
        }
        return false;
    }

    private void describe(NetFrame sent, SharedMemory memory, int at) {
        memory.check(at, VirtioNetHdr.SIZEOF, 1);
        if (!sent.csumBlank()) {
            VirtioNetHdr.putPlain(
                    memory, at); // DATA_VALID would be ignored: the kernel verifies what a TAP device brings
            return;
        }
        VirtioNetHdr.putCsum(memory, at, headers.transport(), headers.checksum() - headers.transport());
        if (sent.gsoType() != Netif.XEN_NETIF_GSO_TYPE_NONE) {
            int type = sent.gsoType() == Netif.XEN_NETIF_GSO_TYPE_TCPV4
                    ? VirtioNetHdr.VIRTIO_NET_HDR_GSO_TCPV4
                    : VirtioNetHdr.VIRTIO_NET_HDR_GSO_TCPV6;
            VirtioNetHdr.putGso(memory, at, type, headers.payload(), sent.gsoSize());
        }
    }

    // ---- from the host

    private boolean poll() {
        if (closed || failure != null || !wait.isReadable()) {
            return false;
        }
        inBurst = true;
        try {
            return burst() > 0;
        } finally {
            inBurst = false;
            if (closed) {
                freeMemory();
            }
        }
    }

    private int burst() {
        int at = 0;
        int count = 0;
        while (count < BURST_FRAMES && !closed) {
            at = (at + HEADROOM + ALIGNMENT - 1) & -ALIGNMENT;
            if (at + FRAME_BYTES_MAX > incoming.sizeBytes()) {
                break;
            }
            int got = read(at - VirtioNetHdr.SIZEOF);
            if (got == TapDevice.NOTHING) {
                break;
            }
            count++;
            at += received(at, got - VirtioNetHdr.SIZEOF);
        }
        if (count > 0 && sink != null) {
            sink.receivedAll();
        }
        return count;
    }

    private int read(int at) {
        try {
            int got = device.read(readMemory, at, VirtioNetHdr.SIZEOF + FRAME_BYTES_MAX);
            if (got == TapDevice.NOTHING && !closed) {
                wait.rearm();
            }
            return got;
        } catch (XenOpException gone) {
            failure = gone;
            if (sink != null) {
                sink.linkChanged();
            }
            return TapDevice.NOTHING;
        }
    }

    /** @return how many bytes of the memory the frame keeps */
    private int received(int at, int bytes) {
        int headerAt = at - VirtioNetHdr.SIZEOF;
        if (bytes < 1 || !judge(headerAt, bytes)) {
            droppedMalformed++;
            return 0;
        }
        if (incoming != readMemory) {
            readMemory.copyTo(at, incoming, at, bytes);
        }
        if (pages == null) {
            frame.set(incoming, at, bytes, HEADROOM);
        } else {
            frame.set(pages, at, bytes, HEADROOM);
        }
        int flags = VirtioNetHdr.flags(readMemory, headerAt);
        frame.csumBlank((flags & VirtioNetHdr.VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0);
        frame.dataValidated(flags != 0); // what the host has not filled in yet, nothing has damaged
        int gsoType = gsoType(headerAt);
        frame.gso(gsoType, gsoType == Netif.XEN_NETIF_GSO_TYPE_NONE ? 0 : VirtioNetHdr.gsoSize(readMemory, headerAt));
        framesFromHost++;
        bytesFromHost += bytes;
        if (sink != null) {
            sink.received(frame);
        }
        return bytes;
    }

    /** Whether a header says only what we asked for, and of places inside the frame. */
    private boolean judge(int headerAt, int bytes) {
        int flags = VirtioNetHdr.flags(readMemory, headerAt);
        boolean needsCsum = (flags & VirtioNetHdr.VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0;
        int checksumEnd =
                VirtioNetHdr.csumStart(readMemory, headerAt) + VirtioNetHdr.csumOffset(readMemory, headerAt) + 2;
        if (needsCsum && checksumEnd > bytes) {
            return false;
        }
        int raw = VirtioNetHdr.gsoType(readMemory, headerAt);
        boolean gso = raw != VirtioNetHdr.VIRTIO_NET_HDR_GSO_NONE;
        return !gso
                || needsCsum
                        && gsoType(headerAt) != Netif.XEN_NETIF_GSO_TYPE_NONE
                        && VirtioNetHdr.gsoSize(readMemory, headerAt) > 0;
    }

    private int gsoType(int headerAt) {
        return switch (VirtioNetHdr.gsoType(readMemory, headerAt) & ~VirtioNetHdr.VIRTIO_NET_HDR_GSO_ECN) {
            case VirtioNetHdr.VIRTIO_NET_HDR_GSO_TCPV4 -> Netif.XEN_NETIF_GSO_TYPE_TCPV4;
            case VirtioNetHdr.VIRTIO_NET_HDR_GSO_TCPV6 -> Netif.XEN_NETIF_GSO_TYPE_TCPV6;
            default -> Netif.XEN_NETIF_GSO_TYPE_NONE;
        };
    }

    /** Takes the interface away from the host. Idempotent, never throws. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        loop.removeSource(source);
        wait.close();
        device.close();
        if (!inBurst) { // else the sink may still hold frames of this burst
            freeMemory();
        }
    }

    private void freeMemory() {
        if (readMemory != incoming || pages == null) {
            readMemory.close();
        }
        if (pages != null) {
            pages.close();
        }
        writeMemory.close();
    }
}
