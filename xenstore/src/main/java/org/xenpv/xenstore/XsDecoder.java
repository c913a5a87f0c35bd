package org.xenpv.xenstore;

import org.xenpv.io.xs.XsWire;
import org.xenpv.io.xs.XsdSockmsg;

/**
 * Cuts a stream of bytes into xenstore messages (struct xsd_sockmsg and its payload, xen/io/xs_wire.h), fed with
 * whatever has come, down to one byte at a time.
 *
 * <p>Knows no input or output and no time. The one thing a stream can do wrong at this level is a length that is more
 * than a payload may have (compared as the unsigned number it is): then the next message cannot be found any more, and
 * the decoder is {@link #broken} until {@link #reset}. It allocates nothing after construction.
 */
public final class XsDecoder {

    private final int payloadMax;
    private final byte[] header = new byte[XsdSockmsg.SIZEOF];
    private final byte[] payload;

    private int headerHave;
    private int payloadHave;
    private int length;
    private boolean broken;

    /** @param payloadMax the longest payload accepted, in bytes */
    public XsDecoder(int payloadMax) {
        if (payloadMax < 0 || payloadMax > XsWire.XENSTORE_PAYLOAD_MAX) {
            throw new IllegalArgumentException(
                    "payloadMax=" + payloadMax + ", must be 0.." + XsWire.XENSTORE_PAYLOAD_MAX);
        }
        this.payloadMax = payloadMax;
        this.payload = new byte[payloadMax];
    }

    /**
     * Takes bytes up to the end of the current message.
     *
     * @return how many were taken: less than given only if a message is complete or the stream is broken
     */
    public int feed(byte[] source, int at, int available) {
        if (at < 0 || available < 0 || available > source.length - at) {
            throw new IllegalArgumentException(
                    "at=" + at + ", available=" + available + ", must lie in 0.." + source.length);
        }
        int taken = 0;
        if (!broken && headerHave < XsdSockmsg.SIZEOF) {
            taken = Math.min(available, XsdSockmsg.SIZEOF - headerHave);
            System.arraycopy(source, at, header, headerHave, taken);
            headerHave += taken;
            if (headerHave == XsdSockmsg.SIZEOF) {
                length = XsdSockmsg.len(header, 0);
                broken = Integer.compareUnsigned(length, payloadMax) > 0;
            }
        }
        if (!broken && headerHave == XsdSockmsg.SIZEOF) {
            int more = Math.min(available - taken, length - payloadHave);
            System.arraycopy(source, at + taken, payload, payloadHave, more);
            payloadHave += more;
            taken += more;
        }
        return taken;
    }

    /** Whether a whole message is there; it stays until {@link #next}. */
    public boolean complete() {
        return !broken && headerHave == XsdSockmsg.SIZEOF && payloadHave == length;
    }

    /** Whether a length came that no message may have: {@link #length} tells it. */
    public boolean broken() {
        return broken;
    }

    /** Whether part of a message has come, and not all of it. */
    public boolean partial() {
        return headerHave > 0 && !complete();
    }

    public int type() {
        return XsdSockmsg.type(header, 0);
    }

    public int reqId() {
        return XsdSockmsg.reqId(header, 0);
    }

    public int txId() {
        return XsdSockmsg.txId(header, 0);
    }

    /** Bytes of payload; unsigned if {@link #broken}. */
    public int length() {
        return length;
    }

    /** The payload, from 0 to {@link #length}; valid until {@link #next}. */
    public byte[] payload() {
        return payload;
    }

    /** Forgets the complete message and begins the next. */
    public void next() {
        if (!complete()) {
            throw new IllegalStateException("no complete message");
        }
        reset();
    }

    /** Begins anew, as at the start of a connection. */
    public void reset() {
        headerHave = 0;
        payloadHave = 0;
        length = 0;
        broken = false;
    }
}
