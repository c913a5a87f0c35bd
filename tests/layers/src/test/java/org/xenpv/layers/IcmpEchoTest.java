package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.netfront.NetPacket;

class IcmpEchoTest {

    private final Cable cable = new Cable().recording();
    private final Host left = new Host(cable.left(), "192.0.2.1/24");
    private final Host right = new Host(cable.right(), "192.0.2.2/24");

    @AfterEach
    void close() {
        left.close();
        right.close();
        cable.close();
    }

    private void receive(byte[] icmp) {
        left.device.receive(Bytes.toLeft(0x0800, Bytes.ipv4(7, 0, 1, "192.0.2.2", "192.0.2.1", icmp)));
        cable.carry();
    }

    private byte[] lastPayload() {
        byte[] frame = cable.recorded().get(cable.recorded().size() - 1);
        return Arrays.copyOfRange(frame, 34, frame.length);
    }

    /** A request as Linux's ping sends it: 4 bytes of the data here, the others there. */
    @Test
    void shouldAnswerWithTheSameData() {
        receive(Bytes.of("08 00 549d 1234 0001 6162 6364 6566 67"));
        assertThat(lastPayload()).isEqualTo(Bytes.of("00 00 5c9d 1234 0001 6162 6364 6566 67"));
        assertThat(Bytes.checksum(lastPayload())).isZero();
        assertThat(left.stack.icmp().counters().toString()).isEqualTo("received=1 sent=1");
    }

    /** In all-zero data only the type is not zero: the one case where adjusting a checksum gives the wrong zero. */
    @ParameterizedTest
    @CsvSource({
        "0800 f7ff 0000 0000, 0000 ffff 0000 0000",
        "0800 0000 f7ff 0000, 0000 0800 f7ff 0000",
        "0800 f7fe 0001 0000, 0000 fffe 0001 0000"
    })
    void shouldWriteTheRightZero(String request, String reply) {
        receive(Bytes.of(request));
        assertThat(lastPayload()).isEqualTo(Bytes.of(reply));
    }

    @ParameterizedTest
    @CsvSource({
        "08 00 549d 1234 00, SHORT",
        "08 00 549e 1234 0001 6162 6364 6566 67, BAD_CHECKSUM",
        "08 01 549c 1234 0001 6162 6364 6566 67, UNKNOWN_TYPE",
        "03 03 599a 1234 0001 6162 6364 6566 67, UNKNOWN_TYPE",
        "00 00 5c9d 1234 0001 6162 6364 6566 67, UNEXPECTED_REPLY"
    })
    void shouldDropWithReason(String hex, IcmpCounters.Drop reason) {
        receive(Bytes.of(hex));
        assertThat(left.stack.icmp().counters().toString())
                .isEqualTo("received=0 sent=0 " + reason.name().toLowerCase(java.util.Locale.ROOT) + "=1");
    }

    @Test
    void shouldTrustTheOtherEnd_whenItSaysThatTheDataIsValid() {
        byte[] frame = Bytes.toLeft(
                0x0800,
                Bytes.ipv4(7, 0, 1, "192.0.2.2", "192.0.2.1", Bytes.of("08 00 549e 1234 0001 6162 6364 6566 67")));
        left.device.receive(frame, false, true);
        assertThat(left.stack.icmp().counters().received()).isEqualTo(1);
        left.device.receive(frame, true, true);
        assertThat(left.stack.icmp().counters().dropped(IcmpCounters.Drop.BAD_CHECKSUM))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 56, 1472, 1473, 8000, 65507})
    void shouldPingAnySize(int bytes) {
        byte[] data = Bytes.counting(bytes);
        List<String> replies = new ArrayList<>();
        right.stack.icmp().onReply((source, id, sequence, packet) -> {
            assertThat(packet.toBytes()).isEqualTo(data);
            replies.add(Ipv4Address.format(source) + " " + id + " " + sequence);
        });
        NetPacket packet = right.stack.icmp().acquire(bytes);
        packet.copyIn(0, data, 0, bytes);
        assertThat(right.stack.icmp().request(packet, left.address(), 0xfedc, 0x8001))
                .isTrue();
        right.stack.ipv4().flush();
        cable.carry();
        assertThat(replies).containsExactly("192.0.2.1 65244 32769");
    }

    @Test
    void shouldCountAndGoOn_whenThereIsNoRoomToAnswer() {
        NetPacket[] all = new NetPacket[96];
        for (int i = 0; i < all.length; i++) {
            all[i] = left.device.acquire(14);
        }
        receive(Bytes.of("08 00 549d 1234 0001 6162 6364 6566 67"));
        assertThat(left.stack.icmp().counters().toString()).isEqualTo("received=0 sent=0 send_no_room=1");
        for (NetPacket each : all) {
            left.device.release(each);
        }
    }
}
