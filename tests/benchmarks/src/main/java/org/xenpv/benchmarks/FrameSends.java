package org.xenpv.benchmarks;

import org.xenpv.backends.net.NetFrame;
import org.xenpv.backends.net.NetworkPort;
import org.xenpv.event.EventLoop;
import org.xenpv.grant.CopyPages;
import org.xenpv.grant.GrantMapper;
import org.xenpv.io.netif.Netif;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;

/** The other direction: the driver domain sends to the guest, so many frames in flight. */
final class FrameSends implements NetworkDevice.Receiver, AutoCloseable {

    private final NetworkPort port;
    private final BenchmarkFrames frames;
    private final Arrivals arrivals = new Arrivals();
    private final NetFrame frame = new NetFrame();
    private final CopyPages pages;
    private final Window window;

    /** Made on the driver domain's thread. @param loop its loop */
    FrameSends(EventLoop loop, GrantMapper mapper, NetworkPort port, BenchmarkFrames frames, int inFlight) {
        this.port = port;
        this.frames = frames;
        this.window = new Window(arrivals, inFlight, loop::execute, this::burst);
        this.pages = mapper.copyPages(Netif.XEN_NETIF_NR_SLOTS_MIN);
        byte[] header = frames.written();
        pages.memory().copyIn(0, header, 0, header.length);
    }

    /** Sends so many and waits until the guest has them. */
    void send(long count) {
        long before = arrivals.bytes();
        window.send(count);
        if (arrivals.bytes() - before != count * frames.lengthBytes()) {
            throw new IllegalStateException("what arrived is not what was sent");
        }
    }

    private void burst(int count) {
        for (int i = 0; i < count; i++) {
            frame.set(pages, 0, frames.lengthBytes(), 0);
            if (frames.isSegmented()) {
                frame.csumBlank(true);
                frame.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, BenchmarkFrames.SEGMENT_BYTES);
            }
            if (!port.send(frame)) {
                throw new IllegalStateException("the interface dropped a frame");
            }
        }
        port.flush();
    }

    @Override
    public void received(NetPacket packet) {
        arrivals.add(packet.length(), packet.getInt(BenchmarkFrames.NUMBER_AT));
    }

    @Override
    public void receivedAll() {
        arrivals.publish();
        window.arrived();
    }

    @Override
    public void close() {
        pages.close();
    }
}
