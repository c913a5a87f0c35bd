package org.xenpv.scenarios.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
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
    /** Requests that the kernel makes by itself. */
    private static final int OWN_REQUEST = 0x7f00_0000;

    /** Whose domain's paths are meant by relative ones; null for the socket's. */
    private final FakeLinux domain;

    /** Of this file's watches, newest first: two strings each. */
    private final ArrayDeque<byte[]> watches = new ArrayDeque<>();

    private String home;

    private byte[] watchReply;
    private boolean awaitsReply;
    private boolean watching;

    /** Of all files. */
    static int violations;

    FakeXenbus(FakeXen xen, Path path) {
        this(xen, path, null);
    }

    FakeXenbus(FakeXen xen, Path path, FakeLinux domain) {
        this.xen = xen;
        this.domain = domain;
        this.home = domain == null ? null : "/local/domain/" + domain.domid + "/";
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
        if (XsdSockmsg.reqId(header, 0) == OWN_REQUEST) {
            return;
        }
        boolean event = XsdSockmsg.type(header, 0) == XsMessageType.WATCH_EVENT.value();
        if (watching && !event) {
            watchReply = XsdSockmsg.type(header, 0) == XsMessageType.ERROR.value() ? body : new byte[0];
            return;
        }
        if (!event) {
            awaitsReply = false;
        } else if (domain != null && domain.isFrozen()) {
            return; // xenstored cannot tell a domain that does not run
        }
        byte[] told = event ? relative(body) : body;
        XsdSockmsg.put(
                header,
                0,
                XsdSockmsg.type(header, 0),
                XsdSockmsg.reqId(header, 0),
                XsdSockmsg.txId(header, 0),
                told.length);
        append(header);
        append(told);
    }

    /** A path below our home, of a watch that was registered for a relative one. */
    private byte[] relative(byte[] body) {
        String[] strings = latin(body).split("\0");
        boolean ours = watches.stream().anyMatch(each -> {
            String[] watch = latin(each).split("\0");
            return watch[1].equals(strings[1]) && isRelative(watch[0]);
        });
        boolean below = home != null && ours && strings[0].startsWith(home);
        return below ? body(strings[0].substring(home.length()), strings[1]) : body;
    }

    private static boolean isRelative(String path) {
        return !path.startsWith("/") && !path.startsWith("@");
    }

    private static String latin(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static byte[] body(String... strings) {
        return (String.join("\0", strings) + "\0").getBytes(StandardCharsets.ISO_8859_1);
    }

    /** What xenstored would make of a relative path of our domain. */
    private byte[] absolute(int type, byte[] body) {
        boolean hasPath = switch (XsMessageType.of(type)) {
            case DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, WRITE, MKDIR, RM, SET_PERMS, DIRECTORY_PART -> true;
            default -> false;
        };
        if (home == null || !hasPath || !isRelative(latin(body))) {
            return body;
        }
        byte[] longer = new byte[home.length() + body.length];
        System.arraycopy(home.getBytes(StandardCharsets.ISO_8859_1), 0, longer, 0, home.length());
        System.arraycopy(body, 0, longer, home.length(), body.length);
        return longer;
    }

    private void send(int type, int reqId, int txId, byte[] body) throws IOException {
        byte[] absolute = absolute(type, body);
        byte[] message = new byte[XsdSockmsg.SIZEOF + absolute.length];
        XsdSockmsg.put(message, 0, type, reqId, txId, absolute.length);
        System.arraycopy(absolute, 0, message, XsdSockmsg.SIZEOF, absolute.length);
        socket.write(ByteBuffer.wrap(message));
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
            byte[] body = Arrays.copyOfRange(message, XsdSockmsg.SIZEOF, lengthBytes);
            if (type == XsMessageType.WATCH.value()) {
                watches.addFirst(body);
            } else if (type == XsMessageType.UNWATCH.value()) {
                watches.removeIf(each -> Arrays.equals(each, body));
            }
            send(type, XsdSockmsg.reqId(message, 0), XsdSockmsg.txId(message, 0), body);
            return watch ? answered(type, lengthBytes) : lengthBytes;
        } catch (IOException e) {
            return -Errno.EIO.number();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return -Errno.EINTR.number();
        }
    }

    boolean awaitsAnswer() {
        return awaitsReply || watching && watchReply == null;
    }

    /** As xs_resume of xenbus_xs.c: every watch is registered anew, and fires. */
    void restored() {
        try {
            for (byte[] watch : watches) {
                send(XsMessageType.UNWATCH.value(), OWN_REQUEST, 0, watch);
            }
            home = "/local/domain/" + domain.domid + "/";
            for (byte[] watch : watches) {
                send(XsMessageType.WATCH.value(), OWN_REQUEST, 0, watch);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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
            return -XsdError.of(new String(error, 0, error.length - 1, StandardCharsets.US_ASCII))
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
