package org.xenpv.layers;

import org.xenpv.netfront.NetPacket;

/**
 * Finds the stations of IPv4 neighbours (RFC 826) and brings packets to them; answers who asks for us.
 *
 * <p>A neighbour is remembered when it asks for us or answers. One that is in use is asked again, itself only, when what is
 * known of it gets old, and packets go on meanwhile.
 *
 * <pre>
 *  0      2      4    5    6    8            14       18           24       28
 *  +------+------+----+----+----+------------+--------+------------+--------+
 *  | 1    | 0800 | 6  | 4  | op | sender MAC | IPv4   | target MAC | IPv4   |
 *  +------+------+----+----+----+------------+--------+------------+--------+
 * </pre>
 *
 * @param <L> the Ethernet below
 */
public final class Arp<L extends EthernetLayer> implements Ipv4Link {

    static final int BYTES = 28;

    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final int ETHERNET_IPV4 = 0x0001_0800;
    private static final int LENGTHS = 0x0604;
    private static final int REQUEST = 1;
    private static final int REPLY = 2;
    private static final int LENGTHS_AT = 4;
    private static final int OP_AT = 6;
    private static final int SENDER_MAC_AT = 8;
    private static final int SENDER_AT = 14;
    private static final int TARGET_MAC_AT = 18;
    private static final int TARGET_AT = 24;

    private final L ethernet;
    private final Ipv4Home home;
    private final Alarms alarms;
    private final ArpConfig config;
    private final ArpTable table;
    private final ArpQueue queue;
    private final Alarms.Alarm alarm;
    private final ArpCounters counters = new ArpCounters();
    private boolean carrier;

    public Arp(L ethernet, Ipv4Home home, Alarms alarms, ArpConfig config) {
        this.ethernet = ethernet;
        this.home = home;
        this.alarms = alarms;
        this.config = config;
        this.table = new ArpTable(config.neighbours(), config.asked());
        this.queue = new ArpQueue(config.waiting());
        this.alarm = alarms.alarm(this::due);
        this.carrier = ethernet.carrier();
        ethernet.receiver(EthernetLayer.TYPE_ARP, this::arpReceived);
        ethernet.whenLinkChanges(this::linkChanged);
    }

    public ArpCounters counters() {
        return counters;
    }

    /** The station of a neighbour, or -1 if it is not known. */
    public long stationOf(int neighbour) {
        ArpTable.Entry entry = table.find(neighbour);
        return entry != null && entry.isKnown() ? entry.mac : -1;
    }

    /** Tells everybody which station has our address (gratuitous ARP, RFC 5227). Done too when the link comes up. */
    public void announce() {
        sendArp(REQUEST, BROADCAST, 0, home.address());
        ethernet.flush();
    }

    private void linkChanged() {
        boolean before = carrier;
        carrier = ethernet.carrier();
        if (carrier && !before) {
            announce();
        }
    }

    /** Drops what waits and asks nobody any more. */
    public void close() {
        alarm.cancel();
        for (NetPacket packet = queue.take(); packet != null; packet = queue.take()) {
            dropUnresolved(packet);
        }
    }

    // ---- on the way out

    @Override
    public int payloadBytesMax() {
        return ethernet.payloadBytesMax();
    }

    @Override
    public NetPacket acquire(int payloadBytes) {
        return ethernet.acquire(payloadBytes);
    }

    @Override
    public void release(NetPacket packet) {
        ethernet.release(packet);
    }

    @Override
    public void flush() {
        ethernet.flush();
    }

    @Override
    public boolean mayLeaveChecksum(NetPacket packet) {
        return ethernet.mayLeaveChecksum(packet);
    }

    @Override
    public void whenWritable(Runnable action) {
        ethernet.whenWritable(action);
    }

    @Override
    public boolean send(NetPacket packet, int nextHop) {
        ArpTable.Entry entry = table.find(nextHop);
        if (entry != null && entry.isKnown()) {
            entry.used = true;
            return ethernet.send(packet, entry.mac, EthernetLayer.TYPE_IPV4);
        }
        return sendLater(packet, nextHop, entry);
    }

    private boolean sendLater(NetPacket packet, int nextHop, ArpTable.Entry found) {
        if (found == null) {
            ArpTable.Entry entry = table.addAsked(nextHop);
            if (entry == null) {
                counters.drop(ArpCounters.Drop.SEND_TABLE_FULL);
                ethernet.release(packet);
                return false;
            }
            ask(entry, BROADCAST, 0, alarms.nowNs());
        }
        if (!queue.add(packet, nextHop)) {
            counters.drop(ArpCounters.Drop.SEND_QUEUE_FULL);
            ethernet.release(packet);
            return false;
        }
        return true;
    }

    private void ask(ArpTable.Entry entry, long destination, long targetMac, long nowNs) {
        entry.tries++;
        entry.deadlineNs = nowNs + config.retryNs();
        alarm.atOrBefore(entry.deadlineNs);
        sendArp(REQUEST, destination, targetMac, entry.address);
    }

    private void sendArp(int op, long destination, long targetMac, int target) {
        NetPacket packet = ethernet.payloadBytesMax() < BYTES ? null : ethernet.acquire(BYTES);
        if (packet == null) {
            counters.drop(ArpCounters.Drop.SEND_NO_ROOM);
            return;
        }
        packet.putInt(0, ETHERNET_IPV4);
        packet.putU16(LENGTHS_AT, LENGTHS);
        packet.putU16(OP_AT, op);
        Ethernet.putAddress(packet, SENDER_MAC_AT, ethernet.address());
        packet.putInt(SENDER_AT, home.address());
        Ethernet.putAddress(packet, TARGET_MAC_AT, targetMac);
        packet.putInt(TARGET_AT, target);
        if (ethernet.send(packet, destination, EthernetLayer.TYPE_ARP)) {
            counters.countSent();
        }
    }

    // ---- deadlines

    private void due() {
        long nowNs = alarms.nowNs();
        for (int i = 0; i < table.size(); i++) {
            ArpTable.Entry entry = table.entry(i);
            if (entry.state != ArpTable.State.FREE && entry.deadlineNs - nowNs <= 0) {
                due(entry, nowNs);
            }
            if (entry.state != ArpTable.State.FREE) {
                alarm.atOrBefore(entry.deadlineNs);
            }
        }
        ethernet.flush();
    }

    private void due(ArpTable.Entry entry, long nowNs) {
        boolean asking = entry.state != ArpTable.State.KNOWN;
        if (asking && entry.tries < config.tries()) {
            boolean asked = entry.state == ArpTable.State.ASKED;
            ask(entry, asked ? BROADCAST : entry.mac, asked ? 0 : entry.mac, nowNs);
        } else if (asking || !entry.used) {
            table.remove(entry);
            for (NetPacket packet = queue.take(entry.address); packet != null; packet = queue.take(entry.address)) {
                dropUnresolved(packet);
            }
        } else {
            entry.state = ArpTable.State.CONFIRMING;
            ask(entry, entry.mac, entry.mac, nowNs);
        }
    }

    private void dropUnresolved(NetPacket packet) {
        counters.drop(ArpCounters.Drop.SEND_UNRESOLVED);
        ethernet.release(packet);
    }

    // ---- on the way in

    @Override
    public void receiver(Receiver receiver) {
        ethernet.receiver(EthernetLayer.TYPE_IPV4, (source, packet) -> receiver.received(packet));
    }

    private void arpReceived(long source, NetPacket packet) {
        if (packet.length() < BYTES || packet.fragmentBytes(0) < BYTES) {
            counters.drop(ArpCounters.Drop.SHORT);
            return;
        }
        int op = packet.getU16(OP_AT);
        if (packet.getInt(0) != ETHERNET_IPV4 || packet.getU16(LENGTHS_AT) != LENGTHS || op != REQUEST && op != REPLY) {
            counters.drop(ArpCounters.Drop.MALFORMED);
            return;
        }
        long mac = Ethernet.getAddress(packet, SENDER_MAC_AT);
        int sender = packet.getInt(SENDER_AT);
        boolean probe = sender == 0 && op == REQUEST;
        if (sender == home.address()) {
            counters.drop(ArpCounters.Drop.CONFLICT);
            return;
        }
        if (mac == 0 || Ethernet.isGroup(mac) || mac == ethernet.address() || !probe && !home.isNeighbour(sender)) {
            counters.drop(ArpCounters.Drop.BAD_SENDER);
            return;
        }
        boolean toUs = packet.getInt(TARGET_AT) == home.address();
        boolean learned = !probe && learn(sender, mac, toUs);
        if (!toUs && !learned) {
            counters.drop(ArpCounters.Drop.NOT_FOR_US);
            return;
        }
        counters.countReceived();
        if (toUs && op == REQUEST) {
            sendArp(REPLY, mac, mac, sender);
        }
    }

    /** Whoever is known already may say that it moved; others are remembered if it is us they talk to. */
    private boolean learn(int sender, long mac, boolean toUs) {
        ArpTable.Entry entry = table.find(sender);
        if (entry != null) {
            table.heard(entry, mac);
        } else if (toUs) {
            entry = table.addKnown(sender, mac);
        }
        if (entry == null) {
            return false;
        }
        entry.tries = 0;
        entry.used = false;
        entry.deadlineNs = alarms.nowNs() + config.ageNs();
        alarm.atOrBefore(entry.deadlineNs);
        for (NetPacket packet = queue.take(sender); packet != null; packet = queue.take(sender)) {
            ethernet.send(packet, mac, EthernetLayer.TYPE_IPV4);
            entry.used = true;
        }
        return true;
    }
}
