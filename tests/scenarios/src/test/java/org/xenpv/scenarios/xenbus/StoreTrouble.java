package org.xenpv.scenarios.xenbus;

import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Set;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdSockmsg;
import org.xenpv.simulator.xenstored.XenstoredFaults;

/** A xenstored that fails one domain while it is told to: requests of some types, or every commit. */
final class StoreTrouble implements XenstoredFaults {

    /** In the place of an error's name: no answer at all. */
    static final String SILENCE = "silence";

    /** In the place of an error's name: an answer that is none, which costs the connection. */
    static final String GARBAGE = "garbage";

    private int domid = -1;
    private String error;
    private Set<XsMessageType> types = EnumSet.noneOf(XsMessageType.class);
    private String path = "";
    private String after = "";
    private String previous = "";
    private boolean conflicts;
    private Runnable afterHit = () -> {};
    private long eventsLateNs;

    /** How many answers were replaced, and how many commits refused. */
    int hits;

    void of(int failedDomid) {
        domid = failedDomid;
    }

    /** From now on answers to these requests are this error, though they have been carried out. */
    void answers(String errno, XsMessageType first, XsMessageType... more) {
        error = errno;
        types = EnumSet.of(first, more);
    }

    /** The same, for requests whose first string ends so. */
    void answersAbout(String pathEnd, String errno, XsMessageType type) {
        answers(errno, type);
        path = pathEnd;
    }

    /** The same, only right after a request whose first string ends so. */
    void answersAboutAfter(String previousEnd, String pathEnd, String errno, XsMessageType type) {
        answersAbout(pathEnd, errno, type);
        after = previousEnd;
    }

    /** Heals after the next answer. */
    void once() {
        afterHit = this::heal;
    }

    /** After the next answer, goes on with another trouble. */
    void afterwards(String errno, XsMessageType type) {
        afterHit = () -> {
            heal();
            answers(errno, type);
        };
    }

    /** From now on every transaction conflicts. */
    void conflicts() {
        conflicts = true;
    }

    /** From now on watch events come so much later. */
    void eventsLate(long ns) {
        eventsLateNs = ns;
    }

    void heal() {
        error = null;
        path = "";
        after = "";
        conflicts = false;
        afterHit = () -> {};
        eventsLateNs = 0;
    }

    @Override
    public long watchEvent(int of, String changed, String token) {
        return of == domid ? eventsLateNs : 0;
    }

    @Override
    public boolean failCommit(int of) {
        if (of == domid && conflicts) {
            hits++;
            return true;
        }
        return false;
    }

    @Override
    public byte[] reply(int of, byte[] request, byte[] reply) {
        if (of != domid) {
            return reply;
        }
        String before = previous;
        previous = first(request);
        boolean meant = error != null
                && types.contains(XsMessageType.of(XsdSockmsg.type(request, 0)))
                && previous.endsWith(path)
                && before.endsWith(after);
        if (!meant) {
            return reply;
        }
        hits++;
        String answer = error;
        afterHit.run();
        if (answer.equals(SILENCE)) {
            return new byte[0];
        }
        byte[] body = (answer + '\0').getBytes(StandardCharsets.ISO_8859_1);
        byte[] message = new byte[XsdSockmsg.SIZEOF + body.length];
        int length = answer.equals(GARBAGE) ? -1 : body.length;
        XsdSockmsg.put(
                message,
                0,
                XsMessageType.ERROR.value(),
                XsdSockmsg.reqId(request, 0),
                XsdSockmsg.txId(request, 0),
                length);
        System.arraycopy(body, 0, message, XsdSockmsg.SIZEOF, body.length);
        return message;
    }

    private static String first(byte[] request) {
        int end = XsdSockmsg.SIZEOF;
        while (end < request.length && request[end] != 0) {
            end++;
        }
        return new String(request, XsdSockmsg.SIZEOF, end - XsdSockmsg.SIZEOF, StandardCharsets.ISO_8859_1);
    }
}
