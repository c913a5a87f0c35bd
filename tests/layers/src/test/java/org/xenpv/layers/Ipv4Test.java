package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.netfront.NetPacket;

class Ipv4Test {

    private static final int PROTOCOL = 253;
    private static final long SECOND_NS = 1_000_000_000L;
    private static final int TWO = Ipv4Address.parse("192.0.2.2");
    private static final int MORE = 0x2000;

    private final Cable cable = new Cable().recording();
    private final Host left = new Host(cable.left(), "192.0.2.1/24");
    private final Host right = new Host(cable.right(), "192.0.2.2/24");
    private final List<byte[]> payloads = new ArrayList<>();
    private final List<Integer> sources = new ArrayList<>();

    Ipv4Test() {
        left.stack.ipv4().receiver(PROTOCOL, (source, packet) -> {
            sources.add(source);
            payloads.add(packet.toBytes());
        });
    }

    @AfterEach
    void close() {
        left.close();
        right.close();
        cable.close();
    }

    private void receive(byte[] packet) {
        left.device.receive(Bytes.toLeft(0x0800, packet));
    }

    private void receiveFragment(int id, int at, boolean more, byte[] payload) {
        receive(Bytes.ipv4(id, (more ? MORE : 0) | at / 8, PROTOCOL, "192.0.2.2", "192.0.2.1", payload));
    }

    private long dropped(Ipv4Counters.Drop reason) {
        return left.stack.ipv4().counters().dropped(reason);
    }

    @Test
    void shouldWriteAHeaderThatAddsUp() {
        NetPacket packet = left.stack.ipv4().acquire(5);
        packet.copyIn(0, new byte[] {1, 2, 3, 4, 5}, 0, 5);
        assertThat(left.stack.ipv4().send(packet, TWO, PROTOCOL)).isTrue();
        left.stack.ipv4().flush();
        cable.carry();
        byte[] frame = cable.recorded().get(2);
        assertThat(Arrays.copyOfRange(frame, 14, frame.length))
                .isEqualTo(Bytes.of("45 00 0019 0000 0000 40 fd f5e4 c0000201 c0000202 0102030405"));
        assertThat(Bytes.checksum(Arrays.copyOfRange(frame, 14, 34))).isZero();
    }

    @Test
    void shouldHandUpExactlyThePayload_whenThereAreOptionsAndPadding() {
        receive(Bytes.of("46 00 001a 0000 0000 40 fd f2e2 c0000202 c0000201 01010100 0a0b 0000 0000 0000 0000"));
        receive(Bytes.of("45 00 0016 0000 0000 40 fd f5e7 c0000202 c0000201 0a0b 0000 0000 0000 0000 0000"));
        assertThat(left.stack.ipv4().counters().toString()).isEqualTo("received=2 sent=0");
        assertThat(payloads).hasSize(2).allMatch(payload -> Arrays.equals(payload, new byte[] {10, 11}));
        assertThat(sources).containsOnly(TWO);
    }

    @ParameterizedTest
    @CsvSource({
        "45 00 0016 0000 0000 40 fd f5cf c0000202 c00002, SHORT",
        "'', SHORT",
        "55 00 0016 0000 0000 40 fd e5e7 c0000202 c0000201 0a0b, BAD_VERSION",
        "44 00 0016 0000 0000 40 fd f6e7 c0000202 c0000201 0a0b, BAD_HEADER_LENGTH",
        "4f 00 0016 0000 0000 40 fd e1dc c0000202 c0000201 0a0b, BAD_HEADER_LENGTH",
        "45 00 0013 0000 0000 40 fd f5ea c0000202 c0000201 0a0b, BAD_TOTAL_LENGTH",
        "45 00 0017 0000 0000 40 fd f5e6 c0000202 c0000201 0a0b, BAD_TOTAL_LENGTH",
        "45 00 0016 0000 0000 40 fd f5e6 c0000202 c0000201 0a0b, BAD_CHECKSUM",
        "45 00 0016 0000 0000 40 fd f5e5 c0000202 c0000203 0a0b, NOT_FOR_US",
        "45 00 0016 0000 0000 40 fd f4e9 c0000202 c00002ff 0a0b, NOT_FOR_US",
        "45 00 0016 0000 0000 40 fd b7e9 c0000202 ffffffff 0a0b, NOT_FOR_US",
        "45 00 0016 0000 0000 40 fd f5e8 c0000201 c0000201 0a0b, BAD_SOURCE",
        "45 00 0016 0000 0000 40 fd f4ea c00002ff c0000201 0a0b, BAD_SOURCE",
        "45 00 0016 0000 0000 40 fd 38e9 7f000001 c0000201 0a0b, BAD_SOURCE",
        "45 00 0016 0000 0000 40 fd d7e8 e0000001 c0000201 0a0b, BAD_SOURCE",
        "45 00 0016 0000 0000 40 fc f5e8 c0000202 c0000201 0a0b, UNKNOWN_PROTOCOL"
    })
    void shouldDropWithReason(String hex, Ipv4Counters.Drop reason) {
        receive(Bytes.of(hex));
        assertThat(left.stack.ipv4().counters().toString())
                .isEqualTo("received=0 sent=0 " + reason.name().toLowerCase(java.util.Locale.ROOT) + "=1");
        assertThat(payloads).isEmpty();
    }

    @Test
    void shouldDropAHeaderInTwoPieces() {
        byte[] frame =
                Bytes.toLeft(0x0800, Bytes.of("46 00 001a 0000 0000 40 fd f2e2 c0000202 c0000201 01010100 0a0b"));
        left.device.receive(frame, 14 + 19, frame.length - 14 - 19);
        left.device.receive(frame, 14 + 23, frame.length - 14 - 23);
        assertThat(dropped(Ipv4Counters.Drop.SPLIT_HEADER)).isEqualTo(2);
        left.device.receive(frame, 14 + 24, frame.length - 14 - 24);
        assertThat(payloads).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1480, 1481, 1488, 8008, 65514, 65515})
    void shouldCarryAnyLength_inFragmentsWhereItMust(int bytes) {
        byte[] payload = Bytes.counting(bytes);
        NetPacket packet = right.stack.ipv4().acquire(bytes);
        packet.copyIn(0, payload, 0, bytes);
        assertThat(right.stack.ipv4().send(packet, left.address(), PROTOCOL)).isTrue();
        right.stack.ipv4().flush();
        cable.carry();
        assertThat(payloads).hasSize(1);
        assertThat(payloads.get(0)).isEqualTo(payload);
        assertThat(left.stack.ipv4().counters().reassembled()).isEqualTo(bytes > 1480 ? 1 : 0);
        assertThat(left.stack.ipv4().counters().fragments()).isEqualTo(bytes > 1480 ? (bytes + 1479) / 1480 : 0);
        assertThat(left.stack.ipv4().counters().dropped()).isZero();
        assertThat(cable.recorded()).allMatch(frame -> frame.length <= 1514);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void shouldPutTogetherWhatTheCableSpoiled(long seed) {
        try (Cable bad = new Cable(seed).spoiling(0, 20, 40)) {
            Host to = new Host(bad.left(), "192.0.2.1/24");
            Host from = new Host(bad.right(), "192.0.2.2/24");
            List<byte[]> got = new ArrayList<>();
            to.stack.ipv4().receiver(PROTOCOL, (source, packet) -> got.add(packet.toBytes()));
            byte[] payload = Bytes.counting(20_000);
            NetPacket packet = from.stack.ipv4().acquire(payload.length);
            packet.copyIn(0, payload, 0, payload.length);
            from.stack.ipv4().send(packet, to.address(), PROTOCOL);
            from.stack.ipv4().flush();
            bad.carry();
            assertThat(got).as("seed " + seed).isNotEmpty().allMatch(each -> Arrays.equals(each, payload));
            assertThat(to.stack.ipv4().counters().dropped(Ipv4Counters.Drop.FRAGMENT_OVERLAP))
                    .isZero();
            to.close();
            from.close();
        }
    }

    @Test
    void shouldForgetTheWholeDatagram_whenFragmentsOverlap() {
        receiveFragment(1, 0, true, Bytes.counting(16));
        receiveFragment(1, 8, true, Bytes.counting(16));
        assertThat(dropped(Ipv4Counters.Drop.FRAGMENT_OVERLAP)).isEqualTo(1);
        receiveFragment(1, 16, false, Bytes.counting(3));
        assertThat(payloads).isEmpty();
        receiveFragment(1, 0, true, Bytes.counting(16));
        assertThat(payloads).hasSize(1);
        assertThat(payloads.get(0)).hasSize(19);
    }

    @Test
    void shouldForgetTheWholeDatagram_whenFragmentsDisagreeWhereItEnds() {
        receiveFragment(1, 16, false, Bytes.counting(8));
        receiveFragment(1, 24, true, Bytes.counting(8));
        receiveFragment(2, 16, true, Bytes.counting(8));
        receiveFragment(2, 8, false, Bytes.counting(8));
        receiveFragment(3, 16, false, Bytes.counting(8));
        receiveFragment(3, 8, false, Bytes.counting(8));
        assertThat(dropped(Ipv4Counters.Drop.FRAGMENT_OVERLAP)).isEqualTo(3);
        receiveFragment(4, 16, false, Bytes.counting(8));
        receiveFragment(4, 8, true, Bytes.counting(16));
        assertThat(dropped(Ipv4Counters.Drop.FRAGMENT_OVERLAP)).isEqualTo(4);
        assertThat(payloads).isEmpty();
    }

    /** The last one is the ping of death: it would end past 65535. */
    @Test
    void shouldDropFragmentsThatCannotBe() {
        receiveFragment(1, 8, true, new byte[0]);
        receiveFragment(1, 8, true, new byte[9]);
        receiveFragment(1, 65512, false, new byte[4]);
        assertThat(dropped(Ipv4Counters.Drop.BAD_FRAGMENT)).isEqualTo(3);
        assertThat(left.alarms.isQuiet()).isTrue();
    }

    @Test
    void shouldIgnoreAFragmentThatIsThereAlready() {
        receiveFragment(1, 0, true, Bytes.counting(16));
        receiveFragment(1, 0, true, new byte[16]);
        receiveFragment(1, 0, true, new byte[8]);
        receiveFragment(1, 16, false, new byte[0]);
        receiveFragment(1, 16, false, new byte[1]);
        assertThat(dropped(Ipv4Counters.Drop.DUPLICATE_FRAGMENT)).isEqualTo(2);
        assertThat(dropped(Ipv4Counters.Drop.BAD_FRAGMENT)).isEqualTo(1);
        assertThat(payloads).hasSize(1);
        assertThat(payloads.get(0)).isEqualTo(Bytes.join(Bytes.counting(16), new byte[1]));
    }

    @Test
    void shouldNotMixDatagrams() {
        receiveFragment(1, 0, true, new byte[8]);
        receiveFragment(2, 8, false, new byte[8]);
        receive(Bytes.ipv4(1, 1, PROTOCOL, "192.0.2.3", "192.0.2.1", new byte[8]));
        assertThat(payloads).isEmpty();
    }

    @Test
    void shouldForgetADatagram_whenItsDeadlineHasPassed() {
        receiveFragment(1, 0, true, new byte[8]);
        left.alarms.pass(10 * SECOND_NS);
        receiveFragment(2, 0, true, new byte[8]);
        left.alarms.pass(5 * SECOND_NS);
        assertThat(dropped(Ipv4Counters.Drop.REASSEMBLY_TIMEOUT)).isEqualTo(1);
        receiveFragment(1, 8, false, new byte[8]);
        receiveFragment(2, 8, false, new byte[8]);
        assertThat(payloads).hasSize(1);
        left.alarms.pass(15 * SECOND_NS);
        assertThat(dropped(Ipv4Counters.Drop.REASSEMBLY_TIMEOUT)).isEqualTo(2);
        assertThat(left.alarms.isQuiet()).isTrue();
    }

    @Test
    void shouldGiveUpTheOldest_whenMoreDatagramsBeginThanItHasPlacesFor() {
        int places = Host.DATAGRAMS / 2;
        for (int id = 0; id < places + 1; id++) {
            receiveFragment(id, 0, true, new byte[8]);
            left.alarms.pass(1);
        }
        assertThat(dropped(Ipv4Counters.Drop.REASSEMBLY_EVICTED)).isEqualTo(1);
        for (int id = places; id > 0; id--) {
            receiveFragment(id, 8, false, new byte[8]);
        }
        assertThat(payloads).hasSize(places);
        assertThat(dropped(Ipv4Counters.Drop.REASSEMBLY_EVICTED)).isEqualTo(1);
    }

    @Test
    void shouldDropOnTheWayOut_whenThereIsNoWay() {
        for (String destination : List.of("198.51.100.1", "192.0.2.1", "192.0.2.255", "224.0.0.1", "0.0.0.0")) {
            assertThat(left.stack.ipv4().send(left.stack.ipv4().acquire(2000), Ipv4Address.parse(destination), 1))
                    .isFalse();
        }
        assertThat(dropped(Ipv4Counters.Drop.SEND_NO_ROUTE)).isEqualTo(5);
    }

    @Test
    void shouldDropTheRest_whenTheDeviceHasNoRoomForAllFragments() {
        NetPacket[] held = new NetPacket[93];
        for (int i = 0; i < held.length; i++) {
            held[i] = left.device.acquire(14);
        }
        NetPacket datagram = left.stack.ipv4().acquire(8000);
        assertThat(left.stack.ipv4().send(datagram, TWO, PROTOCOL)).isFalse();
        assertThat(dropped(Ipv4Counters.Drop.SEND_NO_ROOM)).isEqualTo(1);
        for (NetPacket each : held) {
            left.device.release(each);
        }
    }

    @Test
    void shouldHaveNoRoom_whenAllLongDatagramsAreInUse() {
        NetPacket one = left.stack.ipv4().acquire(2000);
        NetPacket two = left.stack.ipv4().acquire(65515);
        assertThat(left.stack.ipv4().acquire(2000)).isNull();
        left.stack.ipv4().release(one);
        assertThatThrownBy(() -> left.stack.ipv4().release(one)).isInstanceOf(IllegalStateException.class);
        assertThat(left.stack.ipv4().acquire(2000)).isSameAs(one);
        left.stack.ipv4().release(one);
        left.stack.ipv4().release(two);
        assertThatThrownBy(() -> left.stack.ipv4().acquire(65516))
                .hasMessageContaining("payloadBytes=65516")
                .hasMessageContaining("65515");
        assertThatThrownBy(() -> left.stack.ipv4().acquire(-1)).hasMessageContaining("payloadBytes=-1");
    }
}
