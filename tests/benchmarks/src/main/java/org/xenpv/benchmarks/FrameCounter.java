package org.xenpv.benchmarks;

import org.xenpv.backends.net.NetFrame;
import org.xenpv.backends.net.NetworkFabric;
import org.xenpv.backends.net.NetworkPort;

/**
 * What the driver domain plugs its one interface into: takes every frame, looks at it as little as a check needs, and knows who waits
 * for how many.
 */
final class FrameCounter implements NetworkFabric, NetworkPort.Sink {

    private final Arrivals arrivals;
    private NetworkPort port;

    FrameCounter(Arrivals arrivals) {
        this.arrivals = arrivals;
    }

    /** The interface, once it is there. */
    NetworkPort port() {
        return port;
    }

    @Override
    public void attach(NetworkPort attached) {
        port = attached;
        attached.plug(this);
    }

    @Override
    public void detach(NetworkPort detached) {
        detached.plug(null);
    }

    @Override
    public void received(NetFrame frame) {
        arrivals.add(frame.length(), frame.u32(BenchmarkFrames.NUMBER_AT));
    }

    @Override
    public void receivedAll() {
        arrivals.publish();
    }
}
