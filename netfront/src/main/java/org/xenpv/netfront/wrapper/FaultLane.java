package org.xenpv.netfront.wrapper;

import org.xenpv.event.EventLoop;
import org.xenpv.netfront.NetPacket;

/**
 * Packets going one way, and what happens to them. Every packet given to {@link #travel} or copied by the road is passed on or
 * given up, once.
 */
final class FaultLane {

    /** How packets of this way are kept and handed on. */
    interface Road {

        /** A copy to be handed on; null if there is no room. */
        NetPacket copy(NetPacket packet);

        /** What is to be held in place of this packet: itself, or a copy; null if there is no room. */
        NetPacket keep(NetPacket packet);

        /** Hands on what was copied or kept, which is gone then. @return whether it could */
        boolean passKept(NetPacket kept);

        /** Gives up what was copied or kept. */
        void giveUp(NetPacket kept);

        /** Packets were handed on that nobody asked for at this moment: makes them visible. */
        void passed();
    }

    private final FaultConfig config;
    private final EventLoop loop;
    private final Road road;
    private final FaultDraw draw;
    private final HeldPackets held;
    private final Runnable whenDue = this::runDue;
    private EventLoop.Timer timer;
    private long timerNs = EventLoop.NEVER;
    private boolean healed;

    private long packets;
    private long dropped;
    private long duplicated;
    private long corrupted;
    private long reordered;
    private long delayed;
    private long skipped;
    private long refused;

    FaultLane(FaultConfig config, EventLoop loop, long seed, Road road) {
        this.config = config;
        this.loop = loop;
        this.road = road;
        this.draw = new FaultDraw(config, seed);
        this.held = new HeldPackets(config.heldMax());
    }

    FaultStats stats() {
        return new FaultStats(
                packets, dropped, duplicated, corrupted, reordered, delayed, skipped, refused, held.size());
    }

    /** Decides about the next packet, and damages it if that is what happens to it. @return false if it is lost */
    boolean survives(NetPacket packet) {
        packets++;
        if (healed) {
            return true;
        }
        draw.next();
        if (draw.drop) {
            dropped++;
            return false;
        }
        if (draw.corrupt && !packet.csumBlank() && packet.length() > 0) {
            int position = draw.damagedByte(packet.length());
            packet.putU8(position, packet.getU8(position) ^ draw.damage());
            packet.dataValidated(false); // whoever relies on it shall look
            corrupted++;
        }
        return true;
    }

    /** A copy of the packet decided about, if it is to be seen twice; null if not, or if there is no room. */
    NetPacket duplicate(NetPacket packet) {
        if (healed || !draw.duplicate) {
            return null;
        }
        NetPacket copy = road.copy(packet);
        if (copy == null) {
            skipped++;
        } else {
            duplicated++;
        }
        return copy;
    }

    /** Keeps the packet decided about, if it is to wait. @return false if it goes on at once */
    boolean holds(NetPacket packet) {
        if (healed || !draw.reorder && !draw.delay) {
            return false;
        }
        NetPacket kept = held.isFull() ? null : road.keep(packet);
        if (kept == null) {
            skipped++;
            return false;
        }
        long dueNs = loop.clock().nanoTime() + (draw.reorder ? config.holdNs() : draw.holdNs);
        held.add(kept, dueNs == EventLoop.NEVER ? dueNs + 1 : dueNs, draw.reorder);
        if (draw.reorder) {
            reordered++;
        } else {
            delayed++;
        }
        arm();
        return true;
    }

    /** Hands on what was copied or kept. */
    void pass(NetPacket kept) {
        if (kept != null && !road.passKept(kept)) {
            refused++;
        }
    }

    /** A packet has gone by: those that waited for one go on. */
    void overtaken() {
        for (int left = held.size(); left > 0; left--) {
            NetPacket next = held.takeOvertaken();
            if (next == null) {
                return;
            }
            pass(next);
        }
    }

    /** Hands on all that is held, and lets everything pass from now on. */
    void heal() {
        healed = true;
        disarm();
        boolean any = held.size() > 0;
        for (NetPacket next = held.takeAny(); next != null; next = held.takeAny()) {
            pass(next);
        }
        if (any) {
            road.passed();
        }
    }

    /** Gives up all that is held, and lets everything pass from now on. */
    void close() {
        healed = true;
        disarm();
        for (NetPacket next = held.takeAny(); next != null; next = held.takeAny()) {
            road.giveUp(next);
        }
    }

    private void runDue() {
        timer = null;
        timerNs = EventLoop.NEVER;
        long nowNs = loop.clock().nanoTime();
        boolean any = false;
        for (int left = held.size(); left > 0; left--) {
            NetPacket next = held.takeDue(nowNs);
            if (next == null) {
                break;
            }
            any = true;
            pass(next);
        }
        if (any) {
            road.passed();
        }
        arm();
    }

    private void arm() {
        long nextNs = held.nextNs();
        if (healed || nextNs == EventLoop.NEVER || timer != null && timerNs - nextNs <= 0) {
            return;
        }
        disarm();
        timer = loop.at(nextNs, whenDue);
        timerNs = nextNs;
    }

    private void disarm() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }
}
