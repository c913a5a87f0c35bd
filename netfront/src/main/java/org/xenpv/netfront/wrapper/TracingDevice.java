package org.xenpv.netfront.wrapper;

import java.util.List;
import org.xenpv.event.Clock;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;

/** Counts what goes through, and remembers the last packets as lines of text. */
public final class TracingDevice extends NetworkWrapper {

    private final Clock clock;
    private final PacketLog log;

    private long sentPackets;
    private long sentBytes;
    private long refusedPackets;
    private long acquired;
    private long noRoom;
    private long released;
    private long flushes;
    private long receivedPackets;
    private long receivedBytes;
    private long batches;
    private long linkChanges;

    /**
     * @param clock for the times in the trace
     * @param linesMax how many packets are remembered; 0 to only count
     */
    public TracingDevice(NetworkDevice below, Clock clock, int linesMax) {
        super(below);
        this.clock = clock;
        this.log = new PacketLog(linesMax);
    }

    /**
     * The last packets, oldest first; {@code ->} was sent, {@code -x} could not be, {@code -!} was rejected
     * with an exception, {@code <-} came in:
     *
     * <pre>1000 ns -> 1514 bytes 00:16:3e:00:00:01 > 00:16:3e:00:00:02 0x0800 csum-blank gso=tcpv4/1448</pre>
     */
    public List<String> trace() {
        return log.lines();
    }

    public TraceStats stats() {
        return new TraceStats(
                sentPackets,
                sentBytes,
                refusedPackets,
                acquired,
                noRoom,
                released,
                flushes,
                receivedPackets,
                receivedBytes,
                batches,
                linkChanges);
    }

    @Override
    public NetPacket acquire(int lengthBytes) {
        NetPacket packet = super.acquire(lengthBytes);
        if (packet == null) {
            noRoom++;
        } else {
            acquired++;
        }
        return packet;
    }

    @Override
    public boolean send(NetPacket packet) {
        int bytes = packet.length();
        long number = log.note(clock.nanoTime(), packet); // it is the device's after the call
        int outcome = PacketLog.REJECTED;
        try {
            outcome = super.send(packet) ? PacketLog.SENT : PacketLog.REFUSED;
        } finally {
            log.outcome(number, outcome);
        }
        if (outcome == PacketLog.REFUSED) {
            refusedPackets++;
            return false;
        }
        sentPackets++;
        sentBytes += bytes;
        return true;
    }

    @Override
    public void release(NetPacket packet) {
        super.release(packet);
        released++;
    }

    @Override
    public void flush() {
        flushes++;
        super.flush();
    }

    @Override
    public void received(NetPacket packet) {
        receivedPackets++;
        receivedBytes += packet.length();
        log.outcome(log.note(clock.nanoTime(), packet), PacketLog.RECEIVED);
        super.received(packet);
    }

    @Override
    public void receivedAll() {
        batches++;
        super.receivedAll();
    }

    @Override
    public void linkChanged() {
        linkChanges++;
        super.linkChanged();
    }
}
