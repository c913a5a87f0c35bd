package org.xenpv.simulator.xenstored;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** A store with clients of domains 0, 1 and 2, whose watch events are kept. */
final class Clients {

    final List<Integer> existing = new ArrayList<>(List.of(0, 1, 2));
    final Store store;
    final Client dom0;
    final Client dom1;
    final Client dom2;

    Clients() {
        this(Quotas.defaults());
    }

    Clients(Quotas quotas) {
        store = new Store(quotas, existing::contains);
        dom0 = new Client(store, 0);
        dom1 = new Client(store, 1);
        dom2 = new Client(store, 2);
    }

    /** One client, with the operations in their shortest form. */
    static final class Client {
        private final Store store;
        final StoreClient id;
        private final List<String> events = new ArrayList<>();

        Client(Store store, int domid) {
            this.store = store;
            this.id = store.connect(domid, (path, token) -> events.add(path + " " + token));
        }

        List<String> takeEvents() {
            List<String> taken = List.copyOf(events);
            events.clear();
            return taken;
        }

        void write(String path, String value) throws StoreException {
            write(null, path, value);
        }

        void write(Transaction transaction, String path, String value) throws StoreException {
            store.write(id, transaction, path, Payload.bytes(value));
        }

        String read(String path) throws StoreException {
            return read(null, path);
        }

        String read(Transaction transaction, String path) throws StoreException {
            byte[] value = store.read(id, transaction, path);
            return Payload.text(value, 0, value.length);
        }

        void mkdir(String path) throws StoreException {
            store.mkdir(id, null, path);
        }

        void remove(String path) throws StoreException {
            store.remove(id, null, path);
        }

        List<String> list(String path) throws StoreException {
            return store.get(id, null, path, false).children();
        }

        List<String> permissions(String path) throws StoreException {
            return store.getPermissions(id, null, path);
        }

        void setPermissions(String path, String... permissions) throws StoreException {
            store.setPermissions(id, null, path, List.of(permissions));
        }

        void watch(String path, String token) throws StoreException {
            store.fireFirst(id, store.watch(id, path, token));
        }

        void unwatch(String path, String token) throws StoreException {
            store.unwatch(id, path, token);
        }

        Transaction start() throws StoreException {
            return store.startTransaction(id, null);
        }

        void commit(Transaction transaction) throws StoreException {
            store.commit(id, transaction);
        }
    }

    /** The errno that a call is refused with. */
    static void assertRefused(StoreException expected, ThrowingCallable call) {
        assertThat(catchThrowable(call)).isSameAs(expected);
    }
}
