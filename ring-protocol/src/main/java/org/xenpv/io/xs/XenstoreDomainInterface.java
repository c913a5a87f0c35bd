package org.xenpv.io.xs;

import org.xenpv.memory.SharedMemory;

/**
 * The page a guest shares with xenstored (xen/io/xs_wire.h; docs/misc/xenstore-ring.txt).
 *
 * <pre>
 * struct xenstore_domain_interface {
 *     char req[XENSTORE_RING_SIZE];             requests to xenstored
 *     char rsp[XENSTORE_RING_SIZE];             replies and watch events
 *     XENSTORE_RING_IDX req_cons, req_prod;     uint32_t, running freely over 2^32
 *     XENSTORE_RING_IDX rsp_cons, rsp_prod;
 *     uint32_t server_features;
 *     uint32_t connection;
 *     uint32_t error;
 * };
 *
 * 0        1024     2048       2052       2056       2060       2064              2068         2072    2076
 * +--------+--------+----------+----------+----------+----------+-----------------+------------+-------+
 * | req    | rsp    | req_cons | req_prod | rsp_cons | rsp_prod | server_features | connection | error |
 * +--------+--------+----------+----------+----------+----------+-----------------+------------+-------+
 *   guest    daemon   daemon     guest      guest      daemon     daemon            both         daemon
 * </pre>
 *
 * <p>The guest writes {@code connection} only to ask for a reconnection, {@link #XENSTORE_RECONNECT}, and only if {@link
 * #XENSTORE_SERVER_FEATURE_RECONNECTION} is set; while it is not {@link #XENSTORE_CONNECTED}, nothing else in the page
 * may be looked at.
 */
public final class XenstoreDomainInterface {

    /** Of each of the two rings. */
    public static final int XENSTORE_RING_SIZE = 1024;

    public static final int REQ_OFFSET = 0;
    public static final int RSP_OFFSET = 1024;
    public static final int REQ_CONS_OFFSET = 2048;
    public static final int REQ_PROD_OFFSET = 2052;
    public static final int RSP_CONS_OFFSET = 2056;
    public static final int RSP_PROD_OFFSET = 2060;
    public static final int SERVER_FEATURES_OFFSET = 2064;
    public static final int CONNECTION_OFFSET = 2068;
    public static final int ERROR_OFFSET = 2072;
    public static final int SIZEOF = 2076;

    /** Bits of {@code server_features}. */
    public static final int XENSTORE_SERVER_FEATURE_RECONNECTION = 1;
    /** The {@code error} field is there. */
    public static final int XENSTORE_SERVER_FEATURE_ERROR = 2;

    /** Values of {@code connection}. */
    public static final int XENSTORE_CONNECTED = 0;

    public static final int XENSTORE_RECONNECT = 1;

    /** Values of {@code error}. */
    public static final int XENSTORE_ERROR_NONE = 0;

    public static final int XENSTORE_ERROR_COMM = 1;
    public static final int XENSTORE_ERROR_RINGIDX = 2;
    public static final int XENSTORE_ERROR_PROTO = 3;

    private XenstoreDomainInterface() {}

    public static int serverFeatures(SharedMemory m) {
        return m.getIntAcquire(SERVER_FEATURES_OFFSET);
    }

    public static int connection(SharedMemory m) {
        return m.getIntAcquire(CONNECTION_OFFSET);
    }

    public static int error(SharedMemory m) {
        return m.getIntAcquire(ERROR_OFFSET);
    }

    public static void putServerFeatures(SharedMemory m, int serverFeatures) {
        m.putIntRelease(SERVER_FEATURES_OFFSET, serverFeatures);
    }

    public static void putConnection(SharedMemory m, int connection) {
        m.putIntRelease(CONNECTION_OFFSET, connection);
    }

    public static void putError(SharedMemory m, int error) {
        m.putIntRelease(ERROR_OFFSET, error);
    }
}
