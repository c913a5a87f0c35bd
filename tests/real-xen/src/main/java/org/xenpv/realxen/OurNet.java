package org.xenpv.realxen;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.layers.Ipv4Buffers;
import org.xenpv.layers.Ipv4Home;
import org.xenpv.layers.Ipv4Stack;
import org.xenpv.layers.LoopAlarms;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.netfront.NetStats;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.netfront.NetfrontDevice;
import org.xenpv.xenbus.linux.KernelDrivers;
import org.xenpv.xenbus.linux.LinuxGuest;

/**
 * The program that sends and receives through ours for side-by-side-net, as native/net-load.c does through the kernel: a command a line
 * comes in, an answer a line goes out. It has two interfaces: of one it is an application itself, on the stack of tests/layers; the other
 * is the guest's network over a TAP device, for programs that use the kernel's TCP. The event loop is as it is: it never spins.
 *
 * <pre>
 * udp-send MILLISECONDS TURN
 * udp-receive MILLISECONDS TURN
 * bridge                          serves the TAP device until the next line, "end"
 * </pre>
 */
public final class OurNet {

    private static final int DATAGRAM_BUFFERS_PAGES = 128;

    private final CountedCalls calls = new CountedCalls();
    private final LinuxGuest xen =
            LinuxGuest.open(calls, new KernelDrivers(), Main.options().withUnbind(true));
    private final EventLoop loop = xen.loop();
    private final BlockingQueue<String> commands = new LinkedBlockingQueue<>();
    private final ChronicleMemory memory = ChronicleMemory.allocatePages(DATAGRAM_BUFFERS_PAGES);
    private Interface plain;
    private Interface bridged;
    private DatagramLoad datagrams;
    private TapBridge bridge;

    private OurNet() {}

    /** @param args two directories in xenstore, the address of the first with its prefix, dom0's, the name of the TAP device */
    public static void main(String[] args) throws Exception {
        OurNet net = new OurNet();
        net.connect(args);
        Thread reader = new Thread(net::read, "commands");
        reader.setDaemon(true);
        reader.start();
        for (String line = net.commands.take(); !line.isEmpty(); line = net.commands.take()) {
            System.out.println(net.run(line));
            System.out.flush();
        }
        net.close();
        System.exit(0);
    }

    private void connect(String[] args) {
        plain = new Interface(args[0], Network.PATIENT);
        bridged = new Interface(args[1], Network.PATIENT.txPages(512));
        Ipv4Stack<NetfrontDevice> stack = new Ipv4Stack<>(
                plain.device, Ipv4Home.parse(args[2], ""), new LoopAlarms(loop), Ipv4Buffers.of(memory));
        datagrams = new DatagramLoad(loop, stack.udp(), args[3]);
        bridge = new TapBridge(bridged.device, loop, args[4]);
        System.out.println(plain.device.features() + " " + bridged.device.offloads());
        System.out.println(Contender.READY);
        System.out.flush();
    }

    /** In a thread of its own, so that the loop can go on until a line comes. An empty one is the end. */
    private void read() {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                commands.add(line);
                xen.events().wake();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            commands.add("");
            xen.events().wake();
        }
    }

    private String run(String line) throws InterruptedException {
        String[] words = line.split(" ");
        Interface used = words[0].equals("bridge") ? bridged : plain;
        NetStats before = used.device.stats();
        final long grants = xen.grants().ledger().grantsTotal();
        calls.counted();
        String answer;
        switch (words[0]) {
            case "udp-send" -> answer = datagrams.send(Long.parseLong(words[1]), Integer.parseInt(words[2]));
            case "udp-receive" -> answer = datagrams.receive(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
            case "bridge" -> answer = bridge();
            default -> throw new IllegalArgumentException("command=\"" + line + "\"");
        }
        used.check();
        return answer + counted(before, used.device.stats()) + " grants="
                + (xen.grants().ledger().grantsTotal() - grants) + " " + calls.counted();
    }

    private String bridge() throws InterruptedException {
        TapBridge.Counts before = bridge.counts();
        loop.runUntil(() -> !commands.isEmpty() || bridged.over, EventLoop.NEVER);
        String end = commands.take();
        if (!end.equals("end")) {
            throw new IllegalStateException("command=\"" + end + "\" while the bridge is served, must be end");
        }
        TapBridge.Counts now = bridge.counts();
        return "gsoOut=" + (now.gsoOut() - before.gsoOut()) + " gsoIn=" + (now.gsoIn() - before.gsoIn())
                + " bridgeDropped=" + (now.dropped() - before.dropped());
    }

    private static String counted(NetStats before, NetStats now) {
        return " txPackets=" + (now.txPackets() - before.txPackets())
                + " rxPackets=" + (now.rxPackets() - before.rxPackets())
                + " sent=" + (now.notificationsSent() - before.notificationsSent())
                + " suppressed=" + (now.notificationsSuppressed() - before.notificationsSuppressed())
                + " dropped="
                + (now.drops().values().stream().mapToLong(Long::longValue).sum()
                        - before.drops().values().stream()
                                .mapToLong(Long::longValue)
                                .sum());
    }

    private void close() {
        bridge.close();
        plain.device.close();
        bridged.device.close();
        loop.runUntil(() -> plain.over && bridged.over, System.nanoTime() + RealGuest.PATIENCE_NS);
    }

    /** One of the two, connected. */
    private final class Interface {
        private final NetfrontDevice device;
        private boolean connected;
        private boolean over;
        private XenException reason;

        Interface(String nodename, NetfrontConfig config) {
            device = new NetfrontDevice(xen, nodename, config, new NetfrontDevice.Listener() {
                @Override
                public void connected() {
                    connected = true;
                }

                @Override
                public void ended(XenException why) {
                    over = true;
                    reason = why;
                }
            });
            device.start();
            loop.runUntil(() -> connected || over, System.nanoTime() + RealGuest.PATIENCE_NS);
            if (!connected) {
                throw new XenException(nodename + " did not connect: " + reason);
            }
        }

        void check() {
            if (over || device.stats().faults() != 0) {
                throw new XenException(device.nodename() + " ended: " + reason + ", " + device.stats());
            }
        }
    }
}
