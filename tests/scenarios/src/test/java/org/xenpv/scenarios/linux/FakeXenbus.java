package org.xenpv.scenarios.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdError;
import org.xenpv.io.xs.XsdSockmsg;
import org.xenpv.linux.Errno;
import org.xenpv.memory.ChronicleMemory;

/**
 * An open /dev/xen/xenbus, after linux/drivers/xen/xenbus/xenbus_dev_frontend.c, in front of a xenstored's socket. What the real
 * one does not survive (a request before the last one is answered, XS_RESET_WATCHES) it counts and refuses.
 */
final class FakeXenbus extends FakeFile {

    private static final int BUFFER_BYTES = 4096;

    private final FakeXen xen;
    private final SocketChannel socket;
    private final ArrayDeque<Byte> readable = new ArrayDeque<>();
    private byte[] watchReply;
    private boolean awaitsReply;
    private boolean watching;

    /** Of all files. */
    static int violations;

    FakeXenbus(FakeXen xen, Path path) {
        this.xen = xen;
        try {
            socket = SocketChannel.open(StandardProtocolFamily.UNIX);
            socket.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread reader = new Thread(this::receive, "fake-xenbus");
        reader.setDaemon(true);
        reader.start();
    }

    private void receive() {
        try {
            while (true) {
                byte[] header = read(XsdSockmsg.SIZEOF);
                byte[] body = read(XsdSockmsg.len(header, 0));
                synchronized (xen) {
                    take(header, body);
                    xen.notifyAll();
                }
            }
        } catch (IOException closed) {
            // By us.
        }
    }

    private byte[] read(int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining()) {
            if (socket.read(buffer) < 0) {
                throw new IOException("end of file");
            }
        }
        return buffer.array();
    }

    private void take(byte[] header, byte[] body) {
        boolean event = XsdSockmsg.type(header, 0) == XsMessageType.WATCH_EVENT.value();
        if (watching && !event) {
            watchReply = XsdSockmsg.type(header, 0) == XsMessageType.ERROR.value() ? body : new byte[0];
            return;
        }
        if (!event) {
            awaitsReply = false;
        }
        append(header);
        append(body);
    }

    private void append(byte[] bytes) {
        for (byte each : bytes) {
            readable.add(each);
        }
    }

    @Override
    int write(ChronicleMemory source, int at, int lengthBytes) {
        byte[] message = new byte[lengthBytes];
        source.copyOut(at, message, 0, lengthBytes);
        if (lengthBytes > BUFFER_BYTES || XsdSockmsg.len(message, 0) != lengthBytes - XsdSockmsg.SIZEOF) {
            return -Errno.EINVAL.number();
        }
        int type = XsdSockmsg.type(message, 0);
        if (awaitsReply || type == XsMessageType.RESET_WATCHES.value()) {
            violations++;
            return -Errno.EBUSY.number();
        }
        boolean watch = type == XsMessageType.WATCH.value() || type == XsMessageType.UNWATCH.value();
        watching = watch;
        awaitsReply = !watch;
        try {
            socket.write(ByteBuffer.wrap(message));
            return watch ? answered(type, lengthBytes) : lengthBytes;
        } catch (IOException e) {
            return -Errno.EIO.number();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return -Errno.EINTR.number();
        }
    }

    /** The kernel waits for xenstored, and says OK in its place: to request 0. */
    private int answered(int type, int lengthBytes) throws InterruptedException {
        while (watchReply == null) {
            xen.wait();
        }
        byte[] error = watchReply;
        watchReply = null;
        watching = false;
        if (error.length > 0) {
            return -XsdError.of(new String(error, 0, error.length - 1, java.nio.charset.StandardCharsets.US_ASCII))
                    .errno();
        }
        byte[] ok = new byte[XsdSockmsg.SIZEOF + 3];
        XsdSockmsg.put(ok, 0, type, 0, 0, 3);
        ok[XsdSockmsg.SIZEOF] = 'O';
        ok[XsdSockmsg.SIZEOF + 1] = 'K';
        append(ok);
        xen.notifyAll();
        return lengthBytes;
    }

    @Override
    int read(ChronicleMemory target, int at, int lengthBytes) {
        if (readable.isEmpty()) {
            return -Errno.EAGAIN.number();
        }
        int bytes = 0;
        while (bytes < lengthBytes && !readable.isEmpty()) {
            target.putByte(at + bytes++, readable.remove());
        }
        return bytes;
    }

    @Override
    boolean isReadable() {
        return !readable.isEmpty();
    }

    @Override
    void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
