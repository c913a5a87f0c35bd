package org.xenpv.fault;

/** Root of what this suite throws for reasons that lie outside the caller. Caller misuse is IllegalArgument/State. */
public class XenException extends RuntimeException {

    public XenException(String message) {
        super(message);
    }

    public XenException(String message, Throwable cause) {
        super(message, cause);
    }
}
