package org.xenpv.netfront;

import org.xenpv.fault.XenConfigException;

/**
 * An Ethernet address.
 *
 * @param bits the six bytes in the low 48 bits, the first on the wire highest
 */
public record MacAddress(long bits) {

    public static final MacAddress BROADCAST = new MacAddress(0xffff_ffff_ffffL);

    private static final int BYTES = 6;

    public MacAddress {
        if (bits >>> 48 != 0) {
            throw new IllegalArgumentException("bits=0x" + Long.toHexString(bits) + ", must have 48 bits");
        }
    }

    /**
     * Reads six groups of two hexadecimal digits with colons between them, and nothing else.
     *
     * @param key where the text stands, for the error
     * @throws XenConfigException naming the text
     */
    public static MacAddress parse(String key, String text) {
        long bits = 0;
        boolean good = text.length() == BYTES * 3 - 1;
        for (int i = 0; good && i < text.length(); i++) {
            int digit = Character.digit(text.charAt(i), 16);
            if (i % 3 == 2) {
                good = text.charAt(i) == ':';
            } else {
                good = digit >= 0 && text.charAt(i) < 0x80;
                bits = bits << 4 | digit;
            }
        }
        if (!good) {
            throw new XenConfigException(key, text, "like 00:16:3e:12:34:56");
        }
        return new MacAddress(bits);
    }

    /** The same for the address of one station. @throws XenConfigException naming the text, also if it means a group */
    static MacAddress parseStation(String key, String text) {
        MacAddress parsed = parse(key, text);
        if (parsed.isMulticast()) {
            throw new XenConfigException(key, text, "the address of one interface, not of a group");
        }
        return parsed;
    }

    /** Whether a group of stations is meant, broadcast included. */
    public boolean isMulticast() {
        return (bits >>> 40 & 1) != 0;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int shift = 40; shift >= 0; shift -= 8) {
            text.append(Character.forDigit((int) (bits >>> shift + 4) & 0xf, 16))
                    .append(Character.forDigit((int) (bits >>> shift) & 0xf, 16));
            if (shift > 0) {
                text.append(':');
            }
        }
        return text.toString();
    }
}
