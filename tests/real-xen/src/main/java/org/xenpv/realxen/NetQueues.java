package org.xenpv.realxen;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.fault.XenException;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.ToeplitzHash;
import org.xenpv.netfront.NetHash;

/** Two queues, and the hash that the control ring sets up: xen-netback says it with every packet, and we get the same. */
final class NetQueues implements Scenario {

    private static final byte[] KEY = new byte[40];
    private static final byte[] ADDRESSES = {10, 0, 0, 1, 10, 0, 0, 2};
    private static final int PORT = 9;

    static {
        for (int i = 0; i < KEY.length; i++) {
            KEY[i] = (byte) (i * 37 + 11);
        }
    }

    private record Hash(int algorithm, int type, int value) {}

    @Override
    public void run(RealGuest guest) {
        guest.dom0().run("net-attach");
        try (Network net = new Network(guest, Network.PATIENT.txPages(64).queuesMax(2))) {
            guest.dom0().run("net-up");
            System.out.println(net.device().features());
            RealGuest.checkEqual(net.device().features().queues(), 2, "queues");
            RealGuest.check(net.device().features().ctrlRing(), "there is no control ring");
            net.pinged(5, 56);
            for (int flow = 0; flow < 6; flow++) {
                net.echoes(1000); // each from another port
            }
            hash(guest, net);
            net.echoes(1400);
            RealGuest.checkEqual(net.device().stats().faults(), 0L, "faults");
        } finally {
            guest.dom0().run("net-detach");
        }
        RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, "pages lent");
    }

    private static void hash(RealGuest guest, Network net) {
        List<XenException> answers = new ArrayList<>();
        int types = Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4 | Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP;
        net.device().hash(new NetHash(KEY, types, 0, 1, 1, 0), answers::add);
        net.until(() -> !answers.isEmpty(), "an answer to setting up a hash");
        RealGuest.check(answers.get(0) == null, "the hash was refused: " + answers.get(0));
        List<Hash> seen = new ArrayList<>();
        net.stack()
                .udp()
                .bind(
                        PORT,
                        (source, port, packet) ->
                                seen.add(new Hash(packet.hashAlgorithm(), packet.hashType(), packet.hashValue())));
        guest.dom0().run("udp-send " + Network.OURS + " " + PORT);
        net.until(() -> !seen.isEmpty(), "a datagram");
        net.stack().udp().unbind(PORT);
        int value = new ToeplitzHash(KEY).of(ADDRESSES, ADDRESSES.length);
        RealGuest.checkEqual(
                seen.get(0),
                new Hash(Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ, Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4_BIT, value),
                "the hash that came with a datagram");
    }
}
