package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.netfront.NetPacket;

class EthernetTest {

    private static final int TYPE = 0x88b5;

    private final Cable cable = new Cable().recording();
    private final Ethernet<CableDevice> left = new Ethernet<>(cable.left());
    private final List<byte[]> payloads = new ArrayList<>();
    private final List<Long> sources = new ArrayList<>();

    EthernetTest() {
        left.receiver(TYPE, (source, packet) -> {
            sources.add(source);
            payloads.add(packet.toBytes());
        });
    }

    @AfterEach
    void close() {
        assertThat(cable.left().freePackets()).isEqualTo(96);
        cable.close();
    }

    @Test
    void shouldWriteItsHeaderInFrontOfThePayload() {
        NetPacket packet = left.acquire(3);
        packet.copyIn(0, new byte[] {1, 2, 3}, 0, 3);
        assertThat(left.send(packet, 0x0a0b0c0d0e0fL, TYPE)).isTrue();
        left.flush();
        cable.carry();
        assertThat(cable.recorded()).hasSize(1);
        assertThat(cable.recorded().get(0)).isEqualTo(Bytes.of("0a0b0c0d0e0f 00163e000001 88b5 010203"));
        assertThat(left.counters().sent()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "00163e000001 00163e000002 88b5 0102, ",
        "ffffffffffff 00163e000002 88b5 0102, ",
        "01005e000001 00163e000002 88b5 0102, ",
        "00163e000009 00163e000002 88b5 0102, NOT_FOR_US",
        "00163e000001 01163e000002 88b5 0102, BAD_SOURCE",
        "00163e000001 00163e000002 88b6 0102, UNKNOWN_TYPE",
        "00163e000001 00163e000002 0002 0102, UNKNOWN_TYPE",
        "00163e000001 00163e000002 8100 000188b50102, UNKNOWN_TYPE",
        "00163e000001 00163e000002 88, SHORT",
        "00, SHORT",
        "'', SHORT"
    })
    void shouldHandUpOrDropWithReason(String hex, EthernetCounters.Drop reason) {
        cable.left().receive(Bytes.of(hex));
        if (reason == null) {
            assertThat(payloads).hasSize(1);
            assertThat(payloads.get(0)).containsExactly(1, 2);
            assertThat(sources).containsExactly(0x00163e000002L);
            assertThat(left.counters().received()).isEqualTo(1);
        } else {
            assertThat(payloads).isEmpty();
            assertThat(left.counters().dropped(reason)).isEqualTo(1);
        }
        assertThat(left.counters().received() + left.counters().dropped()).isEqualTo(1);
    }

    @Test
    void shouldDropAHeaderInTwoPieces() {
        cable.left().receive(Bytes.of("00163e000001 00163e000002 88b5 0102"), 13, 3);
        cable.left().receive(Bytes.of("00163e000001 00163e000002 88b5 0102"), 0, 16);
        assertThat(left.counters().dropped(EthernetCounters.Drop.SPLIT_HEADER)).isEqualTo(2);
        cable.left().receive(Bytes.of("00163e000001 00163e000002 88b5 0102"), 14, 2);
        assertThat(payloads).hasSize(1);
    }

    @Test
    void shouldDropOnTheWayOut_whenTheDeviceChangedOrDoesNotTakeIt() {
        NetPacket long1500 = left.acquire(1500);
        cable.left().change(1400, false, true);
        assertThat(left.send(long1500, 1, TYPE)).isFalse();
        NetPacket blank = left.acquire(10);
        blank.csumBlank(true);
        assertThat(left.send(blank, 1, TYPE)).isFalse();
        assertThat(left.counters().dropped(EthernetCounters.Drop.SEND_STALE)).isEqualTo(2);
        cable.left().refusing(true);
        assertThat(left.send(left.acquire(1), 1, TYPE)).isFalse();
        assertThat(left.counters().dropped(EthernetCounters.Drop.SEND_REFUSED)).isEqualTo(1);
        assertThat(left.counters().sent()).isZero();
        assertThat(left.payloadBytesMax()).isEqualTo(1400);
    }

    @Test
    void shouldTellWhenThereIsRoomAgainAndWhenTheLinkChanges() {
        List<String> told = new ArrayList<>();
        left.whenWritable(() -> told.add("writable"));
        left.whenLinkChanges(() -> told.add("link"));
        NetPacket[] all = new NetPacket[96];
        for (int i = 0; i < all.length; i++) {
            all[i] = left.acquire(1);
        }
        assertThat(left.acquire(1)).isNull();
        for (NetPacket each : all) {
            left.release(each);
        }
        cable.left().change(1500, true, true);
        assertThat(told).containsExactly("writable", "link");
    }

    @Test
    void shouldRefuseASecondReceiverOfAType() {
        assertThatThrownBy(() -> left.receiver(TYPE, (source, packet) -> {})).hasMessageContaining("0x88b5");
    }
}
