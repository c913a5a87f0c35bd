package org.xenpv.backends.net;

import static org.xenpv.io.netif.Netif.NETTXF_CSUM_BLANK;
import static org.xenpv.io.netif.Netif.NETTXF_DATA_VALIDATED;
import static org.xenpv.io.netif.Netif.NETTXF_EXTRA_INFO;
import static org.xenpv.io.netif.Netif.NETTXF_MORE_DATA;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_FLAG_MORE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_TYPE_GSO;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_TYPE_HASH;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_TYPE_MAX;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_TYPE_MCAST_ADD;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_TYPE_MCAST_DEL;
import static org.xenpv.io.netif.Netif.XEN_NETIF_EXTRA_TYPE_NONE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_GSO_TYPE_NONE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_GSO_TYPE_TCPV4;
import static org.xenpv.io.netif.Netif.XEN_NETIF_GSO_TYPE_TCPV6;

import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.io.netif.NetifTxRequest;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.BackRing;

/**
 * A packet that the guest asks to transmit: its chain of requests and extras, copied out of the ring once and judged. The same
 * object is used again and again.
 */
final class TxPacket {

    /** Requests of one packet: the first, and as many as Linux's backend lets follow it (XEN_NETBK_LEGACY_SLOTS_MAX). */
    static final int SLOTS_MAX = 1 + Netif.XEN_NETIF_NR_SLOTS_MIN;

    /** What was offered to the guest; what was not is not taken. */
    record Rules(boolean sg, boolean csumV4, boolean csumV6, boolean gsoV4, boolean gsoV6, boolean groups) {}

    private final NetifTxRequest request = new NetifTxRequest();
    private final int[] gref = new int[SLOTS_MAX];
    private final int[] offset = new int[SLOTS_MAX];
    private final int[] bytes = new int[SLOTS_MAX];
    private final long[] extra = new long[XEN_NETIF_EXTRA_TYPE_MAX];

    private int slots;
    private int extras;
    private int length;
    private int flags;
    private NetbackDrop fault;
    private int firstAnswer;

    /** Where the frame is copied to. */
    int at;

    /** The number of its first copy; the others follow. */
    int firstCopy;

    /**
     * Takes one packet off the ring, good or bad, and notes an answer for each of its slots.
     *
     * @param ready slots that can be taken, at least 1
     * @return slots taken
     */
    int take(BackRing ring, int ready, Rules rules, TxAnswers answers) {
        fault = null;
        slots = 0;
        extras = 0;
        firstAnswer = answers.count();
        for (int type = 0; type < XEN_NETIF_EXTRA_TYPE_MAX; type++) {
            extra[type] = 0;
        }
        takeRequest(ring, answers);
        flags = request.flags();
        length = request.size();
        int left = ready - 1;
        if ((flags & NETTXF_EXTRA_INFO) != 0) {
            left = takeExtras(ring, left, answers);
        }
        if (fault == null && isFilterChange()) {
            fault = rules.groups ? null : NetbackDrop.TX_UNNEGOTIATED;
        } else {
            left = takeRest(ring, left, answers);
            judge(rules);
        }
        if (fault != null) {
            answers.failFrom(firstAnswer);
        }
        return ready - left;
    }

    private void takeRequest(BackRing ring, TxAnswers answers) {
        request.copyFrom(ring.memory(), ring.nextRequest());
        answers.request(request.id());
        if (slots < SLOTS_MAX) {
            gref[slots] = request.gref();
            offset[slots] = request.offset();
            bytes[slots] = request.size();
        }
        slots++;
    }

    /** The last extra of a type counts, as for Linux. */
    private int takeExtras(BackRing ring, int ready, TxAnswers answers) {
        int left = ready;
        boolean more = true;
        while (more) {
            if (left == 0) {
                fault(NetbackDrop.TX_MISSING_EXTRA);
                return 0;
            }
            long info = NetifExtraInfo.load(ring.memory(), ring.nextRequest());
            answers.extra();
            left--;
            extras++;
            int type = NetifExtraInfo.type(info);
            if (type == XEN_NETIF_EXTRA_TYPE_NONE || type >= XEN_NETIF_EXTRA_TYPE_MAX) {
                fault(NetbackDrop.TX_BAD_EXTRA);
            } else {
                extra[type] = info;
            }
            more = (NetifExtraInfo.flags(info) & XEN_NETIF_EXTRA_FLAG_MORE) != 0;
        }
        return left;
    }

    /** The first request carries the whole packet's size; what the others have is taken off it. */
    private int takeRest(BackRing ring, int ready, TxAnswers answers) {
        int left = ready;
        int more = flags & NETTXF_MORE_DATA;
        while (more != 0) {
            if (left == 0) {
                fault(NetbackDrop.TX_INCOMPLETE);
                return 0;
            }
            takeRequest(ring, answers);
            left--;
            more = request.flags() & NETTXF_MORE_DATA;
            if (slots > SLOTS_MAX) {
                fault(NetbackDrop.TX_TOO_MANY_SLOTS);
            } else if (request.size() > bytes[0]) {
                fault(NetbackDrop.TX_SLOT_TOO_LONG);
            }
            bytes[0] -= request.size();
        }
        return left;
    }

    private void judge(Rules rules) {
        if (fault != null) {
            return;
        }
        if (bytes[0] < FrameHeaders.ETHERNET_BYTES) {
            fault(NetbackDrop.TX_RUNT);
        }
        for (int slot = 0; slot < slots; slot++) {
            if (offset[slot] + bytes[slot] > SharedMemory.PAGE_BYTES) {
                fault(NetbackDrop.TX_CROSSES_PAGE);
            }
        }
        if (slots > 1 && !rules.sg) {
            fault(NetbackDrop.TX_UNNEGOTIATED);
        }
        if (hasExtra(XEN_NETIF_EXTRA_TYPE_GSO)) {
            judgeGso(rules);
        }
    }

    private void judgeGso(Rules rules) {
        int type = NetifExtraInfo.gsoType(extra[XEN_NETIF_EXTRA_TYPE_GSO]);
        boolean offered =
                type == XEN_NETIF_GSO_TYPE_TCPV4 && rules.gsoV4 || type == XEN_NETIF_GSO_TYPE_TCPV6 && rules.gsoV6;
        if (type != XEN_NETIF_GSO_TYPE_TCPV4 && type != XEN_NETIF_GSO_TYPE_TCPV6
                || NetifExtraInfo.gsoSize(extra[XEN_NETIF_EXTRA_TYPE_GSO]) == 0) {
            fault(NetbackDrop.TX_BAD_GSO);
        } else if (!offered) {
            fault(NetbackDrop.TX_UNNEGOTIATED);
        }
    }

    /** The first fault is the one that counts. */
    private void fault(NetbackDrop found) {
        if (fault == null) {
            fault = found;
        }
    }

    private boolean hasExtra(int type) {
        return extra[type] != 0;
    }

    /** Says what travels with the frame, now that its bytes are there. @return why it cannot be passed on, or null */
    NetbackDrop describe(NetFrame frame, FrameHeaders headers, Rules rules, NetbackCounters counters) {
        if ((flags & NETTXF_CSUM_BLANK) != 0) {
            frame.csumBlank(true);
        } else {
            frame.dataValidated((flags & NETTXF_DATA_VALIDATED) != 0);
        }
        int gsoType = XEN_NETIF_GSO_TYPE_NONE;
        if (hasExtra(XEN_NETIF_EXTRA_TYPE_GSO)) {
            long gso = extra[XEN_NETIF_EXTRA_TYPE_GSO];
            gsoType = NetifExtraInfo.gsoType(gso);
            frame.gso(gsoType, NetifExtraInfo.gsoSize(gso));
        }
        if (hasExtra(XEN_NETIF_EXTRA_TYPE_HASH)) {
            long hash = extra[XEN_NETIF_EXTRA_TYPE_HASH];
            frame.hash(
                    NetifExtraInfo.hashAlgorithm(hash), NetifExtraInfo.hashType(hash), NetifExtraInfo.hashValue(hash));
        }
        return frame.csumBlank() || gsoType != XEN_NETIF_GSO_TYPE_NONE
                ? checkTransport(frame, headers, rules, counters)
                : null;
    }

    private static NetbackDrop checkTransport(
            NetFrame frame, FrameHeaders headers, Rules rules, NetbackCounters counters) {
        headers.parse(frame);
        if (frame.gsoType() != XEN_NETIF_GSO_TYPE_NONE) {
            int version = frame.gsoType() == XEN_NETIF_GSO_TYPE_TCPV4 ? 4 : 6;
            if (!headers.isTcp() || headers.version() != version) {
                return NetbackDrop.TX_BAD_GSO;
            }
            counters.txGso++;
            if (!frame.csumBlank()) { // some frontends forget to say so
                InternetChecksum.blank(frame, headers);
                counters.gsoFixups++;
            }
        } else if (!headers.hasTransport()) {
            return NetbackDrop.TX_BAD_CHECKSUM;
        }
        if (headers.version() == 6 ? !rules.csumV6 : !rules.csumV4) {
            return NetbackDrop.TX_UNNEGOTIATED;
        }
        counters.txCsumBlank++;
        return null;
    }

    /** A page of it could not be copied. */
    void notGranted() {
        fault(NetbackDrop.TX_NOT_GRANTED);
    }

    /** Why it is dropped, or null. */
    NetbackDrop fault() {
        return fault;
    }

    /** Whether it is no packet, but a change to the guest's filter of groups. */
    boolean isFilterChange() {
        return hasExtra(XEN_NETIF_EXTRA_TYPE_MCAST_ADD) || hasExtra(XEN_NETIF_EXTRA_TYPE_MCAST_DEL);
    }

    boolean addsGroup() {
        return hasExtra(XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
    }

    /** The group to be added or removed. */
    long group() {
        int type = addsGroup() ? XEN_NETIF_EXTRA_TYPE_MCAST_ADD : XEN_NETIF_EXTRA_TYPE_MCAST_DEL;
        return NetifExtraInfo.mcastAddr(extra[type]);
    }

    /** Requests it consists of. */
    int slots() {
        return slots;
    }

    /** Slots of extra information. */
    int extras() {
        return extras;
    }

    /** Bytes of all of it. */
    int length() {
        return length;
    }

    int gref(int slot) {
        return gref[slot];
    }

    int offset(int slot) {
        return offset[slot];
    }

    int bytes(int slot) {
        return bytes[slot];
    }

    /** The number of a request's answer; those of the extras follow the first. */
    int answerOf(int slot) {
        return slot == 0 ? firstAnswer : firstAnswer + extras + slot;
    }
}
