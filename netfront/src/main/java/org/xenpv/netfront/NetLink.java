package org.xenpv.netfront;

import org.xenpv.fault.XenConfigException;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * What xenstore says of the link while a device is connected: its MTU and speed and whether the toolstack has unplugged it, in our
 * directory; the carrier, in the backend's. A value that cannot be is ignored and counted: the last good one stays.
 *
 * <p>The MAC address is read with every handshake and not watched: packets carry the one they were filled with, neighbours know it, and backends
 * read it once when they connect. Neither does Linux's netfront.
 *
 * <p>Owned by the event loop's thread.
 */
final class NetLink {

    static final int MTU_DEFAULT = 1500;

    /** The least that IPv4 asks for (RFC 791), and what a packet can be at most, without its header. */
    static final int MTU_MIN = 68;

    static final int MTU_MAX = 65521;

    private static final long SPEED_MAX = 1_000_000_000L;

    /** Told of the link. */
    interface Listener {
        /** After any of it has changed. */
        void changed();

        /** The link is up after it was down, or found up in a connection that is not the first. */
        void upAgain();
    }

    private final XenGuest guest;
    private final String nodename;
    private final NetCounters counters;
    private final Listener listener;
    private XenstoreWatch[] watches = {};
    private String otherendPath;
    private int generation;

    /** Values of MTU, speed and carrier that have been counted as impossible; null where a good one stands. */
    private final String[] ignored = new String[3];

    /** Not the first connection. */
    private boolean further;

    /** What is known is of this connection. */
    private boolean looked;

    private int mtu = MTU_DEFAULT;
    private boolean carrier = true;
    private boolean unplugged;
    private long speedMbps;

    NetLink(XenGuest guest, String nodename, NetCounters counters, Listener listener) {
        this.guest = guest;
        this.nodename = nodename;
        this.counters = counters;
        this.listener = listener;
    }

    int mtu() {
        return mtu;
    }

    boolean up() {
        return carrier && !unplugged;
    }

    /** In Mbit/s; 0 if nobody says. */
    long speedMbps() {
        return speedMbps;
    }

    /** Begins to watch; each watch fires once at once. @param again whether there was a connection before */
    void connect(String backendPath, boolean again) {
        stop();
        further = again;
        looked = false;
        otherendPath = backendPath;
        String[] paths = {
            nodename + "/" + NetifKeys.MTU,
            nodename + "/" + NetifKeys.SPEED,
            nodename + "/" + NetifKeys.DISCONNECT,
            backendPath + "/" + NetifKeys.CARRIER
        };
        watches = new XenstoreWatch[paths.length];
        for (int i = 0; i < paths.length; i++) {
            watches[i] = guest.store().watch(paths[i], fired -> look());
        }
    }

    void stop() {
        generation++;
        for (XenstoreWatch watch : watches) {
            watch.cancel();
        }
        watches = new XenstoreWatch[0];
    }

    private void look() {
        int now = ++generation; // an answer to an earlier question is old
        guest.store()
                .readAll(
                        (found, error) -> {
                            if (error == null && now == generation) {
                                found(found[0], found[1], found[2], found[3]);
                            }
                        },
                        nodename + "/" + NetifKeys.MTU,
                        nodename + "/" + NetifKeys.SPEED,
                        nodename + "/" + NetifKeys.DISCONNECT,
                        otherendPath + "/" + NetifKeys.CARRIER);
    }

    private void found(String mtuText, String speedText, String disconnectText, String carrierText) {
        int newMtu = mtu(mtuText, mtu);
        long newSpeed = speed(speedText, speedMbps);
        boolean newUnplugged = "1".equals(disconnectText);
        boolean newCarrier = carrier(carrierText, carrier);
        judge(0, mtuText, mtu(mtuText, -1) >= 0);
        judge(1, speedText, speed(speedText, -1) >= 0);
        judge(2, carrierText, carrier(carrierText, true) == carrier(carrierText, false));
        boolean wasUp = up();
        boolean same = newMtu == mtu && newSpeed == speedMbps && newUnplugged == unplugged && newCarrier == carrier;
        mtu = newMtu;
        speedMbps = newSpeed;
        unplugged = newUnplugged;
        carrier = newCarrier;
        boolean upAgain = up() && (looked ? !wasUp : further);
        looked = true;
        if (!same) {
            listener.changed();
        }
        if (upAgain) {
            listener.upAgain();
        }
    }

    /** Counts a value that cannot be, once while it stands there. */
    private void judge(int which, String text, boolean good) {
        if (good) {
            ignored[which] = null;
        } else if (!text.equals(ignored[which])) {
            ignored[which] = text;
            counters.linkValuesIgnored++;
        }
    }

    private static boolean carrier(String text, boolean otherwise) {
        return text == null || "1".equals(text) || !"0".equals(text) && otherwise;
    }

    /** What stands there before anything is connected. @throws XenConfigException naming a value that cannot be */
    void begin(String mtuText) {
        int found = mtu(mtuText, -1);
        if (found < 0) {
            throw new XenConfigException(NetifKeys.MTU, mtuText, "a decimal number from " + MTU_MIN + " to " + MTU_MAX);
        }
        mtu = found;
    }

    private static int mtu(String text, int otherwise) {
        if (text == null) {
            return MTU_DEFAULT;
        }
        long number = decimal(text, text.length());
        return number < MTU_MIN || number > MTU_MAX ? otherwise : (int) number;
    }

    /** A number of Mbit/s, or with one of the units K, M and G behind it. */
    private static long speed(String text, long otherwise) {
        if (text == null || text.isEmpty()) {
            return 0;
        }
        int digits = text.length() - 1;
        long number = switch (text.charAt(digits)) {
            case 'G' -> decimal(text, digits) * 1000;
            case 'M' -> decimal(text, digits);
            case 'K' -> decimal(text, digits) < 0 ? -1 : decimal(text, digits) / 1000;
            default -> decimal(text, text.length());
        };
        return number < 0 || number > SPEED_MAX ? otherwise : number;
    }

    /** The first characters of a text as a number; negative if they are not 1 to 9 digits. */
    private static long decimal(String text, int length) {
        if (length < 1 || length > 9) {
            return -1;
        }
        long number = 0;
        for (int i = 0; i < length; i++) {
            char digit = text.charAt(i);
            if (digit < '0' || digit > '9') {
                return -1;
            }
            number = number * 10 + digit - '0';
        }
        return number;
    }
}
