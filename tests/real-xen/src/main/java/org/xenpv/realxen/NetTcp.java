package org.xenpv.realxen;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.security.MessageDigest;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.xenpv.netfront.NetFeature;
import org.xenpv.netfront.NetStats;
import org.xenpv.netfront.NetfrontConfig;

/** The TCP of this guest's kernel through our interface to that of dom0's: whole segments both ways, and none where that is switched off. */
final class NetTcp implements Scenario {

    private static final String TAP = "tap0";
    private static final int PORT = 5001;
    private static final int BYTES = 4 << 20;
    private static final long SEED = 20261124;

    @Override
    public void run(RealGuest guest) throws Exception {
        command("insmod", "/lib/tun.ko");
        guest.dom0().run("net-attach");
        try {
            TapBridge.Counts all = pass(guest, Network.PATIENT);
            RealGuest.check(all.gsoOut() > 0 && all.gsoIn() > 0, "nothing was left to be segmented: " + all);
            RealGuest.check(all.blankOut() > 0 && all.blankIn() > 0, "no checksum was left blank: " + all);
            TapBridge.Counts none = pass(
                    guest,
                    Network.PATIENT.without(
                            NetFeature.GSO_V4, NetFeature.GSO_V6, NetFeature.CSUM_V4, NetFeature.CSUM_V6));
            RealGuest.check(
                    none.gsoOut() + none.gsoIn() + none.blankOut() + none.blankIn() == 0,
                    "something was left to do that was switched off: " + none);
        } finally {
            guest.dom0().run("net-detach");
            command("rmmod", "tun");
        }
        RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, "pages lent");
    }

    private static TapBridge.Counts pass(RealGuest guest, NetfrontConfig config) throws Exception {
        try (Vif vif = new Vif(guest, config);
                TapBridge bridge = new TapBridge(vif.device(), guest.xen().loop(), TAP)) {
            System.out.println(vif.device().features());
            guest.dom0().run("net-up6");
            command("ip", "link", "set", TAP, "address", vif.device().mac().toString());
            command(
                    "ip",
                    "link",
                    "set",
                    TAP,
                    "mtu",
                    Integer.toString(vif.device().mtu()));
            command("ip", "addr", "add", Network.OURS + "/24", "dev", TAP);
            command("ip", "-6", "addr", "add", "fd00::2/64", "dev", TAP);
            command("ip", "link", "set", TAP, "up");
            both(guest, vif, "4", Network.THEIRS, Network.OURS);
            System.out.println(bridge.counts() + " " + vif.device().stats());
            both(guest, vif, "6", "fd00::1", "fd00::2");
            NetStats stats = vif.device().stats();
            System.out.println(bridge.counts() + " " + stats);
            RealGuest.checkEqual(stats.faults(), 0L, "faults");
            return bridge.counts();
        }
    }

    /** A transfer each way, digests compared. */
    private static void both(RealGuest guest, Vif vif, String ip, String theirs, String ours) throws Exception {
        byte[] bytes = new byte[BYTES];
        new Random(SEED).nextBytes(bytes);
        long began = System.nanoTime();
        String sink = "tcp-sink " + ip + " " + PORT;
        guest.dom0().start(sink);
        FutureTask<Void> sending = inThread(guest, () -> send(theirs, bytes));
        vif.until(sending::isDone, "the end of sending");
        sending.get();
        RealGuest.checkEqual(guest.dom0().result(sink), Sha256.of(bytes), "what dom0 received over IPv" + ip);
        System.out.println("IPv" + ip + " out " + (System.nanoTime() - began) / 1_000_000 + " ms");
        began = System.nanoTime();
        try (ServerSocket listening = new ServerSocket()) {
            listening.bind(new InetSocketAddress(InetAddress.getByName(ours), PORT));
            FutureTask<String> receiving = inThread(guest, () -> receive(listening));
            String sent = guest.dom0().run("tcp-source " + ip + " " + ours + " " + PORT + " " + BYTES);
            vif.until(receiving::isDone, "the end of receiving");
            RealGuest.checkEqual(receiving.get(), sent, "what came from dom0 over IPv" + ip);
        }
        System.out.println("IPv" + ip + " in " + (System.nanoTime() - began) / 1_000_000 + " ms");
    }

    /** The loop goes on meanwhile, and is woken at the end. */
    private static <T> FutureTask<T> inThread(RealGuest guest, Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = new Thread(() -> {
            task.run();
            guest.xen().events().wake();
        });
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    /** Dom0 may not listen yet, or its address not be in use yet. */
    private static Void send(String host, byte[] bytes) throws Exception {
        long deadlineNs = System.nanoTime() + RealGuest.PATIENCE_NS;
        while (true) {
            try (Socket socket = new Socket(host, PORT);
                    OutputStream out = socket.getOutputStream()) {
                out.write(bytes);
                return null;
            } catch (ConnectException | NoRouteToHostException early) {
                if (System.nanoTime() > deadlineNs) {
                    throw early;
                }
                Thread.sleep(100);
            } catch (SocketException failed) {
                throw new IOException("sending to " + host + ": " + failed.getMessage(), failed);
            }
        }
    }

    private static String receive(ServerSocket listening) throws Exception {
        MessageDigest sha256 = Sha256.begin();
        byte[] buffer = new byte[1 << 16];
        try (Socket socket = listening.accept();
                InputStream in = socket.getInputStream()) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                sha256.update(buffer, 0, count);
            }
        }
        return Sha256.hex(sha256);
    }

    private static void command(String... words) throws Exception {
        int status = new ProcessBuilder(words).inheritIO().start().waitFor();
        RealGuest.checkEqual(status, 0, "the exit status of " + String.join(" ", words));
    }
}
