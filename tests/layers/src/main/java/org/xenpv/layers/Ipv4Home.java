package org.xenpv.layers;

/**
 * Where a host is: its address, the network around it and the way out.
 *
 * @param address own address, one host's
 * @param prefixBits how many bits of it the network shares, 1 to 32
 * @param gateway a neighbour that forwards, or 0 if there is none
 */
public record Ipv4Home(int address, int prefixBits, int gateway) {

    public static final int NO_GATEWAY = 0;

    public Ipv4Home {
        if (prefixBits < 1 || prefixBits > 32) {
            throw new IllegalArgumentException("prefixBits=" + prefixBits + ", must be 1 to 32");
        }
        if (!isHost(address) || isWholeNetwork(address, address, prefixBits)) {
            throw new IllegalArgumentException("address=" + Ipv4Address.format(address) + ", must be one host's");
        }
        if (gateway != NO_GATEWAY
                && (gateway == address
                        || !isOnLink(gateway, address, prefixBits)
                        || isWholeNetwork(gateway, address, prefixBits))) {
            throw new IllegalArgumentException(
                    "gateway=" + Ipv4Address.format(gateway) + ", must be another host of the network");
        }
    }

    /** @param text like {@code 192.0.2.1/24} @param gateway like {@code 192.0.2.254}, or empty for none */
    public static Ipv4Home parse(String text, String gateway) {
        int slash = text.indexOf('/');
        int bits = slash < 0 ? -1 : Ipv4Address.number(text, slash + 1, text.length());
        if (bits < 0) {
            throw new IllegalArgumentException("home=" + text + ", must be like 192.0.2.1/24");
        }
        return new Ipv4Home(
                Ipv4Address.parse(text.substring(0, slash)),
                bits,
                gateway.isEmpty() ? NO_GATEWAY : Ipv4Address.parse(gateway));
    }

    /** Whether an address can be a single host's at all: not 0/8, 127/8, multicast, reserved or broadcast. */
    static boolean isHost(int address) {
        int first = address >>> 24;
        return first != 0 && first != 127 && first < 224;
    }

    private static int hostMask(int prefixBits) {
        return prefixBits == 32 ? 0 : -1 >>> prefixBits;
    }

    private static boolean isOnLink(int other, int address, int prefixBits) {
        return ((other ^ address) & ~hostMask(prefixBits)) == 0;
    }

    /** Whether it means the network or all of its hosts (RFC 1122); a network of two has no such address (RFC 3021). */
    private static boolean isWholeNetwork(int other, int address, int prefixBits) {
        int host = other & hostMask(prefixBits);
        return prefixBits < 31 && isOnLink(other, address, prefixBits) && (host == 0 || host == hostMask(prefixBits));
    }

    /** Whether it is the address of another single host. */
    public boolean isOther(int other) {
        return isHost(other) && other != address && !isWholeNetwork(other, address, prefixBits);
    }

    /** Whether it is the address of another host in the same network. */
    public boolean isNeighbour(int other) {
        return isOnLink(other, address, prefixBits) && isOther(other);
    }

    /** The neighbour through whom a host is reached, 0 if there is no way. */
    public int nextHop(int destination) {
        if (!isOther(destination)) {
            return 0;
        }
        return isOnLink(destination, address, prefixBits) ? destination : gateway;
    }
}
