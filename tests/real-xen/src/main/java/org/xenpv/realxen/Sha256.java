package org.xenpv.realxen;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 as the program sha256sum prints it, so that two domains can compare what they have. */
final class Sha256 {

    private Sha256() {}

    static String of(byte[] bytes) {
        return hex(begin(), bytes);
    }

    /** Of what comes in parts, to be ended with {@link #hex}. */
    static MessageDigest begin() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    static String hex(MessageDigest digest, byte... last) {
        return HexFormat.of().formatHex(digest.digest(last));
    }
}
