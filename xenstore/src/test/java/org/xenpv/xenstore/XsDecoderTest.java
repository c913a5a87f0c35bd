package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsdSockmsg;

class XsDecoderTest {

    /** name, type, req_id, tx_id, body ('|' for NUL), the bytes on the wire. */
    static final String GOLDEN = """
            read request,        READ,              1,          0,          name|,            02000000 01000000 00000000 05000000 6e616d6500
            read reply,          READ,              1,          0,          Domain-0,         02000000 01000000 00000000 08000000 446f6d61696e2d30
            empty value,         READ,              2,          0,          '',               02000000 02000000 00000000 00000000
            write,               WRITE,             3,          7,          a/b|value,        0b000000 03000000 07000000 09000000 612f620076616c7565
            directory reply,     DIRECTORY,         4,          0,          vbd|vif|,         01000000 04000000 00000000 08000000 7662640076696600
            directory part,      DIRECTORY_PART,    5,          0,          /l|2048|,         16000000 05000000 00000000 08000000 2f6c003230343800
            permissions,         SET_PERMS,         6,          0,          d|n1|r0|,         0e000000 06000000 00000000 08000000 64006e3100723000
            watch,               WATCH,             -1,         0,          state|1f|,        04000000 ffffffff 00000000 09000000 737461746500316600
            watch event,         WATCH_EVENT,       0,          0,          state|1f|,        0f000000 00000000 00000000 09000000 737461746500316600
            transaction start,   TRANSACTION_START, 8,          0,          |,                06000000 08000000 00000000 01000000 00
            transaction id,      TRANSACTION_START, 8,          0,          4294967295|,      06000000 08000000 00000000 0b000000 3432393439363732393500
            commit,              TRANSACTION_END,   9,          -1,         T|,               07000000 09000000 ffffffff 02000000 5400
            error,               ERROR,             10,         0,          ENOENT|,          10000000 0a000000 00000000 07000000 454e4f454e5400
            introduce,           INTRODUCE,         2147483647, 0,          5|62|3|,          08000000 ffffff7f 00000000 07000000 35003632003300
            reset watches,       RESET_WATCHES,     12,         0,          |,                15000000 0c000000 00000000 01000000 00
            """;

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    private static void assertHolds(XsDecoder decoder, Msg message) {
        assertThat(decoder.complete()).isTrue();
        assertThat(decoder.type()).isEqualTo(message.type().value());
        assertThat(decoder.reqId()).isEqualTo(message.reqId());
        assertThat(decoder.txId()).isEqualTo(message.txId());
        assertThat(Arrays.copyOf(decoder.payload(), decoder.length())).isEqualTo(message.body());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = GOLDEN)
    void shouldDecodeGoldenPacket_wholeAndByteByByte(
            String name, XsMessageType type, int reqId, int txId, String body, String wire) {
        byte[] bytes = hex(wire);
        Msg message = Msg.of(type, reqId, txId, body);
        XsDecoder whole = new XsDecoder(4096);
        assertThat(whole.feed(bytes, 0, bytes.length)).isEqualTo(bytes.length);
        assertHolds(whole, message);

        XsDecoder trickle = new XsDecoder(4096);
        for (int i = 0; i < bytes.length; i++) {
            assertThat(trickle.complete()).isFalse();
            assertThat(trickle.partial()).isEqualTo(i > 0);
            assertThat(trickle.feed(bytes, i, 1)).isEqualTo(1);
        }
        assertHolds(trickle, message);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = GOLDEN)
    void shouldEncodeGoldenPacket(String name, XsMessageType type, int reqId, int txId, String body, String wire) {
        XsRequest request = new XsRequest(type, txId, Msg.bytes(body), name, (reply, error) -> {});
        request.number(reqId);
        assertThat(request.message).isEqualTo(hex(wire));
    }

    @Test
    void shouldStopAtEndOfMessage_whenMoreFollows() {
        byte[] two = hex("02000000 01000000 00000000 01000000 41 02000000 02000000 00000000 01000000 42");
        XsDecoder decoder = new XsDecoder(4096);
        assertThat(decoder.feed(two, 0, two.length)).isEqualTo(17);
        assertThat(decoder.feed(two, 17, 17)).as("nothing more before next()").isZero();
        assertThat(decoder.reqId()).isEqualTo(1);
        decoder.next();
        assertThat(decoder.feed(two, 17, 17)).isEqualTo(17);
        assertThat(decoder.reqId()).isEqualTo(2);
        assertThat(decoder.payload()[0]).isEqualTo((byte) 0x42);
    }

    @ParameterizedTest
    @CsvSource({"4096, false", "4097, true", "2147483647, true", "-2147483648, true", "-1, true"})
    void x3_x4_shouldBreak_whenLengthIsMoreThanAPayloadMayHave(int length, boolean broken) {
        byte[] header = new byte[XsdSockmsg.SIZEOF];
        XsdSockmsg.put(header, 0, 2, 1, 0, length);
        XsDecoder decoder = new XsDecoder(4096);
        decoder.feed(header, 0, header.length);
        assertThat(decoder.broken()).isEqualTo(broken);
        assertThat(decoder.complete()).isFalse();
        byte[] body = new byte[5000];
        int expected = broken ? 0 : length;
        assertThat(decoder.feed(body, 0, body.length)).isEqualTo(expected);
        assertThat(decoder.complete()).isEqualTo(!broken);
        decoder.reset();
        assertThat(decoder.broken()).isFalse();
        assertThat(decoder.partial()).isFalse();
    }

    @Test
    void shouldRefuseMisuse() {
        XsDecoder decoder = new XsDecoder(0);
        assertThatIllegalStateException().isThrownBy(decoder::next);
        assertThatIllegalArgumentException().isThrownBy(() -> decoder.feed(new byte[4], 2, 3));
        assertThatIllegalArgumentException().isThrownBy(() -> decoder.feed(new byte[4], -1, 3));
        assertThatIllegalArgumentException().isThrownBy(() -> decoder.feed(new byte[4], 0, -1));
        assertThatIllegalArgumentException().isThrownBy(() -> new XsDecoder(4097));
        assertThatIllegalArgumentException().isThrownBy(() -> new XsDecoder(-1));
    }

    /** However a stream of messages is cut, the same messages come out. */
    @Property(tries = 300)
    void shouldDecodeTheSame_howeverTheStreamIsCut(
            @ForAll @Size(max = 12) List<@IntRange(max = 4096) Integer> lengths, @ForAll long seed) {
        Random random = new Random(seed);
        List<Msg> messages = new ArrayList<>();
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        for (int length : lengths) {
            byte[] body = new byte[random.nextInt(4) == 0 ? length : length % 40];
            random.nextBytes(body);
            Msg message = new Msg(
                    XsMessageType.values()[random.nextInt(XsMessageType.values().length)],
                    random.nextInt(),
                    random.nextInt(),
                    body);
            messages.add(message);
            stream.writeBytes(message.wire());
        }
        byte[] bytes = stream.toByteArray();
        XsDecoder decoder = new XsDecoder(4096);
        int found = 0;
        int at = 0;
        while (at < bytes.length) {
            int end = at + Math.min(bytes.length - at, 1 + random.nextInt(random.nextBoolean() ? 3 : 2000));
            while (at < end) {
                at += decoder.feed(bytes, at, end - at);
                if (decoder.complete()) {
                    assertHolds(decoder, messages.get(found++));
                    decoder.next();
                }
            }
            while (decoder.complete()) {
                assertHolds(decoder, messages.get(found++));
                decoder.next();
            }
        }
        assertThat(found).isEqualTo(messages.size());
        assertThat(decoder.partial()).isFalse();
    }

    /** Garbage gives messages within bounds, or breaks the stream; nothing else. */
    @Property(tries = 500)
    void shouldNeverCrash_onGarbage(
            @ForAll @Size(max = 3000) byte[] garbage, @ForAll @IntRange(max = 4096) int payloadMax) {
        XsDecoder decoder = new XsDecoder(payloadMax);
        int at = 0;
        while (at < garbage.length && !decoder.broken()) {
            int taken = decoder.feed(garbage, at, Math.min(7, garbage.length - at));
            at += taken;
            if (decoder.complete()) {
                assertThat(decoder.length()).isBetween(0, payloadMax);
                decoder.next();
            } else {
                assertThat(taken > 0 || decoder.broken()).isTrue();
            }
        }
        if (decoder.broken()) {
            assertThat(Integer.compareUnsigned(decoder.length(), payloadMax)).isPositive();
            assertThat(decoder.feed(garbage, 0, garbage.length)).isZero();
        }
    }
}
