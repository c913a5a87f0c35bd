package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.netfront.NetPacket;

class ArpTest {

    private static final long SECOND_NS = 1_000_000_000L;
    private static final long RIGHT_MAC = 0x00163e000002L;
    private static final int TWO = Ipv4Address.parse("192.0.2.2");

    private final Cable cable = new Cable().recording();
    private final Host host = new Host(cable.left(), "192.0.2.1/24");

    @AfterEach
    void close() {
        host.close();
        cable.close();
    }

    /** A request or reply; {@code op} 1 or 2. */
    private static byte[] arp(int op, String senderMac, String sender, String target) {
        return Bytes.toLeft(
                0x0806,
                Bytes.join(
                        Bytes.of("0001 0800 06 04 000" + op + senderMac),
                        address(sender),
                        Bytes.of("000000000000"),
                        address(target),
                        new byte[18]));
    }

    private static byte[] address(String text) {
        int address = Ipv4Address.parse(text);
        return new byte[] {(byte) (address >> 24), (byte) (address >> 16), (byte) (address >> 8), (byte) address};
    }

    private boolean send(int destination) {
        NetPacket packet = host.stack.udp().acquire(4);
        packet.putInt(0, 0x01020304);
        boolean sent = host.stack.udp().send(packet, 9, destination, 9);
        host.stack.udp().flush();
        cable.carry();
        return sent;
    }

    private long dropped(ArpCounters.Drop reason) {
        return host.stack.arp().counters().dropped(reason);
    }

    @Test
    void shouldAnswer_whenSomebodyAsksForUs() {
        host.device.receive(arp(1, "00163e000002", "192.0.2.2", "192.0.2.1"));
        cable.carry();
        assertThat(cable.recorded()).hasSize(1);
        assertThat(cable.recorded().get(0))
                .isEqualTo(Bytes.of("00163e000002 00163e000001 0806 0001 0800 06 04 0002"
                        + "00163e000001 c0000201 00163e000002 c0000202"));
        assertThat(host.stack.arp().stationOf(TWO)).isEqualTo(RIGHT_MAC);
    }

    @Test
    void shouldAnswerAProbeAndRememberNobody() {
        host.device.receive(arp(1, "00163e000002", "0.0.0.0", "192.0.2.1"));
        cable.carry();
        assertThat(cable.recorded()).hasSize(1);
        assertThat(host.stack.arp().stationOf(0)).isEqualTo(-1);
        assertThat(host.alarms.isQuiet()).isTrue();
    }

    @Test
    void shouldAskAndThenSendWhatWaited_whenANeighbourIsNotKnown() {
        assertThat(send(TWO)).isTrue();
        assertThat(send(TWO)).isTrue();
        assertThat(cable.recorded()).hasSize(1);
        assertThat(cable.recorded().get(0))
                .isEqualTo(Bytes.of("ffffffffffff 00163e000001 0806 0001 0800 06 04 0001"
                        + "00163e000001 c0000201 000000000000 c0000202"));
        host.device.receive(arp(2, "00163e000002", "192.0.2.2", "192.0.2.1"));
        cable.carry();
        assertThat(cable.recorded()).hasSize(3);
        assertThat(cable.recorded().get(1)).startsWith(Bytes.of("00163e000002 00163e000001 0800 45"));
        assertThat(cable.recorded().get(1)[19]).isZero();
        assertThat(cable.recorded().get(2)[19]).isEqualTo((byte) 1);
        assertThat(send(TWO)).isTrue();
        assertThat(cable.recorded()).hasSize(4);
    }

    @Test
    void shouldAskThreeTimesThenDropAndForget_whenNobodyAnswers() {
        send(TWO);
        send(TWO);
        host.alarms.pass(10 * SECOND_NS);
        cable.carry();
        assertThat(cable.recorded()).hasSize(3);
        assertThat(dropped(ArpCounters.Drop.SEND_UNRESOLVED)).isEqualTo(2);
        assertThat(host.device.freePackets()).isEqualTo(96);
        assertThat(host.alarms.isQuiet()).isTrue();
        send(TWO);
        assertThat(cable.recorded()).hasSize(4);
    }

    @Test
    void shouldConfirmANeighbourInUse_whenItsAnswerIsOld() {
        host.device.receive(arp(1, "00163e000002", "192.0.2.2", "192.0.2.1"));
        send(TWO);
        cable.recorded().clear();
        host.alarms.pass(60 * SECOND_NS);
        cable.carry();
        assertThat(cable.recorded()).hasSize(1);
        assertThat(cable.recorded().get(0)).startsWith(Bytes.of("00163e000002 00163e000001 0806"));
        assertThat(send(TWO)).isTrue();
        assertThat(cable.recorded()).hasSize(2);
        host.device.receive(arp(2, "00163e000009", "192.0.2.2", "192.0.2.1"));
        assertThat(host.stack.arp().stationOf(TWO)).isEqualTo(0x00163e000009L);
        host.alarms.pass(59 * SECOND_NS);
        assertThat(host.stack.arp().stationOf(TWO)).isEqualTo(0x00163e000009L);
    }

    @Test
    void shouldForgetANeighbour_whenItIsNotUsedOrDoesNotConfirm() {
        host.device.receive(arp(1, "00163e000002", "192.0.2.2", "192.0.2.1"));
        host.device.receive(arp(1, "00163e000003", "192.0.2.3", "192.0.2.1"));
        send(TWO);
        host.alarms.pass(60 * SECOND_NS);
        assertThat(host.stack.arp().stationOf(TWO)).isEqualTo(RIGHT_MAC);
        assertThat(host.stack.arp().stationOf(Ipv4Address.parse("192.0.2.3"))).isEqualTo(-1);
        host.alarms.pass(3 * SECOND_NS);
        cable.carry();
        assertThat(host.stack.arp().stationOf(TWO)).isEqualTo(-1);
        assertThat(host.alarms.isQuiet()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "1, 00163e000002, 192.0.2.2, 192.0.2.9, NOT_FOR_US",
        "2, 00163e000002, 192.0.2.2, 192.0.2.9, NOT_FOR_US",
        "1, 00163e000002, 192.0.2.1, 192.0.2.1, CONFLICT",
        "2, 00163e000002, 192.0.2.1, 192.0.2.9, CONFLICT",
        "1, 00163e000002, 198.51.100.1, 192.0.2.1, BAD_SENDER",
        "1, 00163e000002, 192.0.2.255, 192.0.2.1, BAD_SENDER",
        "1, 01163e000002, 192.0.2.2, 192.0.2.1, BAD_SENDER",
        "1, 000000000000, 192.0.2.2, 192.0.2.1, BAD_SENDER",
        "1, 00163e000001, 192.0.2.2, 192.0.2.1, BAD_SENDER",
        "2, 00163e000002, 0.0.0.0, 192.0.2.1, BAD_SENDER",
        "3, 00163e000002, 192.0.2.2, 192.0.2.1, MALFORMED"
    })
    void shouldDropWithReason(int op, String mac, String sender, String target, ArpCounters.Drop reason) {
        host.device.receive(arp(op, mac, sender, target));
        cable.carry();
        assertThat(dropped(reason)).isEqualTo(1);
        assertThat(host.stack.arp().counters().dropped()).isEqualTo(1);
        assertThat(cable.recorded()).isEmpty();
        assertThat(host.stack.arp().stationOf(Ipv4Address.parse(sender))).isEqualTo(-1);
    }

    @Test
    void shouldDropWhatIsShortSplitOrForAnotherNet() {
        byte[] request = arp(1, "00163e000002", "192.0.2.2", "192.0.2.1");
        host.device.receive(java.util.Arrays.copyOf(request, 41));
        host.device.receive(request, 30, request.length - 30);
        request[14] = 1;
        host.device.receive(request);
        request[14] = 0;
        request[18] = 8;
        host.device.receive(request);
        assertThat(dropped(ArpCounters.Drop.SHORT)).isEqualTo(2);
        assertThat(dropped(ArpCounters.Drop.MALFORMED)).isEqualTo(2);
    }

    @Test
    void shouldKeepNoMoreThanItsTableHolds_whenAsKedByWholeNetworks() {
        Host wide = new Host(cable.right(), "10.0.0.1/8");
        for (int i = 0; i < 1000; i++) {
            wide.device.receive(Bytes.join(
                    Bytes.of("00163e000002 00163e000001 0806 0001 0800 06 04 0001 00163e000001 0a01"),
                    new byte[] {(byte) (i >> 8), (byte) i},
                    Bytes.of("000000000000 0a000001")));
            cable.carry();
        }
        int known = 0;
        for (int i = 0; i < 1000; i++) {
            if (wide.stack.arp().stationOf(0x0a010000 | i) >= 0) {
                known++;
                assertThat(i).isGreaterThanOrEqualTo(1000 - 256);
            }
        }
        assertThat(known).isEqualTo(256);
        assertThat(wide.stack.arp().counters().received()).isEqualTo(1000);
        wide.close();
    }

    @Test
    void shouldAskForFewAtATimeAndForgetNobodyForThem_whenManyAreNotKnown() {
        host.device.receive(arp(1, "00163e000002", "192.0.2.2", "192.0.2.1"));
        for (int i = 10; i < 50; i++) {
            send(Ipv4Address.parse("192.0.2." + i));
        }
        assertThat(dropped(ArpCounters.Drop.SEND_TABLE_FULL)).isEqualTo(40 - 32);
        assertThat(host.stack.arp().stationOf(TWO)).isEqualTo(RIGHT_MAC);
        for (int i = 0; i < 40; i++) {
            send(Ipv4Address.parse("192.0.2.10"));
        }
        assertThat(dropped(ArpCounters.Drop.SEND_QUEUE_FULL)).isEqualTo(32 + 40 - 64);
        host.alarms.pass(3 * SECOND_NS);
        cable.carry();
        assertThat(dropped(ArpCounters.Drop.SEND_UNRESOLVED)).isEqualTo(64);
        assertThat(host.device.freePackets()).isEqualTo(96);
    }

    @Test
    void shouldAnnounceItself_whenToldAndWhenTheLinkComesUp() {
        host.stack.arp().announce();
        host.device.change(1500, false, false);
        host.device.change(1500, false, true);
        host.device.change(1400, false, true);
        cable.carry();
        assertThat(cable.recorded()).hasSize(2);
        assertThat(cable.recorded().get(1))
                .isEqualTo(Bytes.of("ffffffffffff 00163e000001 0806 0001 0800 06 04 0001"
                        + "00163e000001 c0000201 000000000000 c0000201"));
    }

    @Test
    void shouldCountAndGoOn_whenThereIsNoRoomToAnswer() {
        NetPacket[] all = new NetPacket[96];
        for (int i = 0; i < all.length; i++) {
            all[i] = host.device.acquire(14);
        }
        host.device.receive(arp(1, "00163e000002", "192.0.2.2", "192.0.2.1"));
        assertThat(dropped(ArpCounters.Drop.SEND_NO_ROOM)).isEqualTo(1);
        for (NetPacket each : all) {
            host.device.release(each);
        }
        assertThat(host.stack.arp().stationOf(TWO)).isEqualTo(RIGHT_MAC);
    }
}
