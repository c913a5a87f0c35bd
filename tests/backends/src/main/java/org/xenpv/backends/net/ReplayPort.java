package org.xenpv.backends.net;

import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.grant.GrantMapper;
import org.xenpv.io.netif.Netif;
import org.xenpv.pcapng.CaptureFormatException;
import org.xenpv.pcapng.CaptureReader;
import org.xenpv.pcapng.CapturedPacket;
import org.xenpv.pcapng.PacketComment;

/**
 * A port out of which the packets of a capture come, with what travelled beside them if the capture says so: blank checksums,
 * segmentation, hashes. Nobody is behind it: what is sent into it is discarded.
 *
 * <p>Ends with the capture, or where that is broken; {@link #failure} tells. One copy; nothing is allocated
 * but where it has to wait. Owned by the loop.
 */
public final class ReplayPort implements NetworkPort, AutoCloseable {

    private static final int PAGES = 64;
    private static final int BURST_PACKETS = 32;
    /** Past which a burst ends: with the longest packet behind it, still less than any netback keeps for a guest. */
    private static final int BURST_BYTES = 1 << 15;

    private static final long LOOK_AGAIN_NS = 1_000_000;
    private static final long DELAY_NS_MAX = Long.MAX_VALUE / 4;

    private final CaptureReader reader;
    private final CapturedPacket packet;
    private final ReplayConfig config;
    private final EventLoop loop;
    private final FrameArena arena;
    private final EventLoop.Source source = this::poll;
    private final NetFrame frame = new NetFrame();
    private final FrameHeaders headers = new FrameHeaders();

    private Sink sink;
    private EventLoop.Timer timer;
    private Runnable whenOver = () -> {};
    private boolean started;
    private boolean loaded;
    private boolean timed;
    private long firstNs;
    private long beganNs;
    private long delayNs;
    private boolean over;
    private boolean closed;
    private boolean inBurst;
    private XenException failure;

    private long frames;
    private long bytes;
    private long passedOver;
    private long cut;
    private long unfit;
    private long discarded;

    /**
     * Reads nothing before {@link #start}.
     *
     * @param mapper gives out the memory for a burst's frames, such that netbacks need not copy them
     */
    public ReplayPort(CaptureReader reader, ReplayConfig config, EventLoop loop, GrantMapper mapper) {
        this.reader = reader;
        this.packet = reader.packet();
        this.config = config;
        this.loop = loop;
        this.arena = new FrameArena(mapper.copyPages(PAGES));
    }

    /** Begins, or if nothing is plugged in, as soon as something is. @param told once, when it is over */
    public void start(Runnable told) {
        if (started || closed) {
            throw new IllegalStateException(closed ? "the port is closed" : "the replay has been started before");
        }
        started = true;
        whenOver = told;
        loop.addSource(source);
        lookAgain(loop.clock().nanoTime());
    }

    /** Whether there is nothing more to come. */
    public boolean isOver() {
        return over;
    }

    /** Why it ended before the capture did, or null. */
    public XenException failure() {
        return failure;
    }

    public ReplayStats stats() {
        return new ReplayStats(frames, bytes, passedOver, cut, unfit, discarded);
    }

    @Override
    public PortOffloads offloads() {
        return PortOffloads.ALL;
    }

    /** Nobody is there to listen. */
    @Override
    public boolean carrier() {
        return false;
    }

    @Override
    public boolean send(NetFrame sent) {
        discarded++;
        return false;
    }

    @Override
    public void flush() {}

    @Override
    public void plug(Sink plugged) {
        sink = plugged;
    }

    // ---- when

    private void lookAgain(long atNs) {
        if (timer == null) {
            timer = loop.at(atNs, this::wake);
        }
    }

    private void wake() {
        timer = null;
        if (poll()) {
            lookAgain(loop.clock().nanoTime());
        }
    }

    private boolean poll() {
        if (over || sink == null || inBurst) {
            if (!over) {
                lookAgain(loop.clock().nanoTime() + LOOK_AGAIN_NS);
            }
            return false;
        }
        if (config.spacing() == ReplayConfig.Spacing.AS_TAKEN && !sink.ready()) {
            lookAgain(loop.clock().nanoTime() + LOOK_AGAIN_NS);
            return false;
        }
        inBurst = true;
        try {
            return burst(sink) > 0;
        } catch (XenException broken) {
            failure = broken;
            end();
            return true;
        } finally {
            inBurst = false;
            if (closed) {
                arena.close();
            }
        }
    }

    /** Whether the packet's time has come; sees to it that it is looked at again if not. */
    private boolean isDue() {
        if (config.spacing() == ReplayConfig.Spacing.AS_TAKEN) {
            return true;
        }
        long now = loop.clock().nanoTime();
        if (!timed) {
            timed = true;
            firstNs = packet.timeNs();
            beganNs = now;
        }
        if (packet.timeNs() > firstNs) {
            long apart = packet.timeNs() - firstNs;
            delayNs = Math.max(delayNs, apart < 0 || apart > DELAY_NS_MAX ? DELAY_NS_MAX : apart);
        }
        long due = beganNs + delayNs;
        if (due - now > 0) {
            lookAgain(due);
            return false;
        }
        return true;
    }

    // ---- what

    /** @return how many packets it has read or sent */
    private int burst(Sink to) {
        arena.reset();
        long before = frames;
        long bytesMax = bytes + BURST_BYTES;
        int seen = 0;
        try {
            while (seen < BURST_PACKETS && bytes < bytesMax && !over && arena.hasRoom()) {
                if (!loaded) {
                    if (!reader.next()) {
                        end();
                        seen++;
                        break;
                    }
                    loaded = isWanted();
                    seen += loaded ? 0 : 1;
                } else if (isDue()) {
                    loaded = false;
                    seen++;
                    pass(to);
                } else {
                    break;
                }
            }
        } finally {
            if (frames > before) {
                to.receivedAll();
            }
        }
        return seen;
    }

    private boolean isWanted() {
        if (!config.which().includes(packet) || packet.comment().dropped()) {
            passedOver++;
        } else if (packet.length() < packet.originalLength()) {
            cut++;
        } else if (packet.length() < FrameHeaders.ETHERNET_BYTES || packet.length() > Netif.XEN_NETIF_MAX_TX_SIZE) {
            unfit++;
        } else {
            return true;
        }
        return false;
    }

    private void pass(Sink to) {
        int length = packet.length();
        int at = arena.take(length);
        arena.pages().memory().copyIn(at, packet.bytes(), packet.at(), length);
        frame.set(arena.pages(), at, length, FrameArena.HEADROOM);
        if (!packet.comment().isEmpty()) {
            describe(packet.comment());
        }
        frames++;
        bytes += length;
        to.received(frame);
    }

    /** Says of the frame what the comment says, if that can be. */
    private void describe(PacketComment comment) {
        headers.parse(frame);
        int type = comment.gsoType();
        boolean gso = type != Netif.XEN_NETIF_GSO_TYPE_NONE;
        int version = type == Netif.XEN_NETIF_GSO_TYPE_TCPV6 ? 6 : 4;
        if (comment.csumBlank() && !headers.hasTransport()) {
            throw unfit(comment, "there is no whole TCP or UDP header");
        }
        if (gso && !(comment.csumBlank() && headers.isTcp() && headers.version() == version)) {
            throw unfit(comment, "it is no such TCP packet with a blank checksum");
        }
        if (gso && comment.gsoSize() > headers.end() - headers.payload()) {
            throw unfit(comment, "its payload has " + (headers.end() - headers.payload()) + " bytes");
        }
        frame.csumBlank(comment.csumBlank());
        frame.dataValidated(comment.dataValidated());
        frame.gso(type, comment.gsoSize());
        frame.hash(comment.hashAlgorithm(), comment.hashType(), comment.hashValue());
    }

    private CaptureFormatException unfit(PacketComment comment, String reason) {
        return new CaptureFormatException(
                packet.offsetBytes(), "the packet's comment is \"" + comment + "\", but " + reason);
    }

    private void end() {
        if (!over) {
            over = true;
            stop();
            whenOver.run();
        }
    }

    private void stop() {
        if (started) {
            loop.removeSource(source);
        }
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    /** Ends the replay where it is; the capture stays the caller's. Idempotent, never throws. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        over = true;
        stop();
        if (!inBurst) { // else the sink may still hold frames of this burst
            arena.close();
        }
    }
}
