package org.xenpv.netfront.wrapper;

import org.xenpv.event.EventLoop;
import org.xenpv.memory.SharedMemory;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;
import org.xenpv.xenstore.Jitter;

/**
 * A network that loses, repeats, damages, swaps and delays packets, drawn from a seed: the same seed and the same packets give the
 * same faults. Switching one fault on moves none of the others.
 *
 * <p>What is sent and lost or held counts as sent. Held packets stay the device's below until they go: they take room there. What
 * {@link #send} rejects with an exception it rejects only if the packet would have gone at once.
 *
 * <p>Allocates nothing per packet but a timer when one is held.
 */
public final class FaultyDevice extends NetworkWrapper implements AutoCloseable {

    /** Memory for one packet received that is held or repeated. */
    public static final int SLOT_BYTES = PacketSlots.SLOT_BYTES;

    private final FaultLane sending;
    private final FaultLane receiving;
    private final PacketSlots slots;

    /**
     * @param loop whose timers are used, of the same thread as the device
     * @param memory where packets received are held and copied: {@link #SLOT_BYTES} each; the caller's, who gives it back after
     *     {@link #close}. Null if {@code forReceived} neither duplicates, reorders nor delays
     */
    public FaultyDevice(
            NetworkDevice below,
            EventLoop loop,
            long seed,
            FaultConfig forSent,
            FaultConfig forReceived,
            SharedMemory memory) {
        super(below);
        slots = new PacketSlots(memory);
        if (forReceived.keeps() && slots.count() == 0) {
            throw new IllegalArgumentException("memory=" + (memory == null ? "null" : memory.sizeBytes() + " bytes")
                    + ", must have at least " + SLOT_BYTES + " to hold packets received");
        }
        Jitter seeds = new Jitter(seed);
        sending = new FaultLane(forSent, loop, seeds.nextLong(), new SendRoad());
        receiving = new FaultLane(forReceived, loop, seeds.nextLong(), new ReceiveRoad());
    }

    public FaultStats sentStats() {
        return sending.stats();
    }

    public FaultStats receivedStats() {
        return receiving.stats();
    }

    /** Ends all faults, and hands on what is held. */
    public void heal() {
        sending.heal();
        receiving.heal();
    }

    /** Ends all faults, and drops what is held. The device below stays open, and this one lets everything pass. Idempotent. */
    @Override
    public void close() {
        sending.close();
        receiving.close();
    }

    @Override
    public boolean send(NetPacket packet) {
        if (!sending.survives(packet)) {
            super.release(packet);
            return true;
        }
        NetPacket again = sending.duplicate(packet);
        boolean sent = true;
        if (!sending.holds(packet)) {
            sent = sendNow(packet, again);
        }
        sending.pass(again);
        return sent;
    }

    private boolean sendNow(NetPacket packet, NetPacket again) {
        boolean sent;
        try {
            sent = super.send(packet);
        } catch (IllegalArgumentException rejected) {
            if (again != null) {
                super.release(again);
            }
            throw rejected;
        }
        sending.overtaken();
        return sent;
    }

    @Override
    public void received(NetPacket packet) {
        if (!receiving.survives(packet)) {
            return;
        }
        NetPacket again = receiving.duplicate(packet); // before the receiver changes it
        try {
            if (!receiving.holds(packet)) {
                super.received(packet);
                receiving.overtaken();
            }
        } finally {
            receiving.pass(again);
        }
    }

    private void handOn(NetPacket packet) {
        super.received(packet);
    }

    private void handedOn() {
        super.receivedAll();
    }

    private final class SendRoad implements FaultLane.Road {

        @Override
        public NetPacket copy(NetPacket packet) {
            NetPacket copy = below().acquire(packet.length());
            if (copy != null) {
                packet.copyTo(copy);
            }
            return copy;
        }

        @Override
        public NetPacket keep(NetPacket packet) {
            return packet;
        }

        @Override
        public boolean passKept(NetPacket kept) {
            try {
                return below().send(kept);
            } catch (IllegalArgumentException rejected) {
                below().release(kept); // what it asks for is no longer offered, or never was
                return false;
            }
        }

        @Override
        public void giveUp(NetPacket kept) {
            below().release(kept);
        }

        @Override
        public void passed() {
            below().flush();
        }
    }

    private final class ReceiveRoad implements FaultLane.Road {

        @Override
        public NetPacket copy(NetPacket packet) {
            return slots.copy(packet);
        }

        @Override
        public NetPacket keep(NetPacket packet) {
            return slots.copy(packet);
        }

        @Override
        public boolean passKept(NetPacket kept) {
            try {
                handOn(kept);
            } finally {
                slots.free(kept);
            }
            return true;
        }

        @Override
        public void giveUp(NetPacket kept) {
            slots.free(kept);
        }

        @Override
        public void passed() {
            handedOn();
        }
    }
}
