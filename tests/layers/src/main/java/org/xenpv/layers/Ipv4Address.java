package org.xenpv.layers;

/** The text of IPv4 addresses. In packets and tables they are ints in network order. */
public final class Ipv4Address {

    private Ipv4Address() {}

    /**
     * Reads four decimal numbers with points between them, and nothing else.
     *
     * @throws IllegalArgumentException naming the text
     */
    public static int parse(String text) {
        int address = 0;
        int at = 0;
        for (int group = 0; group < 4; group++) {
            int end = text.indexOf('.', at);
            if (group == 3) {
                end = end < 0 ? text.length() : -1;
            }
            int value = end < 0 ? -1 : number(text, at, end);
            if (value < 0) {
                throw new IllegalArgumentException("address=" + text + ", must be like 192.0.2.1");
            }
            address = address << 8 | value;
            at = end + 1;
        }
        return address;
    }

    /** @return -1 if it is not a number from 0 to 255 */
    static int number(String text, int from, int to) {
        if (to == from || to - from > 3 || to - from > 1 && text.charAt(from) == '0') {
            return -1;
        }
        int value = 0;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            value = value * 10 + c - '0';
        }
        return value > 255 ? -1 : value;
    }

    public static String format(int address) {
        return (address >>> 24) + "." + (address >>> 16 & 0xff) + "." + (address >>> 8 & 0xff) + "." + (address & 0xff);
    }
}
