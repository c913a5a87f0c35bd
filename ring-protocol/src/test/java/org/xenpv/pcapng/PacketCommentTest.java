package org.xenpv.pcapng;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PacketCommentTest {

    private static PacketComment of(String text) {
        PacketComment comment = new PacketComment();
        byte[] bytes = ("##" + text + "##").getBytes(ISO_8859_1);
        assertThat(comment.read(bytes, 2, bytes.length - 4)).isEqualTo(!comment.isEmpty());
        return comment;
    }

    @Property(tries = 500)
    void shouldSayAgainWhatItWasTold(
            @ForAll boolean blank,
            @ForAll boolean validated,
            @ForAll @IntRange(max = 2) int gsoType,
            @ForAll @IntRange(min = 1, max = 0xffff) int gsoSize,
            @ForAll @IntRange(max = 255) int algorithm,
            @ForAll @IntRange(max = 255) int hashType,
            @ForAll int hashValue,
            @ForAll boolean dropped) {
        PacketComment told = new PacketComment();
        told.csumBlank(blank);
        told.dataValidated(validated);
        told.gso(gsoType, gsoType == 0 ? 0 : gsoSize);
        told.hash(algorithm, algorithm == 0 ? 0 : hashType, algorithm == 0 ? 0 : hashValue);
        told.dropped(dropped);
        PacketComment said = of(told.isEmpty() ? "" : told.toString());
        assertThat(said)
                .usingRecursiveComparison()
                .comparingOnlyFields(
                        "csumBlank",
                        "dataValidated",
                        "gsoType",
                        "gsoSize",
                        "hashAlgorithm",
                        "hashType",
                        "hashValue",
                        "dropped")
                .isEqualTo(told);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "netif:",
                "netif: ",
                "netif",
                "netif: csum-blan",
                "netif: csum-blanks",
                "netif: csum-blank ",
                "netif:csum-blank",
                "netif: dropped csum-blank",
                "netif: gso=tcpv4/0",
                "netif: gso=tcpv4/65536",
                "netif: gso=tcpv4/123456",
                "netif: gso=tcpv4/",
                "netif: gso=tcpv5/1448",
                "netif: gso=tcpv6/-1",
                "netif: hash=toeplitz/1/0x1234567",
                "netif: hash=toeplitz/1/0x123456789",
                "netif: hash=toeplitz/256/0x12345678",
                "netif: hash=toeplitz//0x12345678",
                "netif: hash=0/1/0x12345678",
                "netif: hash=256/1/0x12345678",
                "netif: csum-blank \u0661",
                "a colleague's remark"
            })
    void shouldTakeNothingFromAnythingElse(String text) {
        assertThat(of(text).isEmpty()).as(text).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "netif: csum-blank",
                "netif: data-validated",
                "netif: gso=tcpv4/1",
                "netif: gso=tcpv6/65535",
                "netif: hash=toeplitz/3/0xffffffff",
                "netif: hash=7/0/0x00000000",
                "netif: dropped",
                "netif: csum-blank data-validated gso=tcpv4/1448 hash=toeplitz/1/0x51ccc178 dropped"
            })
    void shouldReadAndWriteTheSameWords(String text) {
        assertThat(of(text)).hasToString(text);
    }
}
