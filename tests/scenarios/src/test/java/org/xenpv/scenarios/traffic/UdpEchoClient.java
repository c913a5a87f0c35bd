package org.xenpv.scenarios.traffic;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;

/**
 * A program of its own, to be run in a namespace: sends numbered datagrams of random length and content to an echo server and compares
 * what comes back byte for byte. Each has to come back once. Uses nothing but the JDK.
 *
 * <p>Arguments: address, port, how many, how many on their way at a time, longest, how many milliseconds to
 * wait for one. Ends with 1 and says why if one is missing, is
 * another or comes twice.
 */
final class UdpEchoClient {

    /** Asked for; the kernel gives as much as it may, and counts more per fragment than its bytes. */
    private static final int RECEIVE_BYTES = 1 << 20;

    private static final int NUMBER_BYTES = 4;
    private static final int LONGEST = 65507;

    private final DatagramSocket socket;
    private final int count;
    private final int longest;
    private final BitSet returned = new BitSet();
    private final byte[] buffer = new byte[LONGEST + 1];
    private long bytes;

    private UdpEchoClient(DatagramSocket socket, int count, int longest) {
        this.socket = socket;
        this.count = count;
        this.longest = longest;
    }

    public static void main(String[] args) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(args[0], Integer.parseInt(args[1])));
            socket.setReceiveBufferSize(RECEIVE_BYTES);
            socket.setSoTimeout(Integer.parseInt(args[5]));
            UdpEchoClient client = new UdpEchoClient(socket, Integer.parseInt(args[2]), Integer.parseInt(args[4]));
            client.run(Integer.parseInt(args[3]));
        }
    }

    private void run(int window) {
        int sent = 0;
        try {
            while (returned.cardinality() < count) {
                while (sent < count && sent - returned.cardinality() < window) {
                    byte[] datagram = datagram(sent++);
                    socket.send(new DatagramPacket(datagram, datagram.length));
                }
                receive(sent);
            }
        } catch (IOException failed) {
            System.err.println(failed + ", sent=" + sent + ", received=" + returned.cardinality() + ", first missing="
                    + returned.nextClearBit(0));
            System.exit(1);
        }
        System.out.println("every one of " + count + " came back, " + bytes + " bytes");
    }

    private void receive(int sent) throws IOException {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        socket.receive(packet);
        int number =
                packet.getLength() < NUMBER_BYTES ? -1 : ByteBuffer.wrap(buffer).getInt();
        if (number < 0 || number >= sent || returned.get(number)) {
            throw new IOException("number=" + number + ", is not on its way");
        }
        byte[] expected = datagram(number);
        int differs = Arrays.mismatch(buffer, 0, packet.getLength(), expected, 0, expected.length);
        if (differs >= 0) {
            throw new IOException("number=" + number + ", length=" + packet.getLength() + " of " + expected.length
                    + ", differs at " + differs);
        }
        returned.set(number);
        bytes += expected.length;
    }

    /** What a datagram consists of: its number, and what follows from that. */
    private byte[] datagram(int number) {
        SplittableRandom random = new SplittableRandom(number);
        byte[] datagram = new byte[random.nextInt(NUMBER_BYTES, longest + 1)];
        random.nextBytes(datagram);
        ByteBuffer.wrap(datagram).putInt(0, number);
        return datagram;
    }
}
