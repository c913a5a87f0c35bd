package org.xenpv.fault;

/** REFUSE: what was advertised or configured cannot be used. */
public final class XenConfigException extends XenException {

    private final String key;
    private final String value;

    /** @param limit what would have been accepted */
    public XenConfigException(String key, String value, String limit) {
        super(key + "=\"" + escape(value) + "\", must be " + limit);
        this.key = key;
        this.value = value;
    }

    public String key() {
        return key;
    }

    /** The raw value as it was read; may hold anything. Null if the key was missing. */
    public String value() {
        return value;
    }

    /** At most 64 characters of text from the other end, control characters escaped, fit for a log. */
    public static String escape(String text) {
        if (text == null) {
            return "(missing)";
        }
        StringBuilder escaped = new StringBuilder();
        int length = Math.min(text.length(), 64);
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c >= ' ' && c < 0x7f && c != '"' && c != '\\') {
                escaped.append(c);
            } else {
                escaped.append("\\u");
                String hex = Integer.toHexString(c);
                for (int pad = hex.length(); pad < 4; pad++) {
                    escaped.append('0');
                }
                escaped.append(hex);
            }
        }
        return text.length() > length ? escaped.append("...").toString() : escaped.toString();
    }
}
