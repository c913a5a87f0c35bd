package org.xenpv.simulator.xenstored;

import java.util.Arrays;
import java.util.List;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsWire;
import org.xenpv.simulator.xenstored.StoreClient.Watch;

/** Carries out one request: decodes its body, calls the store, encodes the answer (xs_wire.h; docs/misc/xenstore.txt). */
final class RequestHandler {

    /** @param after done once the answer is on its way; may be null */
    record Reply(byte[] body, Runnable after) {}

    private static final byte[] OK = Payload.of("OK");
    private static final int DOMID_SELF = 0x7ff0;

    private final Store store;
    private final DomainControl domains;
    private final ControlCommands control;
    private final XenstoredFaults faults;

    RequestHandler(Store store, DomainControl domains, ControlCommands control, XenstoredFaults faults) {
        this.store = store;
        this.domains = domains;
        this.control = control;
        this.faults = faults;
    }

    /**
     * @param type the number in the header
     * @param txId the transaction in the header
     * @throws StoreException the answer is an error
     */
    Reply handle(StoreClient client, int type, int txId, byte[] body) throws StoreException {
        XsMessageType request = XsMessageType.of(type);
        if (request == null || request == XsMessageType.ERROR || request == XsMessageType.WATCH_EVENT) {
            throw StoreException.ENOSYS;
        }
        if (isPrivileged(request) && !client.privileged()) {
            throw StoreException.EACCES;
        }
        boolean outside = request == XsMessageType.WATCH || request == XsMessageType.UNWATCH;
        Transaction transaction = outside ? null : store.transaction(client, txId);
        if (request == XsMessageType.WATCH) {
            List<String> strings = exactly(2, body);
            Watch watch = store.watch(client, strings.get(0), strings.get(1));
            return new Reply(OK, () -> store.fireFirst(client, watch));
        }
        byte[] answer = carryOut(client, request, transaction, body);
        if (answer.length > XsWire.XENSTORE_PAYLOAD_MAX) {
            throw StoreException.E2BIG;
        }
        return new Reply(answer, null);
    }

    private static boolean isPrivileged(XsMessageType request) {
        return switch (request) {
            case CONTROL, INTRODUCE, RELEASE, IS_DOMAIN_INTRODUCED, RESUME, SET_TARGET -> true;
            default -> false;
        };
    }

    private byte[] carryOut(StoreClient client, XsMessageType request, Transaction transaction, byte[] body)
            throws StoreException {
        return switch (request) {
            case READ -> store.read(client, transaction, Payload.single(body));
            case WRITE -> write(client, transaction, body);
            case MKDIR -> done(() -> store.mkdir(client, transaction, Payload.single(body)));
            case RM -> done(() -> store.remove(client, transaction, Payload.single(body)));
            case DIRECTORY ->
                Payload.of(store.get(client, transaction, Payload.single(body), false)
                        .children());
            case DIRECTORY_PART -> directoryPart(client, transaction, body);
            case GET_PERMS -> Payload.of(store.getPermissions(client, transaction, Payload.single(body)));
            case SET_PERMS -> setPermissions(client, transaction, body);
            case UNWATCH -> unwatch(client, body);
            case RESET_WATCHES -> done(() -> store.resetWatches(client));
            case TRANSACTION_START ->
                Payload.of(Integer.toUnsignedString(
                        store.startTransaction(client, transaction).id()));
            case TRANSACTION_END -> endTransaction(client, transaction, body);
            case GET_DOMAIN_PATH -> Payload.of(StorePath.ofDomain(domid(body)));
            case IS_DOMAIN_INTRODUCED -> isIntroduced(domid(body));
            case INTRODUCE -> introduce(body);
            case RELEASE -> release(domid(body));
            case RESUME -> resume(domid(body));
            case SET_TARGET -> setTarget(body);
            case CONTROL -> control.run(Payload.strings(body));
            default -> throw StoreException.ENOSYS;
        };
    }

    private interface Action {
        void run() throws StoreException;
    }

    private static byte[] done(Action action) throws StoreException {
        action.run();
        return OK;
    }

    private byte[] write(StoreClient client, Transaction transaction, byte[] body) throws StoreException {
        int length = Payload.firstLength(body);
        if (length < 0) {
            throw StoreException.EINVAL;
        }
        byte[] value = Arrays.copyOfRange(body, length + 1, body.length);
        store.write(client, transaction, Payload.text(body, 0, length), value);
        return OK;
    }

    private byte[] directoryPart(StoreClient client, Transaction transaction, byte[] body) throws StoreException {
        List<String> strings = exactly(2, body);
        StoreNode node = store.get(client, transaction, strings.get(0), false);
        byte[] generation = Payload.of(Long.toUnsignedString(node.generation()));
        byte[] children = Payload.of(node.children());
        long offset = leadingNumber(strings.get(1));
        if (offset < 0 || offset >= children.length) {
            return Arrays.copyOf(generation, generation.length + 1);
        }
        int start = (int) offset;
        int end = start;
        int limit = XsWire.XENSTORE_PAYLOAD_MAX - generation.length - 1;
        while (end < children.length) {
            int next = end;
            while (children[next] != 0) {
                next++;
            }
            if (next - start >= limit) {
                break;
            }
            end = next + 1;
        }
        boolean last = end == children.length;
        byte[] answer = Arrays.copyOf(generation, generation.length + end - start + (last ? 1 : 0));
        System.arraycopy(children, start, answer, generation.length, end - start);
        return answer;
    }

    /** As atoi does: the number that the text starts with, 0 if it starts with none. */
    private static long leadingNumber(String text) {
        int at = text.startsWith("-") ? 1 : 0;
        long number = 0;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9' && number <= Integer.MAX_VALUE) {
            number = number * 10 + (text.charAt(at) - '0');
            at++;
        }
        return text.startsWith("-") ? -number : number;
    }

    private byte[] setPermissions(StoreClient client, Transaction transaction, byte[] body) throws StoreException {
        List<String> strings = Payload.strings(body);
        if (strings.size() < 2) {
            throw StoreException.EINVAL;
        }
        store.setPermissions(client, transaction, strings.get(0), strings.subList(1, strings.size()));
        return OK;
    }

    private byte[] unwatch(StoreClient client, byte[] body) throws StoreException {
        List<String> strings = exactly(2, body);
        store.unwatch(client, strings.get(0), strings.get(1));
        return OK;
    }

    private byte[] endTransaction(StoreClient client, Transaction transaction, byte[] body) throws StoreException {
        String how = Payload.single(body);
        if (!"T".equals(how) && !"F".equals(how)) {
            throw StoreException.EINVAL;
        }
        if (transaction == null) {
            throw StoreException.ENOENT;
        }
        if ("F".equals(how)) {
            store.abort(client, transaction);
        } else if (faults.failCommit(client.domid())) {
            store.abort(client, transaction);
            throw StoreException.EAGAIN;
        } else {
            store.commit(client, transaction);
        }
        return OK;
    }

    private byte[] isIntroduced(int domid) {
        return Payload.of(domid == DOMID_SELF || store.domains().isIntroduced(domid) ? "T" : "F");
    }

    private byte[] introduce(byte[] body) throws StoreException {
        List<String> strings = Payload.strings(body);
        if (strings.size() < 3) {
            throw StoreException.EINVAL;
        }
        int domid = NodePermissions.parseDomid(strings.get(0));
        long port = leadingNumber(strings.get(2));
        if (port <= 0 || port > Integer.MAX_VALUE) {
            throw StoreException.EINVAL;
        }
        domains.introduce(domid, leadingNumber(strings.get(1)), (int) port);
        return OK;
    }

    private byte[] release(int domid) throws StoreException {
        store.domains().checkGuest(domid);
        domains.release(domid);
        return OK;
    }

    private byte[] resume(int domid) throws StoreException {
        store.domains().resume(domid);
        return OK;
    }

    private byte[] setTarget(byte[] body) throws StoreException {
        List<String> strings = Payload.strings(body);
        if (strings.size() < 2) {
            throw StoreException.EINVAL;
        }
        store.domains()
                .setTarget(NodePermissions.parseDomid(strings.get(0)), NodePermissions.parseDomid(strings.get(1)));
        return OK;
    }

    private static List<String> exactly(int count, byte[] body) throws StoreException {
        List<String> strings = Payload.strings(body);
        if (strings.size() != count) {
            throw StoreException.EINVAL;
        }
        return strings;
    }

    private static int domid(byte[] body) throws StoreException {
        String text = Payload.single(body);
        if (text == null) {
            throw StoreException.EINVAL;
        }
        return NodePermissions.parseDomid(text);
    }
}
