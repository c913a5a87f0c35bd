package org.xenpv.xenstore;

import org.xenpv.fault.XenConfigException;
import org.xenpv.io.xs.XsWire;

/**
 * What a path may be (docs/misc/xenstore.txt): letters, digits and {@code - / _ @}; no empty component, so no doubled
 * and no trailing slash except in "/" itself; at most 3072 bytes if absolute, 2048 if relative to the domain's own
 * directory.
 */
public final class XsPath {

    private XsPath() {}

    /**
     * @return the path
     * @throws IllegalArgumentException naming the path and what is wrong with it
     */
    public static String check(String path) {
        String fault = fault(path);
        if (fault != null) {
            throw new IllegalArgumentException("path=\"" + XenConfigException.escape(path) + "\", " + fault);
        }
        return path;
    }

    public static boolean isValid(String path) {
        return fault(path) == null;
    }

    /** Whether this can be the name of a child: one component of a path. */
    public static boolean isName(String name) {
        return isValid(name) && name.indexOf('/') < 0;
    }

    /** Whether a path is another or lies below it: {@code /a/b} lies below {@code /a}, {@code /ab} does not. */
    public static boolean isBelow(String path, String parent) {
        if (!path.startsWith(parent)) {
            return false;
        }
        return path.length() == parent.length() || parent.equals("/") || path.charAt(parent.length()) == '/';
    }

    private static String fault(String path) {
        if (path == null || path.isEmpty()) {
            return "must not be empty";
        }
        boolean absolute = path.charAt(0) == '/';
        int max = absolute ? XsWire.XENSTORE_ABS_PATH_MAX : XsWire.XENSTORE_REL_PATH_MAX;
        int length = path.length();
        if (length > max) {
            return "length=" + length + ", must be at most " + max;
        }
        if (absolute && length == 1) {
            return null;
        }
        char previous = 0;
        for (int i = 0; i < length; i++) {
            char c = path.charAt(i);
            if (c == '/' && previous == '/') {
                return "must have no empty component";
            }
            if (!isAllowed(c)) {
                return "must hold only letters, digits and -/_@";
            }
            previous = c;
        }
        return previous == '/' ? "must not end with a slash" : null;
    }

    private static boolean isAllowed(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-'
                || c == '/'
                || c == '_'
                || c == '@';
    }
}
