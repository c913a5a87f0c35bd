package org.xenpv.xenstore.linux;

import org.xenpv.event.EventLoop;
import org.xenpv.event.linux.LinuxEventChannels;
import org.xenpv.fault.XenOpException;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdError;
import org.xenpv.io.xs.XsdSockmsg;
import org.xenpv.linux.Errno;
import org.xenpv.linux.LinuxCalls;
import org.xenpv.xenstore.XenstoreTransport;

/**
 * A connection through Linux's {@code /dev/xen/xenbus}, which is no stream: one request at a time, for the kernel mixes up what
 * is pipelined (linux/drivers/xen/xenbus/xenbus_dev_frontend.c). What is written is cut into messages here, what is read is
 * whole messages one after the other.
 *
 * <p>Watches have a file of their own: removing one waits inside the kernel, and would do so for ever if a reply were outstanding
 * on the same file. They are written to it by threads of their own, since the kernel answers them only when xenstored has. A watch or request that the kernel refuses by errno is answered with that error. XS_RESET_WATCHES is
 * answered without being sent: the kernel would pass it on, and lose its own watches by it; opening the device had the same effect.
 *
 * <p>Must be on a loop whose event channels are {@link LinuxEventChannels}, which wait for the files.
 */
public final class XenbusDevTransport implements XenstoreTransport {

    /** The kernel's buffer has 4096 bytes for header and payload. */
    private static final int PAYLOAD_MAX = 4096 - XsdSockmsg.SIZEOF;

    private static final int BUDGET = 64;

    /** More than this is not taken from the kernel before it has been read from here. */
    private static final int READY_MAX = 1 << 16;

    private final LinuxCalls calls;
    private final LinuxEventChannels events;
    private XenbusFile requests;
    private XenbusFile watches;

    private EventLoop loop;
    private EventLoop.Source source;
    private State state = State.OPEN;
    private String deathReason;
    private Runnable beforeEvents = () -> {};
    private boolean eventsCame;
    /** Also set by the threads that send watches. */
    private volatile boolean attention = true;

    private boolean closed;

    /** The message that is being written by the client, or waits for its file. */
    private final byte[] message = new byte[XenbusFile.MESSAGE_MAX];

    private int messageLength;

    /** Whole messages for the client. */
    private byte[] ready = new byte[XenbusFile.MESSAGE_MAX];

    private int readyAt;
    private int readyEnd;

    /** @throws XenOpException if there is no such device, or it is not ours to open */
    public XenbusDevTransport(LinuxCalls calls, LinuxEventChannels events) {
        this.calls = calls;
        this.events = events;
        openFiles();
    }

    private void openFiles() {
        requests = XenbusFile.open(calls);
        try {
            watches = XenbusFile.open(calls);
        } catch (XenOpException e) {
            requests.close();
            throw e;
        }
    }

    @Override
    public void attach(EventLoop to, EventLoop.Handler handler) {
        if (loop != null) {
            throw new IllegalStateException("attached already");
        }
        loop = to;
        source = () -> serve(handler);
        loop.addSource(source);
        awaitFiles();
    }

    /**
     * Has something done whenever watches have fired, before the client hears of it. After a restore the kernel registers all watches
     * anew, so that each fires: that is all a program is told.
     */
    public void beforeEvents(Runnable action) {
        beforeEvents = action;
    }

    private void awaitFiles() {
        events.awaitFile(requests.fd(), () -> attention = true);
        events.awaitFile(watches.fd(), () -> attention = true);
    }

    private boolean serve(EventLoop.Handler handler) {
        if (!attention) {
            return false;
        }
        attention = false;
        int done = handler.poll(BUDGET);
        if (done >= BUDGET) {
            attention = true;
        }
        return done > 0 || attention;
    }

    @Override
    public State look() {
        return state;
    }

    @Override
    public State state() {
        return state;
    }

    @Override
    public String deathReason() {
        return deathReason;
    }

    private void die(String reason) {
        if (state != State.DEAD) {
            state = State.DEAD;
            deathReason = reason;
            closeFiles();
        }
    }

    private void closeFiles() {
        events.forgetFile(requests.fd());
        events.forgetFile(watches.fd());
        requests.close();
        watches.close();
    }

    @Override
    public int payloadMax() {
        return PAYLOAD_MAX;
    }

    @Override
    public int write(byte[] bytes, int at, int length) {
        if (state != State.OPEN || isWhole() && !send()) {
            return 0;
        }
        int taken = 0;
        while (taken < length && !isWhole()) {
            int part = Math.min(wanted() - messageLength, length - taken);
            System.arraycopy(bytes, at + taken, message, messageLength, part);
            messageLength += part;
            taken += part;
        }
        if (isWhole()) {
            send();
        }
        return taken;
    }

    private int wanted() {
        return messageLength < XsdSockmsg.SIZEOF ? XsdSockmsg.SIZEOF : XsdSockmsg.SIZEOF + XsdSockmsg.len(message, 0);
    }

    private boolean isWhole() {
        return messageLength >= XsdSockmsg.SIZEOF && messageLength == wanted();
    }

    /** @return false if the message has to wait until its file has answered the one before */
    private boolean send() {
        int type = XsdSockmsg.type(message, 0);
        boolean watch = type == XsMessageType.WATCH.value() || type == XsMessageType.UNWATCH.value();
        XenbusFile file = watch ? watches : requests;
        if (file.isBusy()) {
            return false;
        }
        int length = messageLength;
        messageLength = 0;
        if (type == XsMessageType.RESET_WATCHES.value()) {
            answer(type, XsdSockmsg.reqId(message, 0), XsdSockmsg.txId(message, 0), "OK");
        } else if (watch) {
            file.sendAside(message, length, this::attend);
        } else {
            refused(file, file.send(message, length));
        }
        return true;
    }

    private void refused(XenbusFile file, int errno) {
        if (errno != 0) {
            answer(XsMessageType.ERROR.value(), file.reqId(), file.txId(), errorName(errno));
        }
    }

    private static String errorName(int errno) {
        Errno known = Errno.of(errno);
        return known == null || XsdError.of(known.name()) == null ? XsdError.EIO.name() : known.name();
    }

    /** In xenstored's place. */
    private void answer(int type, int reqId, int txId, String text) {
        byte[] reply = new byte[XsdSockmsg.SIZEOF + text.length() + 1];
        XsdSockmsg.put(reply, 0, type, reqId, txId, text.length() + 1);
        for (int i = 0; i < text.length(); i++) {
            reply[XsdSockmsg.SIZEOF + i] = (byte) text.charAt(i);
        }
        append(reply, reply.length);
        attend();
    }

    /** From any thread. */
    private void attend() {
        attention = true;
        events.wake();
    }

    private void append(byte[] bytes, int length) {
        if (ready.length - readyEnd < length) {
            int held = readyEnd - readyAt;
            byte[] longer = held + length > ready.length ? new byte[Math.max(2 * ready.length, held + length)] : ready;
            System.arraycopy(ready, readyAt, longer, 0, held);
            ready = longer;
            readyAt = 0;
            readyEnd = held;
        }
        System.arraycopy(bytes, 0, ready, readyEnd, length);
        readyEnd += length;
    }

    @Override
    public int read(byte[] target, int at, int length) {
        if (state != State.OPEN) {
            return 0;
        }
        if (readyAt == readyEnd) {
            readyAt = 0;
            readyEnd = 0;
            pump(requests);
            pump(watches);
            refused(watches, watches.takeRefusal());
            if (eventsCame) {
                eventsCame = false;
                beforeEvents.run();
            }
        }
        int count = Math.min(length, readyEnd - readyAt);
        System.arraycopy(ready, readyAt, target, at, count);
        readyAt += count;
        return count;
    }

    private void pump(XenbusFile file) {
        while (state == State.OPEN && readyEnd - readyAt < READY_MAX) {
            String wrong = file.read(this::take);
            if (wrong != null) {
                die(wrong);
            }
            if (file.isDrained()) {
                return;
            }
        }
    }

    private void take(byte[] bytes, int length) {
        eventsCame |= XsdSockmsg.type(bytes, 0) == XsMessageType.WATCH_EVENT.value();
        append(bytes, length);
    }

    /** A message may have waited for the reply to the one before. */
    @Override
    public void flush() {
        if (state == State.OPEN && isWhole()) {
            send();
        }
    }

    /** The kernel loses nothing. */
    @Override
    public void kick() {}

    /** Opening the device anew forgets watches and transactions. */
    @Override
    public boolean reconnect() {
        if (closed || loop == null) {
            return false;
        }
        die("opened anew");
        try {
            openFiles();
        } catch (XenOpException gone) {
            return false;
        }
        messageLength = 0;
        readyAt = 0;
        readyEnd = 0;
        deathReason = null;
        state = State.OPEN;
        attention = true;
        awaitFiles();
        return true;
    }

    @Override
    public void close() {
        closed = true;
        die("closed");
        if (loop != null) {
            loop.removeSource(source);
        }
    }
}
