package org.xenpv.blkfront;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.xenpv.event.EventLoop;
import org.xenpv.event.LoopFuture;
import org.xenpv.fault.XenException;

/**
 * One operation of a {@link Blkfront}, and the answer its caller waits for. JVM only.
 *
 * <p>Every public way to complete it is its caller's, and lets go of the operation: the buffer is not touched once such
 * a call has returned, what has not been issued is not issued, what is in flight is forgotten when it is answered.
 */
final class BlkFuture<T> extends LoopFuture<T> implements BlkOp.Done {

    private enum Stage {
        HANDED_OVER,
        SUBMITTED,
        OVER
    }

    private final BlkOp op = new BlkOp();
    private final ByteBufferData data;
    private final T success;
    private final BlkSubmissions submissions;
    private final BlkOperationEvent event = new BlkOperationEvent();

    /** Whoever comes first ends it: the disk with an answer, or the caller. */
    private final AtomicBoolean ended = new AtomicBoolean();

    /** Changed by whoever has taken this from the submissions, one at a time. */
    private volatile Stage stage = Stage.HANDED_OVER;

    /**
     * @param data null if the operation carries none
     * @param success what the future is completed with if it succeeds
     */
    BlkFuture(
            EventLoop loop,
            BlkSubmissions submissions,
            BlkOp.Kind kind,
            long sector,
            long bytes,
            ByteBufferData data,
            T success) {
        super(loop);
        this.submissions = submissions;
        this.data = data;
        this.success = success;
        op.set(kind, sector, bytes, data, this);
        event.begin();
    }

    BlkOp op() {
        return op;
    }

    /** The loop has taken it from the submissions: first to be submitted, then once more if its caller let go of it. */
    void taken(BlkfrontDevice device) {
        if (stage == Stage.SUBMITTED) {
            device.withdraw(op);
        } else if (stage == Stage.HANDED_OVER && ended.get()) {
            stage = Stage.OVER;
            submissions.finished();
        } else if (stage == Stage.HANDED_OVER) {
            stage = Stage.SUBMITTED;
            try {
                device.submit(op);
            } catch (RuntimeException e) {
                stage = Stage.OVER;
                submissions.finished();
                refuse(e);
            }
        }
    }

    /** The device has ended, and whatever of this it had it has answered. */
    void takenTooLate(XenException reason) {
        if (stage == Stage.HANDED_OVER) {
            stage = Stage.OVER;
            submissions.finished();
            refuse(reason);
        }
    }

    /** It is not going to be submitted. */
    void refuse(RuntimeException why) {
        if (ended.compareAndSet(false, true)) {
            record(why.toString());
            super.completeExceptionally(why);
        }
    }

    @Override
    public void done(BlkOp done, XenException error) {
        stage = Stage.OVER;
        submissions.finished();
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        record(error == null ? null : error.toString());
        if (error == null) {
            super.complete(success);
        } else {
            super.completeExceptionally(error);
        }
    }

    private void letGo() {
        if (ended.compareAndSet(false, true)) {
            record("given up by its caller");
            submissions.withdraw(this);
        }
        if (data != null) {
            data.takeBack();
        }
    }

    private void record(String error) {
        event.end();
        if (event.shouldCommit()) {
            event.device = submissions.nodename();
            event.kind = op.kind().name();
            event.sector = op.sector();
            event.bytes = op.bytes();
            event.error = error;
            event.commit();
        }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        boolean cancelled = super.cancel(mayInterruptIfRunning);
        letGo();
        return cancelled;
    }

    @Override
    public boolean complete(T value) {
        boolean first = super.complete(value);
        letGo();
        return first;
    }

    @Override
    public boolean completeExceptionally(Throwable reason) {
        boolean first = super.completeExceptionally(reason);
        letGo();
        return first;
    }

    @Override
    public LoopFuture<T> completeAsync(Supplier<? extends T> supplier, Executor executor) {
        executor.execute(() -> {
            if (isDone()) {
                return;
            }
            try {
                complete(supplier.get());
            } catch (Throwable e) {
                completeExceptionally(e);
            }
        });
        return this;
    }

    @Override
    public void obtrudeValue(T value) {
        super.obtrudeValue(value);
        letGo();
    }

    @Override
    public void obtrudeException(Throwable reason) {
        super.obtrudeException(reason);
        letGo();
    }
}
