package org.xenpv.xenstore;

import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdSockmsg;

/**
 * One request, from the moment it is asked to the moment nothing can come for it any more:
 *
 * <pre>
 * WAITING ---- room in the transport ----> PARTLY SENT ----> SENT ---- reply ----> (done)
 *    | deadline                                 | deadline      | deadline
 *    v                                          +-------+-------+
 * (done, timed out; not if it                           v
 *  gives something back) ------------> TIMED OUT: a tombstone that keeps its id, and is sent if it was not,
 *                                      until the late reply comes, if it ever does
 * </pre>
 */
final class XsRequest {

    /** Told the outcome, once, by the connection; it must not throw. */
    interface Reply {
        /** @param body what came, or null with an error */
        void accept(byte[] body, XenException error);

        /** A good reply came after all, when the deadline had passed: what the server now holds for us must be undone. */
        default void late(byte[] body) {}
    }

    final XsMessageType type;
    final int txId;
    final Reply reply;

    /** What is asked, for error messages. */
    final String what;

    /** Header and body, as sent. */
    final byte[] message;

    int reqId;
    int sent;
    boolean timedOut;
    /** Ends what the server holds for us, a transaction or a watch: is sent however late. */
    boolean givesBack;

    EventLoop.Timer deadline;

    XsRequest(XsMessageType type, int txId, byte[] body, String what, Reply reply) {
        this.type = type;
        this.txId = txId;
        this.what = what;
        this.reply = reply;
        this.message = new byte[XsdSockmsg.SIZEOF + body.length];
        System.arraycopy(body, 0, message, XsdSockmsg.SIZEOF, body.length);
    }

    XsRequest givingBack() {
        givesBack = true;
        return this;
    }

    void number(int id) {
        reqId = id;
        XsdSockmsg.put(message, 0, type.value(), id, txId, message.length - XsdSockmsg.SIZEOF);
    }

    boolean isSent() {
        return sent == message.length;
    }
}
