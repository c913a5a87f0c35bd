package org.xenpv.backends.net;

import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_STATUS_SUCCESS;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_KEY;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE;

import org.xenpv.fault.PeerFault;
import org.xenpv.grant.GrantMapException;
import org.xenpv.grant.GrantMapper;
import org.xenpv.io.netif.NetifCtrlRequest;
import org.xenpv.io.netif.NetifCtrlResponse;
import org.xenpv.io.netif.ToeplitzHash;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.BackRing;

/**
 * The back half of the control ring: the guest says how packets to it are hashed and spread over its queues.
 *
 * <p>Every request is answered once, in order, with what xen/io/netif.h says ("Control messages"). Where Linux answers another
 * error than the header, the header counts. Owned by the loop's thread.
 */
final class NetbackControl {

    static final int HASH_TYPES = XEN_NETIF_CTRL_HASH_TYPE_IPV4
            | XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP
            | XEN_NETIF_CTRL_HASH_TYPE_IPV6
            | XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP;

    private static final int ENTRIES_PER_PAGE = SharedMemory.PAGE_BYTES / Integer.BYTES;

    /** What the ring asks of the device it belongs to. */
    interface Host {

        /** Send the frontend an event. */
        void sendEvent();

        /** The frontend violated the protocol; the ring has stopped. */
        void broken(PeerFault fault);
    }

    private final BackRing ring;
    private final SharedMemory memory;
    private final int domid;
    private final GrantMapper mapper;
    private final NetbackHash hash;
    private final int queues;
    private final NetbackConfig config;
    private final NetbackCounters counters;
    private final Host host;
    private final byte[] page = new byte[SharedMemory.PAGE_BYTES];

    /** What is answered beside the status. */
    private int data;

    private boolean stopped;

    /** @param queues that the guest has */
    NetbackControl(
            BackRing ring,
            int domid,
            GrantMapper mapper,
            NetbackHash hash,
            int queues,
            NetbackConfig config,
            NetbackCounters counters,
            Host host) {
        this.ring = ring;
        this.memory = ring.memory();
        this.domid = domid;
        this.mapper = mapper;
        this.hash = hash;
        this.queues = queues;
        this.config = config;
        this.counters = counters;
        this.host = host;
    }

    /** Carries out requests. @return how many */
    int poll(int budget) {
        int done = 0;
        while (done < budget && !stopped) {
            int ready = ring.unconsumedRequests();
            if (ready == BackRing.BROKEN) {
                stopped = true;
                host.broken(ring.fault());
            } else if (ready > 0) {
                int turn = Math.min(ready, budget - done);
                for (int i = 0; i < turn; i++) {
                    take();
                }
                done += turn;
                publish();
            } else if (!ring.finalCheckForRequests()) {
                break;
            }
        }
        return done;
    }

    private void take() {
        int at = ring.nextRequest();
        int id = NetifCtrlRequest.id(memory, at);
        int type = NetifCtrlRequest.type(memory, at);
        int first = NetifCtrlRequest.data(memory, at, 0);
        int second = NetifCtrlRequest.data(memory, at, 1);
        int third = NetifCtrlRequest.data(memory, at, 2);
        counters.ctrlRequests++;
        data = 0;
        int status = carryOut(type, first, second, third);
        NetifCtrlResponse.put(memory, ring.nextResponse(), id, type, status, data);
    }

    private void publish() {
        if (ring.pushResponsesAndCheckNotify()) {
            counters.notificationsSent++;
            host.sendEvent();
        } else {
            counters.notificationsSuppressed++;
        }
    }

    private int carryOut(int type, int first, int second, int third) {
        switch (type) {
            case XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM:
                return setAlgorithm(first);
            case XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS:
                return getFlags();
            case XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS:
                return setFlags(first);
            case XEN_NETIF_CTRL_TYPE_SET_HASH_KEY:
                return setKey(first, second);
            case XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE:
                data = config.hashMappingMax();
                return XEN_NETIF_CTRL_STATUS_SUCCESS;
            case XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE:
                return setMappingSize(first);
            case XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING:
                return setMapping(first, second, third);
            default:
                return XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED;
        }
    }

    private int setAlgorithm(int algorithm) {
        if (algorithm != XEN_NETIF_CTRL_HASH_ALGORITHM_NONE && algorithm != XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ) {
            return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
        }
        hash.algorithm(algorithm);
        return XEN_NETIF_CTRL_STATUS_SUCCESS;
    }

    private int getFlags() {
        if (hash.algorithm() == XEN_NETIF_CTRL_HASH_ALGORITHM_NONE) {
            return XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED;
        }
        data = HASH_TYPES;
        return XEN_NETIF_CTRL_STATUS_SUCCESS;
    }

    private int setFlags(int types) {
        if ((types & ~HASH_TYPES) != 0 || hash.algorithm() == XEN_NETIF_CTRL_HASH_ALGORITHM_NONE) {
            return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
        }
        hash.flags(types);
        return XEN_NETIF_CTRL_STATUS_SUCCESS;
    }

    private int setKey(int gref, int bytes) {
        if (Integer.compareUnsigned(bytes, ToeplitzHash.KEY_BYTES_MAX) > 0) {
            return XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW;
        }
        byte[] key = new byte[bytes];
        if (!copy(gref, key, bytes)) {
            return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
        }
        hash.key(key);
        return XEN_NETIF_CTRL_STATUS_SUCCESS;
    }

    private int setMappingSize(int entries) {
        if (Integer.compareUnsigned(entries, config.hashMappingMax()) > 0) {
            return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
        }
        hash.mappingSize(entries);
        return XEN_NETIF_CTRL_STATUS_SUCCESS;
    }

    /** All of it or nothing: what names a queue that there is not changes nothing. */
    private int setMapping(int gref, int entries, int from) {
        if (Integer.compareUnsigned(entries, ENTRIES_PER_PAGE) > 0) {
            return XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW;
        }
        if (Integer.compareUnsigned(from, hash.mappingSize()) > 0 || from + entries > hash.mappingSize()) {
            return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
        }
        if (!copy(gref, page, entries * Integer.BYTES)) {
            return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
        }
        int[] mapping = new int[entries];
        for (int i = 0; i < entries; i++) {
            int at = i * Integer.BYTES;
            mapping[i] = page[at] & 0xff
                    | (page[at + 1] & 0xff) << 8
                    | (page[at + 2] & 0xff) << 16
                    | (page[at + 3] & 0xff) << 24;
            if (Integer.compareUnsigned(mapping[i], queues) >= 0) {
                return XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
            }
        }
        hash.map(from, mapping);
        return XEN_NETIF_CTRL_STATUS_SUCCESS;
    }

    /** Copies out of a page of the guest, once. @return false if it is not granted */
    private boolean copy(int gref, byte[] target, int bytes) {
        if (bytes == 0) {
            return true;
        }
        try {
            mapper.copyFrom(domid, gref, 0, target, 0, bytes);
            return true;
        } catch (GrantMapException refused) {
            return false;
        }
    }

    /** Answers nothing more. */
    void stop() {
        stopped = true;
    }
}
