package org.xenpv.realxen;

import java.util.HashMap;
import java.util.Map;
import java.util.function.IntPredicate;
import org.xenpv.netfront.MacAddress;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;

/** Xen-netback's filter of groups, behind a bridge of dom0's: what was not joined does not arrive, what was does, what was left does not. */
final class NetMulticast implements Scenario {

    private static final String GROUP = "239.1.1.1";
    private static final String MARK = "239.1.1.2";

    private static final int SENT = 3;
    private static final int ROUNDS = 20;

    /** Frames that came, by destination. */
    private final Map<MacAddress, Integer> came = new HashMap<>();

    @Override
    public void run(RealGuest guest) {
        guest.dom0().run("net-attach");
        try (Vif vif = new Vif(guest, Network.PATIENT.txPages(64).multicastControl(true))) {
            RealGuest.check(vif.device().features().multicastControl(), "no control of multicast");
            vif.device().receiver(new NetworkDevice.Receiver() {
                @Override
                public void received(NetPacket packet) {
                    long bits = (long) packet.getU16(0) << 32 | packet.getInt(2) & 0xffff_ffffL;
                    came.merge(new MacAddress(bits), 1, Integer::sum);
                }
            });
            guest.dom0().run("net-bridge");
            vif.device().joinMulticast(mac(MARK));
            rounds(guest, vif, "none of a group that was not joined", count -> count == 0);
            vif.device().joinMulticast(mac(GROUP));
            rounds(guest, vif, "all of a group that was joined", count -> count == SENT);
            vif.device().leaveMulticast(mac(GROUP));
            rounds(guest, vif, "none of a group that was left", count -> count == 0);
            vif.device().multicastFilter(false);
            rounds(guest, vif, "all without the filter", count -> count == SENT);
            vif.device().multicastFilter(true);
            rounds(guest, vif, "none with the filter again", count -> count == 0);
            System.out.println(vif.device().stats());
            RealGuest.checkEqual(vif.device().stats().multicastRefused(), 0L, "changes refused");
            RealGuest.checkEqual(vif.device().stats().faults(), 0L, "faults");
        } finally {
            guest.dom0().run("net-detach");
        }
    }

    /** Dom0 hears of a change when it hears of it: sends again until it has, within reason. */
    private void rounds(RealGuest guest, Vif vif, String what, IntPredicate expected) {
        int count = -1;
        for (int round = 0; round < ROUNDS; round++) {
            came.clear();
            guest.dom0().run("net-multicast " + GROUP + " " + SENT + "; net-multicast " + MARK + " 1");
            if (round == 0 || came.isEmpty()) {
                guest.xen().loop().runUntil(() -> came.containsKey(mac(MARK)), System.nanoTime() + 2_000_000_000L);
            }
            count = came.getOrDefault(mac(GROUP), 0);
            System.out.println(what + ": round " + round + " " + came);
            if (came.containsKey(mac(MARK)) && expected.test(count)) {
                return;
            }
        }
        throw new AssertionError(what + ": " + count + " of " + SENT + " arrived, " + came);
    }

    /** Of an IPv4 group, RFC 1112. */
    private static MacAddress mac(String group) {
        long bits = 0x01_00_5e_00_00_00L;
        String[] numbers = group.split("\\.");
        for (int i = 1; i < numbers.length; i++) {
            bits |= (long) (Integer.parseInt(numbers[i]) & (i == 1 ? 0x7f : 0xff)) << 8 * (3 - i);
        }
        return new MacAddress(bits);
    }
}
