package org.xenpv.realxen;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * One turn of reading or writing blocks of a disk whose pages of 4 KiB hold their own numbers, with a number of
 * blocks in flight, for so long: the same as native/uring-disk.c does, which reads the same command.
 */
final class BlockLoad {

    static final int PAGE = 4096;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    final boolean write;
    final int blockBytes;
    final int depth;

    private final String mode;
    private final boolean random;
    private final long durationNs;
    private final long blocks;
    private final long beganNs;
    private boolean over;
    private long state = 88172645463325252L;
    private long at;
    private long done;
    private long bad;

    /**
     * @param command {@code queue random read 4096 32 1500}: how, in which order, what, bytes, in flight, milliseconds
     * @param diskBytes how many there are
     */
    BlockLoad(String command, long diskBytes) {
        String[] words = command.split(" ");
        mode = words[0];
        random = words[1].equals("random");
        write = words[2].equals("write");
        blockBytes = Integer.parseInt(words[3]);
        depth = Integer.parseInt(words[4]);
        durationNs = Long.parseLong(words[5]) * 1_000_000;
        blocks = diskBytes / blockBytes;
        beganNs = System.nanoTime();
    }

    String mode() {
        return mode;
    }

    /** Looks at the clock; once for all that a turn of the loop brings. */
    void tick() {
        over |= System.nanoTime() - beganNs >= durationNs;
    }

    /** No more blocks are to be begun. */
    boolean isOver() {
        return over;
    }

    long nextBlock() {
        if (!random) {
            return at++ % blocks;
        }
        state ^= state << 13;
        state ^= state >>> 7;
        state ^= state << 17;
        return (state >>> 1) % blocks;
    }

    /** Puts their numbers into the pages of a block that is to be written. */
    void stamp(long block, byte[] buffer) {
        long page = block * blockBytes / PAGE;
        for (int from = 0; from < blockBytes; from += PAGE) {
            LONG.set(buffer, from, page++);
        }
    }

    /** Counts a block that has been transferred; of one that was read the first and the last page are looked at. */
    void finished(long block, byte[] buffer) {
        done++;
        if (!write) {
            long first = block * blockBytes / PAGE;
            int last = blockBytes - PAGE;
            if ((long) LONG.get(buffer, 0) != first || (long) LONG.get(buffer, last) != first + last / PAGE) {
                bad++;
            }
            LONG.set(buffer, 0, -1L); // what is read next must bring its own
            LONG.set(buffer, last, -1L);
        }
    }

    String result() {
        return "blocks=" + done + " ns=" + (System.nanoTime() - beganNs) + " bad=" + bad;
    }
}
