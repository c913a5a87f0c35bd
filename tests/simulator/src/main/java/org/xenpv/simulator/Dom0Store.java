package org.xenpv.simulator;

import java.util.function.BiConsumer;
import org.xenpv.event.LoopFuture;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.XenstoreClient;

/** Dom0's xenstore connection for a program that waits for each answer. */
final class Dom0Store {

    private final SimDomain dom0;

    Dom0Store(SimDomain dom0) {
        this.dom0 = dom0;
    }

    /** Makes a request on dom0's loop and waits for its result; an error is thrown. */
    <T> T ask(BiConsumer<XenstoreClient, Result<T>> request) {
        LoopFuture<T> future = new LoopFuture<>(dom0.guest().loop());
        Result<T> result = (value, error) -> {
            if (error == null) {
                future.complete(value);
            } else {
                future.completeExceptionally(error);
            }
        };
        dom0.run(guest -> request.accept(dom0.guest().client(), result));
        return SimDomain.joined(future);
    }

    void transact(NodeBatch batch) {
        this.<Void>ask((store, result) -> store.transaction(batch::run, result));
    }

    void introduce(int domid, long gfn, int port) {
        this.<Void>ask((store, result) -> store.introduce(domid, gfn, port, result));
    }

    void release(int domid) {
        this.<Void>ask((store, result) -> store.release(domid, result));
    }

    void resume(int domid) {
        this.<Void>ask((store, result) -> store.resume(domid, result));
    }

    /** Null if there is no such node. */
    String read(String path) {
        return this.<String[]>ask((store, result) -> store.readAll(result, path))[0];
    }

    void write(String path, String value) {
        this.<Void>ask((store, result) -> store.write(path, value, result));
    }

    void remove(String path) {
        this.<Void>ask((store, result) -> store.remove(path, result));
    }
}
