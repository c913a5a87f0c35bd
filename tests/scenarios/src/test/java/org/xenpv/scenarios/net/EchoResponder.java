package org.xenpv.scenarios.net;

import org.xenpv.backends.net.NetFrame;
import org.xenpv.backends.net.NetworkPort;
import org.xenpv.memory.ChronicleMemory;

/** The smallest station there is: answers ARP and ping for one IPv4 address. */
final class EchoResponder implements NetworkPort.Sink, AutoCloseable {

    private static final long MAC = 0x02_00_00_00_99_02L;
    private static final int HEADROOM = 64;

    private final NetworkPort port;
    private final int address;
    private final ChronicleMemory memory = ChronicleMemory.allocatePages(17);
    private final NetFrame reply = new NetFrame();

    volatile int echoes;
    volatile int longest;

    EchoResponder(NetworkPort port, int address) {
        this.port = port;
        this.address = address;
    }

    @Override
    public void received(NetFrame frame) {
        int type = frame.length() < 42 ? 0 : frame.u16(12);
        boolean arp = type == 0x0806 && frame.u16(20) == 1 && frame.u32(38) == address;
        boolean echo = type == 0x0800 && frame.u32(30) == address && frame.u8(23) == 1 && frame.u8(34) == 8;
        if (!arp && !echo) {
            return;
        }
        frame.memory().copyTo(frame.at(), memory, HEADROOM, frame.length());
        reply.set(memory, HEADROOM, frame.length(), HEADROOM);
        putMac(0, frame.source());
        putMac(6, MAC);
        if (arp) {
            reply.putU16(20, 2);
            putMac(22, MAC);
            reply.putU32(28, address);
            putMac(32, frame.source());
            reply.putU32(38, frame.u32(28));
        } else {
            reply.putU32(26, address);
            reply.putU32(30, frame.u32(26));
            int checksum = frame.u16(36) + 0x0800; // the type is less by that much
            reply.putU8(34, 0);
            reply.putU16(36, checksum + (checksum >>> 16));
            longest = Math.max(longest, frame.length());
            echoes++;
        }
        port.send(reply);
    }

    private void putMac(int position, long mac) {
        reply.putU16(position, (int) (mac >>> 32));
        reply.putU32(position + 2, (int) mac);
    }

    @Override
    public void receivedAll() {
        port.flush();
    }

    @Override
    public void close() {
        memory.close();
    }
}
