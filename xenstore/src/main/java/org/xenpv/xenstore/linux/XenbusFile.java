package org.xenpv.xenstore.linux;

import java.util.Arrays;
import org.xenpv.fault.XenOpException;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsWire;
import org.xenpv.io.xs.XsdSockmsg;
import org.xenpv.linux.DeviceFile;
import org.xenpv.linux.Errno;
import org.xenpv.linux.LinuxCalls;
import org.xenpv.memory.ChronicleMemory;

/**
 * One open {@code /dev/xen/xenbus}: a request goes in by one write, and the next one when its reply has come out; watch events
 * come out in between.
 */
final class XenbusFile implements AutoCloseable {

    private static final String DEVICE = "/dev/xen/xenbus";
    static final int MESSAGE_MAX = XsdSockmsg.SIZEOF + XsWire.XENSTORE_PAYLOAD_MAX;
    private static final int READ_BYTES = 4096;

    private final DeviceFile device;
    private final ChronicleMemory out = ChronicleMemory.allocatePages(2);
    private final ChronicleMemory in = ChronicleMemory.allocatePages(1);

    /** What was read and is not a whole message yet. */
    private final byte[] message = new byte[MESSAGE_MAX];

    private int length;
    private boolean drained;
    private boolean awaitsReply;
    private int reqId;
    private int txId;

    /** The errno by which the kernel has refused what was sent aside, or 0. */
    private volatile int refused;

    /** Whether a thread of ours is inside the kernel's write. Guarded by this, as is whether it is to close the file after that. */
    private boolean writing;

    private boolean closed;

    /** Takes whole messages. */
    interface Sink {
        void message(byte[] bytes, int length);
    }

    private XenbusFile(DeviceFile device) {
        this.device = device;
    }

    /** @throws XenOpException if there is no such device, or it is not ours to open */
    static XenbusFile open(LinuxCalls calls) {
        return new XenbusFile(DeviceFile.open(calls, DEVICE, null));
    }

    int fd() {
        return device.fd();
    }

    /** Whether a request was sent and has not been answered, or the kernel has not come back from it. */
    synchronized boolean isBusy() {
        return awaitsReply || writing;
    }

    /**
     * Sends one whole message.
     *
     * @return 0, or the errno by which the kernel refuses it: it is answered with that, no reply comes
     */
    int send(byte[] request, int lengthBytes) {
        remember(request);
        int errno = write(request, lengthBytes);
        awaitsReply = errno == 0;
        return errno;
    }

    /**
     * The same in a thread of its own, for what the kernel answers inside write, when xenstored has answered: watches. There are few of
     * them, and if xenstored never answers it is that thread alone that waits.
     *
     * @param done called in that thread when the kernel has come back, perhaps with a refusal, see {@link #takeRefusal}
     */
    void sendAside(byte[] request, int lengthBytes, Runnable done) {
        remember(request);
        byte[] copy = Arrays.copyOf(request, lengthBytes);
        Thread writer = new Thread(() -> writeAside(copy, done), "xenbus-watch");
        writer.setDaemon(true);
        awaitsReply = true;
        synchronized (this) {
            writing = true;
        }
        try {
            writer.start();
        } catch (OutOfMemoryError noThread) {
            written(Errno.ENOMEM.number());
            done.run();
        }
    }

    private void remember(byte[] request) {
        reqId = XsdSockmsg.reqId(request, 0);
        txId = XsdSockmsg.txId(request, 0);
    }

    private void writeAside(byte[] request, Runnable done) {
        if (written(write(request, request.length))) {
            done.run();
        }
    }

    /** @return false if the file is closed with that */
    private synchronized boolean written(int errno) {
        writing = false;
        refused = errno;
        if (closed) {
            closeNow();
        }
        return !closed;
    }

    private int write(byte[] request, int lengthBytes) {
        out.copyIn(0, request, 0, lengthBytes);
        int written;
        do {
            written = device.calls().write(device.fd(), out, 0, lengthBytes);
        } while (written == -Errno.EINTR.number());
        if (written < 0) {
            return -written;
        }
        return written == lengthBytes ? 0 : Errno.EIO.number();
    }

    /** @return 0, or the errno by which the kernel has refused what was sent aside: no reply comes */
    int takeRefusal() {
        int errno = refused;
        if (errno != 0) {
            refused = 0;
            awaitsReply = false;
        }
        return errno;
    }

    /** Of the last request. */
    int reqId() {
        return reqId;
    }

    /** Of the last request. */
    int txId() {
        return txId;
    }

    /**
     * Reads once.
     *
     * @return null, or what is wrong with what the kernel says
     */
    String read(Sink sink) {
        int bytes = device.calls().read(device.fd(), in, 0, READ_BYTES);
        if (bytes == -Errno.EAGAIN.number() || bytes == -Errno.EINTR.number()) {
            drained = true;
            return null;
        }
        drained = false;
        if (bytes <= 0) {
            return "read of " + DEVICE + ": " + (bytes == 0 ? "end of file" : Errno.meaning(-bytes));
        }
        for (int at = 0; at < bytes; ) {
            int wanted =
                    length < XsdSockmsg.SIZEOF ? XsdSockmsg.SIZEOF : XsdSockmsg.SIZEOF + XsdSockmsg.len(message, 0);
            int part = Math.min(wanted - length, bytes - at);
            in.copyOut(at, message, length, part);
            at += part;
            length += part;
            String wrong = messageIn(sink);
            if (wrong != null) {
                return wrong;
            }
        }
        return null;
    }

    /** Whether the last read found nothing. */
    boolean isDrained() {
        return drained;
    }

    private String messageIn(Sink sink) {
        if (length < XsdSockmsg.SIZEOF) {
            return null;
        }
        int payload = XsdSockmsg.len(message, 0);
        if (Integer.compareUnsigned(payload, XsWire.XENSTORE_PAYLOAD_MAX) > 0) {
            return "len=" + Integer.toUnsignedString(payload) + ", must be at most " + XsWire.XENSTORE_PAYLOAD_MAX;
        }
        if (length < XsdSockmsg.SIZEOF + payload) {
            return null;
        }
        int type = XsdSockmsg.type(message, 0);
        if (type != XsMessageType.WATCH_EVENT.value()) {
            if (!awaitsReply) {
                return "a reply of type " + type + " to no request";
            }
            awaitsReply = false;
            // the kernel answers WATCH and UNWATCH itself, and forgets to whom
            XsdSockmsg.put(message, 0, type, reqId, txId, payload);
        }
        int whole = length;
        length = 0;
        sink.message(message, whole);
        return null;
    }

    /** While the kernel is inside a write it is closed after that. */
    @Override
    public synchronized void close() {
        closed = true;
        if (!writing) {
            closeNow();
        }
    }

    private void closeNow() {
        device.close();
        out.close();
        in.close();
    }
}
