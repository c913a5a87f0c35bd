package org.xenpv.simulator.xenstored;

/** Canonical paths: absolute ones, and the special ones that start with {@code @}. */
final class StorePath {

    static final String ROOT = "/";
    static final String INTRODUCE_DOMAIN = "@introduceDomain";
    static final String RELEASE_DOMAIN = "@releaseDomain";

    /** XENSTORE_ABS_PATH_MAX. */
    static final int ABS_PATH_MAX = 3072;

    private static final String DOMAINS = "/local/domain/";

    private StorePath() {}

    /** Where relative paths of a domain start. */
    static String ofDomain(int domid) {
        return DOMAINS + domid;
    }

    static boolean isRelative(String path) {
        return !path.startsWith("/") && !path.startsWith("@");
    }

    /**
     * Makes a path absolute and checks it.
     *
     * @param path null is refused
     * @param home where relative paths start
     * @param special whether paths that start with {@code @} are allowed
     * @param relativeMax how long a path may be, not counting a leading /local/domain/N/
     */
    static String canonicalize(String path, String home, boolean special, int relativeMax) throws StoreException {
        if (path == null || !validCharacters(path) || (path.startsWith("@") && !special)) {
            throw StoreException.EINVAL;
        }
        String name = isRelative(path) ? home + "/" + path : path;
        boolean trailing = name.endsWith("/") && !name.equals(ROOT);
        if (trailing || name.contains("//") || name.length() > ABS_PATH_MAX) {
            throw StoreException.EINVAL;
        }
        if (name.length() - domainPrefix(name) > relativeMax) {
            throw StoreException.EINVAL;
        }
        return name;
    }

    /** Length of the leading "/local/domain/N/", 0 if there is none. */
    private static int domainPrefix(String name) {
        if (!name.startsWith(DOMAINS)) {
            return 0;
        }
        int at = DOMAINS.length();
        int digits = 0;
        while (at < name.length() && name.charAt(at) >= '0' && name.charAt(at) <= '9' && digits < 5) {
            at++;
            digits++;
        }
        return digits > 0 && at < name.length() && name.charAt(at) == '/' ? at + 1 : 0;
    }

    private static boolean validCharacters(String path) {
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            boolean valid = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || c == '-'
                    || c == '/'
                    || c == '_'
                    || c == '@';
            if (!valid) {
                return false;
            }
        }
        return true;
    }

    /** The parent of a special path is the root, as is the root's own. */
    static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash < 1 ? ROOT : path.substring(0, slash);
    }

    static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    static String child(String parent, String name) {
        return parent.equals(ROOT) ? ROOT + name : parent + "/" + name;
    }

    /** Whether a path is below another, or the same. */
    static boolean isWithin(String path, String ancestor) {
        if (!path.startsWith(ancestor)) {
            return false;
        }
        return path.length() == ancestor.length() || ancestor.equals(ROOT) || path.charAt(ancestor.length()) == '/';
    }
}
