package org.xenpv.benchmarks;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * What came out of the far end, and the sender's view of it. One thread adds and publishes, another waits; a third may follow how
 * far it has come.
 */
final class Arrivals {

    /** Far longer than any number of frames takes. */
    private static final long PATIENCE_SECONDS = 60;

    private long count;
    private long bytes;
    private long numbers;
    private volatile long published;
    private volatile long expected = Long.MAX_VALUE;
    private volatile CountDownLatch all = new CountDownLatch(1);

    /** Says how many more are awaited, before the first of them is sent. @return how many had arrived before */
    long expect(long more) {
        all = new CountDownLatch(1);
        expected = published + more;
        return published;
    }

    void add(int lengthBytes, int number) {
        count++;
        bytes += lengthBytes;
        numbers += number;
    }

    /** What was added is there to be seen. */
    void publish() {
        published = count;
        if (count >= expected) {
            all.countDown();
        }
    }

    /** All that ever arrived, as last published. */
    long published() {
        return published;
    }

    /** Of all that was added, for the thread that has awaited it. */
    long bytes() {
        return bytes;
    }

    /** The sum of the numbers in the frames, for the same. */
    long numbers() {
        return numbers;
    }

    /** Waits for what is expected. @throws IllegalStateException if it does not come */
    void await() {
        try {
            if (!all.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException(published + " frames arrived, " + expected + " were sent");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted with " + published + " of " + expected + " frames there", e);
        }
    }
}
