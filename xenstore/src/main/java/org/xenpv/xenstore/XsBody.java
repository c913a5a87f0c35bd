package org.xenpv.xenstore;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.fault.XenConfigException;
import org.xenpv.io.xs.XsWire;
import org.xenpv.io.xs.XsdError;
import org.xenpv.xenstore.XenstorePermissions.Access;
import org.xenpv.xenstore.XenstorePermissions.Entry;

/**
 * Bodies of messages, both ways: strings with a NUL after each, values as bare bytes, decimal numbers. Decoding goes by
 * the length and is strict: what is not exactly the form that docs/misc/xenstore.txt gives is null, never a guess.
 */
final class XsBody {

    /** Names an error for the case that the server's own cannot be understood (X12). */
    private static final String UNKNOWN_ERROR = XsdError.EINVAL.name();

    private XsBody() {}

    /** Each string followed by a NUL. */
    static byte[] strings(String... strings) {
        int length = 0;
        for (String string : strings) {
            length += string.length() + 1;
        }
        byte[] body = new byte[length];
        int at = 0;
        for (String string : strings) {
            at = put(body, at, string) + 1;
        }
        return body;
    }

    /** {@code <path>|<value|>}: the value to the end, without a NUL. */
    static byte[] pathAndValue(String path, String value) {
        byte[] body = new byte[path.length() + 1 + value.length()];
        put(body, put(body, 0, path) + 1, value);
        return body;
    }

    private static int put(byte[] body, int at, String string) {
        int to = at;
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            if (c > 0xff) {
                throw new IllegalArgumentException("character " + (int) c + " in \"" + XenConfigException.escape(string)
                        + "\", must be at most 255: values are bytes");
            }
            body[to++] = (byte) c;
        }
        return to;
    }

    /** Every byte a character; NULs stay. */
    static String text(byte[] body) {
        return text(body, 0, body.length);
    }

    private static String text(byte[] body, int from, int to) {
        char[] chars = new char[to - from];
        for (int i = from; i < to; i++) {
            chars[i - from] = (char) (body[i] & 0xff);
        }
        return new String(chars);
    }

    /** One string; a NUL at the end may be missing, one inside may not be there (then null). */
    static String scalar(byte[] body) {
        int length = body.length;
        if (length > 0 && body[length - 1] == 0) {
            length--;
        }
        for (int i = 0; i < length; i++) {
            if (body[i] == 0) {
                return null;
            }
        }
        return text(body, 0, length);
    }

    /** All strings of a body in which each ends with a NUL; null if the last does not. */
    static List<String> list(byte[] body, int length) {
        if (length > 0 && body[length - 1] != 0) {
            return null;
        }
        List<String> strings = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < length; i++) {
            if (body[i] == 0) {
                strings.add(text(body, from, i));
                from = i + 1;
            }
        }
        return strings;
    }

    /** ASCII decimal without sign, blanks or leading zeros, at most {@code max}; -1 if it is anything else. */
    static long decimal(String text, long max) {
        if (text == null || text.isEmpty() || text.length() > 10) {
            return -1;
        }
        if (text.charAt(0) == '0' && text.length() > 1) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            value = value * 10 + (c - '0');
        }
        return value > max ? -1 : value;
    }

    /**
     * What an XS_ERROR says.
     *
     * @return the errno's name; EINVAL with what was really said, made harmless, for anything else
     */
    static XenstoreException error(byte[] body, String request) {
        String said = scalar(body);
        if (said != null && (XsdError.of(said) != null || said.equals("EQUOTA"))) {
            return new XenstoreException(said, request);
        }
        return new XenstoreException(
                UNKNOWN_ERROR, request + " (server said \"" + XenConfigException.escape(text(body)) + "\")");
    }

    /** {@code <letter><domid>} for the owner with everybody else's access, then for each further domain. */
    static String[] encode(String path, XenstorePermissions permissions) {
        String[] strings = new String[permissions.acl().size() + 2];
        strings[0] = path;
        strings[1] = entry(permissions.others(), permissions.owner());
        for (int i = 0; i < permissions.acl().size(); i++) {
            Entry entry = permissions.acl().get(i);
            strings[i + 2] = entry(entry.access(), entry.domid());
        }
        return strings;
    }

    private static String entry(Access access, int domid) {
        return access.letter() + Integer.toString(checkDomid(domid));
    }

    static int checkDomid(int domid) {
        if (domid < 0 || domid > 0xffff) {
            throw new IllegalArgumentException("domid=" + domid + ", must be 0..65535");
        }
        return domid;
    }

    /** Null if any entry is not a letter of n, r, w, b and a domid. */
    static XenstorePermissions permissions(byte[] body) {
        List<String> strings = list(body, body.length);
        if (strings == null || strings.isEmpty()) {
            return null;
        }
        int owner = -1;
        Access others = null;
        List<Entry> acl = new ArrayList<>(strings.size());
        for (String string : strings) {
            Access access = string.isEmpty() ? null : access(string.charAt(0));
            int domid = access == null ? -1 : (int) decimal(string.substring(1), 0xffff);
            if (domid < 0) {
                return null;
            }
            if (others == null) {
                owner = domid;
                others = access;
            } else {
                acl.add(new Entry(domid, access));
            }
        }
        return new XenstorePermissions(owner, others, acl);
    }

    private static Access access(char letter) {
        for (Access access : Access.values()) {
            if (access.letter() == letter) {
                return access;
            }
        }
        return null;
    }

    /** @throws IllegalArgumentException naming the limit: a longer body would cost us the connection */
    static byte[] checkLength(byte[] body, int payloadMax, String request) {
        if (body.length > payloadMax) {
            throw new IllegalArgumentException(request + ": payloadBytes=" + body.length + ", must be at most "
                    + payloadMax
                    + (payloadMax == XsWire.XENSTORE_PAYLOAD_MAX ? " (XENSTORE_PAYLOAD_MAX)" : " on this transport"));
        }
        return body;
    }
}
