package org.xenpv.netfront.wrapper;

/** Where the bytes of a capture go. */
@FunctionalInterface
public interface CaptureSink {

    /**
     * Takes all of them; the array is used again after the call.
     *
     * @throws RuntimeException if it cannot; the capture ends then, and the device goes on
     */
    void write(byte[] bytes, int at, int lengthBytes);
}
