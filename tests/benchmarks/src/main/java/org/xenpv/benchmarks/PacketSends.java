package org.xenpv.benchmarks;

import org.xenpv.event.EventLoop;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;

/** A guest that sends as fast as its interface takes it: packets filled in place, a flush for every so many. */
final class PacketSends implements NetworkDevice.Receiver {

    private final EventLoop loop;
    private final NetworkDevice device;
    private final Arrivals arrivals;
    private final BenchmarkFrames frames;
    private final byte[] written;
    private final int batch;
    private int next;
    private long left;

    /** @param batch packets per flush, at most */
    PacketSends(EventLoop loop, NetworkDevice device, Arrivals arrivals, BenchmarkFrames frames, int batch) {
        this.loop = loop;
        this.device = device;
        this.arrivals = arrivals;
        this.frames = frames;
        this.written = frames.written();
        this.batch = batch;
    }

    /** Sends so many and waits until they have arrived, each once. */
    void send(long count) {
        arrivals.expect(count);
        long bytesBefore = arrivals.bytes();
        long numbersBefore = arrivals.numbers();
        loop.execute(() -> {
            device.receiver(this);
            next = 0;
            left = count;
            writable();
        });
        arrivals.await();
        long numbers = count * (count - 1) / 2;
        if (arrivals.bytes() - bytesBefore != count * frames.lengthBytes()
                || arrivals.numbers() - numbersBefore != numbers) {
            throw new IllegalStateException("what arrived is not what was sent");
        }
    }

    @Override
    public void received(NetPacket packet) {
        throw new IllegalStateException("a packet came in, nobody sends any");
    }

    @Override
    public void writable() {
        int unflushed = 0;
        while (left > 0) {
            NetPacket packet = device.acquire(frames.lengthBytes());
            if (packet == null) {
                break;
            }
            packet.copyIn(0, written, 0, written.length);
            packet.putInt(BenchmarkFrames.NUMBER_AT, next++);
            if (frames.isSegmented()) {
                packet.csumBlank(true);
                packet.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, BenchmarkFrames.SEGMENT_BYTES);
            }
            if (!device.send(packet)) {
                throw new IllegalStateException("a packet that had room was not taken");
            }
            left--;
            if (++unflushed == batch) {
                device.flush();
                unflushed = 0;
            }
        }
        device.flush();
    }
}
