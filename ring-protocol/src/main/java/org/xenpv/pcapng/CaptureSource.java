package org.xenpv.pcapng;

/** Where the bytes of a capture come from. */
@FunctionalInterface
public interface CaptureSource {

    /**
     * Reads some bytes, waiting for the first if need be.
     *
     * @return how many, 1 to {@code lengthBytes}; -1 if there are no more
     * @throws RuntimeException if it cannot
     */
    int read(byte[] bytes, int at, int lengthBytes);
}
