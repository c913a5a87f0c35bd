package org.xenpv.realxen;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.xenpv.event.EventLoop;
import org.xenpv.layers.Ipv4Address;
import org.xenpv.layers.UdpLayer;
import org.xenpv.netfront.NetPacket;

/**
 * An application on our stack that floods dom0 with datagrams of 64 bytes or is flooded by it, a turn at a time: what is on the wire is
 * described in native/net-datagram.h. Every byte that comes is compared.
 */
final class DatagramLoad {

    private static final int DATA_PORT = 9;
    private static final int CONTROL_PORT = 10;
    private static final int BYTES = 64;

    /** Filled before the backend is told, and before the clock is looked at. */
    private static final int BATCH = 64;

    private static final int DATA = 0x78656e30;
    private static final int SEND = DATA + 1;
    private static final int SENT = DATA + 2;
    private static final int DRAIN = DATA + 3;
    private static final int DRAINED = DATA + 4;
    private static final int HELLO = DATA + 5;
    private static final int OVER = DATA + 6;

    private static final int TURN_AT = 4;
    private static final int NUMBER_AT = 8;
    private static final int COUNT_AT = 12;
    private static final int REST_AT = 16;

    private static final long ASK_AGAIN_NS = 100_000_000L;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final EventLoop loop;
    private final UdpLayer udp;
    private final int dom0;
    private final byte[] next = new byte[BYTES];
    private final byte[] seen = new byte[BYTES];

    private NetPacket asking;
    private boolean sending;
    private boolean answered;
    private long endNs;
    private int turn;
    private int answer;
    private int count;
    private int dom0Bad;
    private int came;
    private int bad;
    private int stale;

    /** Binds both ports, for good. @param dom0 its address */
    DatagramLoad(EventLoop loop, UdpLayer udp, String dom0) {
        this.loop = loop;
        this.udp = udp;
        this.dom0 = Ipv4Address.parse(dom0);
        for (int i = REST_AT; i < BYTES; i++) {
            next[i] = (byte) i;
        }
        udp.bind(DATA_PORT, (source, port, packet) -> look(packet));
        udp.bind(CONTROL_PORT, (source, port, packet) -> look(packet));
        udp.whenWritable(this::fill);
    }

    /** Floods dom0, until it has said that it has them all. @return what came of it there, as {@code key=value} words */
    String send(long milliseconds, int number) {
        begin(number);
        ask(HELLO, 0, HELLO);
        final long beganNs = System.nanoTime();
        endNs = beganNs + milliseconds * 1_000_000;
        sending = true;
        fill();
        loop.runUntil(() -> !sending, EventLoop.NEVER);
        ask(OVER, 0, OVER); // comes behind them
        long tookNs = System.nanoTime() - beganNs;
        int sent = (int) INT.get(next, NUMBER_AT);
        ask(DRAIN, 0, DRAINED);
        return "packets=" + count + " ns=" + tookNs + " bad=" + (dom0Bad + bad) + " lost=" + (sent - count);
    }

    /** Is flooded. @return what came, as {@code key=value} words */
    String receive(int milliseconds, int number) {
        begin(number);
        long beganNs = System.nanoTime();
        ask(SEND, milliseconds, SENT);
        return "packets=" + came + " ns=" + (System.nanoTime() - beganNs) + " bad=" + bad + " lost=" + (count - came)
                + " stale=" + stale;
    }

    private void begin(int number) {
        turn = number;
        INT.set(next, 0, DATA);
        INT.set(next, TURN_AT, number);
        INT.set(next, NUMBER_AT, 0);
        INT.set(next, COUNT_AT, 0);
        came = 0;
        bad = 0;
        stale = 0;
        dom0Bad = 0;
    }

    /** As many as there is room for; what comes back makes room for more. */
    private void fill() {
        while (sending) {
            for (int i = 0; i < BATCH; i++) {
                NetPacket packet = udp.acquire(BYTES);
                if (packet == null) {
                    udp.flush();
                    sending = System.nanoTime() - endNs < 0;
                    return;
                }
                packet.copyIn(0, next, 0, BYTES);
                // What cannot go is lost, and counted where it does not come.
                udp.send(packet, DATA_PORT, dom0, DATA_PORT);
                INT.set(next, NUMBER_AT, (int) INT.get(next, NUMBER_AT) + 1);
            }
            udp.flush();
            sending = System.nanoTime() - endNs < 0;
        }
    }

    /** Asks dom0 until it has answered. */
    private void ask(int what, int number, int wanted) {
        answer = wanted;
        answered = false;
        byte[] question = next.clone();
        INT.set(question, 0, what);
        INT.set(question, NUMBER_AT, number);
        long deadlineNs = System.nanoTime() + RealGuest.PATIENCE_NS;
        while (!answered) {
            boolean room = loop.runUntil(() -> (asking = udp.acquire(BYTES)) != null, deadlineNs);
            RealGuest.check(room, "there is no room for a question to dom0");
            asking.copyIn(0, question, 0, BYTES);
            udp.send(asking, CONTROL_PORT, dom0, CONTROL_PORT);
            udp.flush();
            int before;
            do { // as long as something comes it has been heard
                before = came;
                loop.runUntil(() -> answered, System.nanoTime() + ASK_AGAIN_NS);
            } while (!answered && came != before);
            RealGuest.check(answered || System.nanoTime() - deadlineNs < 0, "dom0 does not answer");
        }
    }

    private void look(NetPacket packet) {
        if (packet.length() != BYTES) {
            bad++;
            return;
        }
        packet.copyOut(0, seen, 0, BYTES);
        int what = (int) INT.get(seen, 0);
        if ((int) INT.get(seen, TURN_AT) != turn) {
            stale++;
        } else if (what == DATA) {
            compare();
        } else if (what == answer && !answered) {
            answered = true;
            dom0Bad = what == DRAINED ? (int) INT.get(seen, NUMBER_AT) : 0;
            count = (int) INT.get(seen, COUNT_AT);
        }
    }

    /** Each once, in order, unchanged; one that is missing was lost. */
    private void compare() {
        came++;
        int number = (int) INT.get(seen, NUMBER_AT);
        if (number < (int) INT.get(next, NUMBER_AT)) {
            bad++;
        } else {
            INT.set(next, NUMBER_AT, number);
        }
        if (!Arrays.equals(seen, next)) {
            bad++;
        }
        INT.set(next, NUMBER_AT, (int) INT.get(next, NUMBER_AT) + 1);
    }
}
