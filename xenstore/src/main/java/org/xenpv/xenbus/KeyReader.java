package org.xenpv.xenbus;

import java.util.function.BooleanSupplier;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.Xenstore;
import org.xenpv.xenstore.XenstoreOps;

/**
 * Reads many keys at one moment, in a transaction: an end that rewrites its keys cannot show a mixture. What fails is
 * tried again as {@link StoreRetry} says.
 */
final class KeyReader {

    /** Told what was found, null for each key that is missing. */
    interface Found {
        void found(String[] values);
    }

    private final XenGuest guest;
    private final StoreRetry retry;

    KeyReader(XenGuest guest, StoreRetry retry) {
        this.guest = guest;
        this.retry = retry;
    }

    /** @param wanted once it is false, nothing more is read and nobody is told */
    void read(String[] paths, BooleanSupplier wanted, Found then) {
        guest.store()
                .transaction(
                        new Xenstore.TransactionBody<String[]>() {
                            @Override
                            public void run(XenstoreOps tx, Result<String[]> end) {
                                tx.readAll(end, paths);
                            }

                            @Override
                            public boolean again() {
                                return wanted.getAsBoolean();
                            }
                        },
                        (found, error) -> {
                            if (!wanted.getAsBoolean()) {
                                return;
                            }
                            if (error != null) {
                                retry.failed(error, () -> again(paths, wanted, then));
                            } else {
                                retry.worked();
                                then.found(found);
                            }
                        });
    }

    private void again(String[] paths, BooleanSupplier wanted, Found then) {
        if (wanted.getAsBoolean()) {
            read(paths, wanted, then);
        }
    }
}
