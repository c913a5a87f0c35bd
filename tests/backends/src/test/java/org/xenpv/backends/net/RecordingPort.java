package org.xenpv.backends.net;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** A port that keeps what it is sent, once it is flushed, and that a test can have frames come out of. */
class RecordingPort implements NetworkPort {

    PortOffloads offloads;
    boolean carrier = true;
    boolean full;
    boolean ready = true;
    final List<byte[]> got = new ArrayList<>();
    final List<Boolean> blank = new ArrayList<>();
    final List<Integer> gsoTypes = new ArrayList<>();
    int flushes;
    private final List<NetFrame> unflushed = new ArrayList<>();
    private final SharedMemory memory = ChronicleMemory.allocatePages(20);
    private final NetFrame frame = new NetFrame();
    private Sink sink;

    RecordingPort(PortOffloads offloads) {
        this.offloads = offloads;
    }

    RecordingPort() {
        this(PortOffloads.ALL);
    }

    boolean isPlugged() {
        return sink != null;
    }

    /** A frame comes out of this port, to be flushed on. */
    NetFrame emit(byte[] bytes) {
        memory.copyIn(64, bytes, 0, bytes.length);
        frame.set(memory, 64, bytes.length, 64);
        return frame;
    }

    void burst(NetFrame emitted) {
        burst(emitted, 1);
    }

    /** The same frame several times in one burst. */
    void burst(NetFrame emitted, int times) {
        for (int i = 0; i < times; i++) {
            sink.received(emitted);
        }
        sink.receivedAll();
    }

    void burst(byte[] bytes) {
        burst(emit(bytes));
    }

    @Override
    public PortOffloads offloads() {
        return offloads;
    }

    @Override
    public boolean carrier() {
        return carrier;
    }

    /** As a netback does: remembers where the bytes are, and looks at them when it is flushed. */
    @Override
    public boolean send(NetFrame sent) {
        if (full) {
            return false;
        }
        NetFrame kept = new NetFrame();
        kept.set(sent.memory(), sent.at(), sent.length(), 0);
        kept.describeAs(sent);
        unflushed.add(kept);
        return true;
    }

    @Override
    public void flush() {
        flushes++;
        for (NetFrame kept : unflushed) {
            got.add(kept.toBytes());
            blank.add(kept.csumBlank());
            gsoTypes.add(kept.gsoType());
        }
        unflushed.clear();
    }

    @Override
    public boolean ready() {
        return ready;
    }

    /** What the fabric says to whoever could wait. */
    boolean fabricIsReady() {
        return sink.ready();
    }

    @Override
    public void plug(Sink target) {
        sink = target;
    }
}
