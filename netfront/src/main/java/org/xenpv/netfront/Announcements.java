package org.xenpv.netfront;

import java.util.ArrayList;
import java.util.List;

/**
 * The addresses that were said to be ours, and which of them the network has still to be told of: what finds no room waits, so that none is
 * missed by those who talk to us.
 *
 * <p>Owned by the event loop's thread.
 */
final class Announcements {

    /** Sends one announcement. */
    interface Sender {
        /** @return false if there is no room: asked again */
        boolean send(byte[] address);
    }

    private final List<byte[]> addresses = new ArrayList<>();

    /** How many of them, from the first, the network knows of. */
    private int told;

    /** Takes effect with the next {@link #begin}, or the one under way. @param address 4 or 16 bytes */
    void add(byte[] address) {
        Announcement.check(address);
        if (told == addresses.size()) {
            told++;
        }
        addresses.add(address.clone());
    }

    /** All of them have to be told again. */
    void begin() {
        told = 0;
    }

    /** Goes on as far as there is room. @return whether any was sent */
    boolean send(Sender sender) {
        int before = told;
        while (told < addresses.size() && sender.send(addresses.get(told))) {
            told++;
        }
        return told > before;
    }
}
