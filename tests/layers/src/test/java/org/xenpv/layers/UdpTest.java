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

class UdpTest {

    private final Cable cable = new Cable().recording();
    private final Host left = new Host(cable.left(), "192.0.2.1/24");
    private final Host right = new Host(cable.right(), "192.0.2.2/24");
    private final List<String> got = new ArrayList<>();

    UdpTest() {
        left.stack
                .udp()
                .bind(
                        7000,
                        (source, port, packet) -> got.add(Ipv4Address.format(source) + ":" + port + " "
                                + java.util.HexFormat.of().formatHex(packet.toBytes())));
    }

    @AfterEach
    void close() {
        left.close();
        right.close();
        cable.close();
    }

    private static byte[] frame(String udp) {
        return Bytes.toLeft(0x0800, Bytes.ipv4(7, 0, 17, "192.0.2.2", "192.0.2.1", Bytes.of(udp)));
    }

    private byte[] send(byte[] payload) {
        NetPacket packet = right.stack.udp().acquire(payload.length);
        packet.copyIn(0, payload, 0, payload.length);
        assertThat(right.stack.udp().send(packet, 9000, left.address(), 7000)).isTrue();
        right.stack.udp().flush();
        cable.carry();
        return cable.recorded().get(cable.recorded().size() - 1);
    }

    @Test
    void shouldWriteItsHeaderAndChecksum() {
        byte[] sent = send(new byte[] {0x68, 0x69, 0x21});
        assertThat(Arrays.copyOfRange(sent, 34, sent.length)).isEqualTo(Bytes.of("2328 1b58 000b b3ea 686921"));
        byte[] pseudo = Bytes.of("c0000202 c0000201 0011 000b");
        assertThat(Bytes.checksum(Bytes.join(pseudo, Arrays.copyOfRange(sent, 34, sent.length))))
                .isZero();
        assertThat(got).containsExactly("192.0.2.2:9000 686921");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1472, 1473, 8000, 65507})
    void shouldCarryAnyLength(int bytes) {
        byte[] payload = Bytes.counting(bytes);
        send(payload);
        assertThat(got)
                .containsExactly("192.0.2.2:9000 " + java.util.HexFormat.of().formatHex(payload));
    }

    /** The other end finds the sum of the pseudo header where the checksum belongs; what comes in so is not verified. */
    @Test
    void shouldLeaveTheChecksumToTheDevice_whenItOffersThat() {
        right.device.change(1500, true, true);
        byte[] sent = send(new byte[] {0x68, 0x69, 0x21});
        int pseudo = ~Bytes.checksum(Bytes.of("c0000202 c0000201 0011 000b")) & 0xffff;
        assertThat((sent[40] & 0xff) << 8 | sent[41] & 0xff).isEqualTo(pseudo);
        assertThat(got).containsExactly("192.0.2.2:9000 686921");
        send(Bytes.counting(3000));
        assertThat(got).hasSize(2);
        assertThat(left.stack.udp().counters().dropped()).isZero();
    }

    /** A checksum that comes out as zero is sent as ffff, because zero means none. */
    @Test
    void shouldSendFfff_whenTheChecksumIsZero() {
        byte[] plain = send(new byte[] {0, 0});
        byte[] sent = send(new byte[] {plain[40], plain[41]});
        assertThat(Arrays.copyOfRange(sent, 40, 42)).isEqualTo(Bytes.of("ffff"));
        assertThat(got).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({
        "2328 1b58 000b b3ea 686921, ",
        "2328 1b58 000b 0000 686921, ",
        "0000 1b58 000b 0000 686921, ",
        "2328 1b58 000b b3ea 686921 ffff, ",
        "2328 1b58 000b b3eb 686921, BAD_CHECKSUM",
        "2328 1b58 000b b3ea 686922, BAD_CHECKSUM",
        "2328 1b58 0007 0000 686921, BAD_LENGTH",
        "2328 1b58 0000 0000 686921, BAD_LENGTH",
        "2328 1b58 000c 0000 686921, BAD_LENGTH",
        "2328 1b58 0008 00, SHORT",
        "2328 1b59 000b 0000 686921, NO_PORT",
        "2328 0000 000b 0000 686921, NO_PORT"
    })
    void shouldHandUpOrDropWithReason(String hex, UdpCounters.Drop reason) {
        left.device.receive(frame(hex));
        String expected = reason == null
                ? "received=1 sent=0"
                : "received=0 sent=0 " + reason.name().toLowerCase(java.util.Locale.ROOT) + "=1";
        assertThat(left.stack.udp().counters().toString()).isEqualTo(expected);
        assertThat(got).hasSize(reason == null ? 1 : 0).allMatch(each -> each.endsWith(" 686921"));
    }

    @Test
    void shouldNotVerify_whenTheOtherEndSaysItIsValidOrBlank() {
        byte[] wrong = frame("2328 1b58 000b 1111 686921");
        left.device.receive(wrong, true, false);
        left.device.receive(wrong, false, true);
        left.device.receive(wrong, false, false);
        assertThat(got).hasSize(2);
        assertThat(left.stack.udp().counters().dropped(UdpCounters.Drop.BAD_CHECKSUM))
                .isEqualTo(1);
    }

    @Test
    void shouldBindAPortOnceUntilItIsUnbound() {
        assertThatThrownBy(() -> left.stack.udp().bind(7000, (source, port, packet) -> {}))
                .hasMessageContaining("port=7000");
        left.stack.udp().unbind(7000);
        left.stack.udp().unbind(7000);
        left.stack.udp().unbind(1);
        left.device.receive(frame("2328 1b58 000b b3ea 686921"));
        assertThat(got).isEmpty();
        left.stack.udp().bind(7000, (source, port, packet) -> got.add("new"));
        left.device.receive(frame("2328 1b58 000b b3ea 686921"));
        assertThat(got).containsExactly("new");
        assertThatThrownBy(() -> left.stack.udp().bind(0, (source, port, packet) -> {}))
                .hasMessageContaining("port=0");
        assertThatThrownBy(() -> left.stack.udp().bind(65536, (source, port, packet) -> {}))
                .hasMessageContaining("port=65536");
        NetPacket packet = left.stack.udp().acquire(1);
        assertThatThrownBy(() -> left.stack.udp().send(packet, 1, right.address(), 0))
                .hasMessageContaining("port=0");
        left.stack.udp().release(packet);
        assertThatThrownBy(() -> left.stack.udp().acquire(65508)).hasMessageContaining("65507");
    }

    @Test
    void shouldEcho_butNotForEver() {
        UdpEcho<UdpLayer> echo = new UdpEcho<>(left.stack.udp(), 7);
        List<byte[]> echoes = new ArrayList<>();
        right.stack.udp().bind(5000, (source, port, packet) -> echoes.add(packet.toBytes()));
        for (int bytes : new int[] {0, 5, 1472, 30_000}) {
            NetPacket packet = right.stack.udp().acquire(bytes);
            packet.copyIn(0, Bytes.counting(bytes), 0, bytes);
            right.stack.udp().send(packet, 5000, left.address(), 7);
            right.stack.udp().flush();
            cable.carry();
            assertThat(echoes.get(echoes.size() - 1)).isEqualTo(Bytes.counting(bytes));
        }
        assertThat(echo.echoed()).isEqualTo(4);
        right.stack.udp().send(right.stack.udp().acquire(1), 7, left.address(), 7);
        right.stack.udp().flush();
        cable.carry();
        left.device.receive(frame("0000 0007 0009 0000 61"));
        assertThat(echo.unanswered()).isEqualTo(2);
        assertThat(echo.echoed()).isEqualTo(4);
    }
}
