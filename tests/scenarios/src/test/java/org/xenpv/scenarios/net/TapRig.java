package org.xenpv.scenarios.net;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.xenpv.backends.net.NetFrame;
import org.xenpv.backends.net.NetworkPort;
import org.xenpv.backends.net.linux.TapDevice;
import org.xenpv.backends.net.linux.TapPort;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.simulator.SimulatedXen;

/** Dom0 of a live host with TAP ports on its loop. */
final class TapRig implements AutoCloseable {

    /** A frame that came out of a port. */
    record Seen(byte[] bytes, boolean csumBlank, boolean validated, int gsoType, int gsoSize, boolean copyable) {
        int u16(int at) {
            return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
        }
    }

    final SimulatedXen xen = SimulatedXen.live();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final ChronicleMemory memory = ChronicleMemory.allocatePages(18);

    static void needsTap() {
        String reason = TapDevice.whyNot();
        assumeTrue(reason == null, "skipped: " + reason);
    }

    /** Opens a device, in the host's own namespace still. */
    TapPort port(boolean offloads, boolean mapped) {
        TapDevice device = TapDevice.open("xenpv%d", offloads);
        TapPort port = xen.dom0().call(dom0 -> new TapPort(device, dom0.loop(), mapped ? dom0.mapper() : null));
        open.add(() -> xen.dom0().run(dom0 -> port.close()));
        return port;
    }

    EchoResponder responder(TapPort port, int address) {
        EchoResponder responder = new EchoResponder(port, address);
        xen.dom0().run(dom0 -> port.plug(responder));
        open.add(responder);
        return responder;
    }

    /** Gathers frames of one source. */
    BlockingQueue<Seen> watch(TapPort port, long source) {
        BlockingQueue<Seen> seen = new LinkedBlockingQueue<>();
        xen.dom0()
                .run(dom0 -> port.plug(new NetworkPort.Sink() {
                    @Override
                    public void received(NetFrame frame) {
                        if (frame.length() >= 14 && frame.source() == source) {
                            seen.add(new Seen(
                                    frame.toBytes(),
                                    frame.csumBlank(),
                                    frame.dataValidated(),
                                    frame.gsoType(),
                                    frame.gsoSize(),
                                    frame.pages() != null));
                        }
                    }

                    @Override
                    public void receivedAll() {}
                }));
        return seen;
    }

    static Seen next(BlockingQueue<Seen> queue) {
        try {
            Seen seen = queue.poll(20, TimeUnit.SECONDS);
            if (seen == null) {
                throw new AssertionError("no frame came");
            }
            return seen;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** What is said of a frame that is sent. */
    interface Extras {
        void describe(NetFrame frame);
    }

    boolean send(TapPort port, byte[] bytes, int headroom, Extras extras) {
        return xen.dom0().call(dom0 -> {
            NetFrame frame = new NetFrame();
            memory.copyIn(headroom, bytes, 0, bytes.length);
            frame.set(memory, headroom, bytes.length, headroom);
            extras.describe(frame);
            boolean sent = port.send(frame);
            port.flush();
            return sent;
        });
    }

    @Override
    public void close() throws Exception {
        try {
            for (AutoCloseable each : open) {
                each.close();
            }
            xen.assertNoErrors();
            xen.assertNothingLeaked();
        } finally {
            xen.close();
            memory.close();
        }
    }
}
