package org.xenpv.xenstore;

import org.xenpv.fault.XenException;

/** Receives the outcome of an asynchronous operation, exactly once, on the event loop's thread. */
@FunctionalInterface
public interface Result<T> {

    /** @param error null if the operation succeeded (then {@code value} is its result, which may be null) */
    void accept(T value, XenException error);
}
