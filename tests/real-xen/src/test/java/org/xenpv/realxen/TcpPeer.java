package org.xenpv.realxen;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;

/** One end of a TCP connection, a program of its own: it runs in a network namespace. Prints the sha256 of what went through. */
final class TcpPeer {

    private static final long SEED = 20261124;
    private static final int TRIES = 600;

    private TcpPeer() {}

    /** @param args {@code sink PORT} or {@code source HOST PORT BYTES} */
    public static void main(String[] args) throws Exception {
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        if (args[0].equals("sink")) {
            sink(Integer.parseInt(args[1]), sha256);
        } else {
            byte[] bytes = new byte[Integer.parseInt(args[3])];
            new Random(SEED).nextBytes(bytes);
            sha256.update(bytes);
            source(args[1], Integer.parseInt(args[2]), bytes);
        }
        System.out.println(HexFormat.of().formatHex(sha256.digest()));
    }

    private static void sink(int port, MessageDigest sha256) throws Exception {
        byte[] buffer = new byte[1 << 16];
        try (ServerSocket listening = new ServerSocket(port);
                Socket socket = listening.accept();
                InputStream in = socket.getInputStream()) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                sha256.update(buffer, 0, count);
            }
        }
    }

    /** The other end may not listen yet. */
    private static void source(String host, int port, byte[] bytes) throws Exception {
        for (int tries = 0; ; tries++) {
            try (Socket socket = new Socket(host, port);
                    OutputStream out = socket.getOutputStream()) {
                out.write(bytes);
                return;
            } catch (ConnectException early) {
                if (tries == TRIES) {
                    throw early;
                }
                Thread.sleep(100);
            }
        }
    }
}
