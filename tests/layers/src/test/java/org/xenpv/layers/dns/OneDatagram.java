package org.xenpv.layers.dns;

import org.xenpv.layers.UdpLayer;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.netfront.NetPacket;

/** A carrier of datagrams with one packet each way: a test asks, the server bound to it answers. */
final class OneDatagram implements UdpLayer, AutoCloseable {

    static final int CLIENT = 0xc0000202;
    static final int CLIENT_PORT = 4000;

    private final ChronicleMemory memory = ChronicleMemory.allocatePages(4);
    private final NetPacket in = new NetPacket(memory, 1);
    private final NetPacket out = new NetPacket(memory, 1);
    private Receiver receiver;
    private boolean acquired;
    private boolean sent;
    private boolean full;

    /** Has no room from now on. */
    void full(boolean isFull) {
        full = isFull;
    }

    /** @return whether there was an answer */
    boolean ask(byte[] query, int sourcePort) {
        in.clear();
        in.add(0, query.length);
        in.copyIn(0, query, 0, query.length);
        sent = false;
        receiver.received(CLIENT, sourcePort, in);
        if (acquired) {
            throw new AssertionError("packet was neither sent nor released");
        }
        return sent;
    }

    /** @return the answer, null if there was none */
    byte[] ask(byte[] query) {
        return ask(query, CLIENT_PORT) ? out.toBytes() : null;
    }

    @Override
    public int payloadBytesMax() {
        return 8192;
    }

    @Override
    public NetPacket acquire(int payloadBytes) {
        if (full) {
            return null;
        }
        acquired = true;
        out.clear();
        out.add(8192, payloadBytes);
        return out;
    }

    @Override
    public void release(NetPacket packet) {
        acquired = false;
    }

    @Override
    public void flush() {}

    @Override
    public boolean mayLeaveChecksum(NetPacket packet) {
        return false;
    }

    @Override
    public void whenWritable(Runnable action) {}

    @Override
    public boolean send(NetPacket packet, int sourcePort, int destination, int destinationPort) {
        if (packet != out || !acquired || sourcePort != 53 || destination != CLIENT) {
            throw new AssertionError("answer from " + sourcePort + " to " + destination + ":" + destinationPort);
        }
        acquired = false;
        sent = true;
        return true;
    }

    @Override
    public void bind(int port, Receiver newReceiver) {
        receiver = newReceiver;
    }

    @Override
    public void unbind(int port) {
        receiver = null;
    }

    @Override
    public void close() {
        memory.close();
    }
}
