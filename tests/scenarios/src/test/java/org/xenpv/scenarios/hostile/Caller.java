package org.xenpv.scenarios.hostile;

import java.util.function.Consumer;
import org.xenpv.blkfront.BlkData;
import org.xenpv.blkfront.BlkOp;
import org.xenpv.fault.XenException;

/** One who asked for an operation: how often it was answered, and how. */
final class Caller implements BlkOp.Done {

    final byte[] buffer;
    final BlkOp op;
    int answers;
    XenException error;
    private Consumer<Caller> then = caller -> {};

    private Caller(BlkOp.Kind kind, long sector, byte[] buffer) {
        this.buffer = buffer;
        this.op = new BlkOp().set(kind, sector, buffer.length, BlkData.of(buffer, 0), this);
    }

    /** A reader whose buffer shows whether anything was put there. */
    static Caller reading(long sector, int bytes) {
        byte[] buffer = new byte[bytes];
        java.util.Arrays.fill(buffer, UNTOUCHED);
        return new Caller(BlkOp.Kind.READ, sector, buffer);
    }

    static Caller writing(long sector, byte[] buffer) {
        return new Caller(BlkOp.Kind.WRITE, sector, buffer);
    }

    static Caller flushing() {
        return new Caller(BlkOp.Kind.FLUSH, 0, new byte[0]);
    }

    static final byte UNTOUCHED = 0x77;

    /** What the caller does when it is answered, on the frontend's loop. */
    Caller then(Consumer<Caller> action) {
        then = action;
        return this;
    }

    boolean answered() {
        return answers > 0;
    }

    @Override
    public void done(BlkOp done, XenException why) {
        answers++;
        error = why;
        then.accept(this);
    }
}
