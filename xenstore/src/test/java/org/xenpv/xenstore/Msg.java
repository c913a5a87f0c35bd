package org.xenpv.xenstore;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdSockmsg;

/** A message as the scripted server sees and sends it. In texts, {@code |} stands for NUL. */
record Msg(XsMessageType type, int reqId, int txId, byte[] body) {

    static byte[] bytes(String text) {
        return text.replace('|', '\0').getBytes(StandardCharsets.ISO_8859_1);
    }

    static Msg of(XsMessageType type, int reqId, int txId, String text) {
        return new Msg(type, reqId, txId, bytes(text));
    }

    String text() {
        return new String(body, StandardCharsets.ISO_8859_1).replace('\0', '|');
    }

    List<String> strings() {
        return List.of(text().split("\\|", -1));
    }

    byte[] wire() {
        byte[] wire = new byte[XsdSockmsg.SIZEOF + body.length];
        XsdSockmsg.put(wire, 0, type.value(), reqId, txId, body.length);
        System.arraycopy(body, 0, wire, XsdSockmsg.SIZEOF, body.length);
        return wire;
    }

    @Override
    public String toString() {
        return type + "[" + txId + "] " + text();
    }
}
