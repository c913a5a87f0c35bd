package org.xenpv.pcapng;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.xenpv.io.netif.Netif;

/** Literal bytes, so that a reader of the file can be sure without any tool. */
class PcapngBlockTest {

    private final PcapngBlock block = new PcapngBlock(64);

    private void shouldBe(String... parts) {
        assertThat(HexFormat.of().formatHex(block.bytes(), 0, block.lengthBytes()))
                .isEqualTo(String.join("", parts).replace(" ", ""));
    }

    @Test
    void shouldWriteASection() {
        block.beginSection();
        block.textOption(Pcapng.SHB_USERAPPL, "xénpv");
        block.end();
        shouldBe(
                "0a0d0d0a 2c000000 4d3c2b1a 0100 0000 ffffffffffffffff",
                "0400 0500 783f6e7076 000000 00000000 2c000000");
    }

    @Test
    void shouldWriteAnInterface() {
        block.beginInterface(96);
        block.textOption(Pcapng.IF_NAME, "vif0");
        block.macOption(Pcapng.IF_MACADDR, 0x00163e000102L);
        block.byteOption(Pcapng.IF_TSRESOL, 9);
        block.end();
        shouldBe(
                "01000000 34000000 0100 0000 60000000",
                "0200 0400 76696630 0600 0600 00163e000102 0000 0900 0100 09 000000 00000000 34000000");
    }

    @Test
    void shouldWriteAPacketCutShortWithWhatTravelsWithIt() {
        PacketComment comment = new PacketComment();
        comment.csumBlank(true);
        comment.dropped(true);
        block.beginPacket(1, 0x0102030405060708L, 5, 1500);
        for (int i = 0; i < 5; i++) {
            block.bytes()[Pcapng.ENHANCED_PACKET_DATA_AT + i] = (byte) (0xa0 + i);
        }
        block.intOption(Pcapng.EPB_FLAGS, Pcapng.EPB_FLAGS_OUTBOUND | Pcapng.EPB_FLAGS_CHECKSUM_NOT_READY);
        block.hashOption(0x51ccc178);
        block.commentOption(comment);
        block.end();
        shouldBe(
                "06000000 60000000 01000000 04030201 08070605 05000000 dc050000 a0a1a2a3a4 000000",
                "0200 0400 02020000 0300 0500 0551ccc178 000000",
                "0100 1900 6e657469663a206373756d2d626c616e6b2064726f70706564 000000 00000000 60000000");
    }

    @Test
    void shouldWriteNoOptions_whenThereIsNothingToSay() {
        block.beginPacket(0, 1, 0, 0);
        block.commentOption(new PacketComment());
        block.end();
        shouldBe("06000000 20000000 00000000 00000000 01000000 00000000 00000000 20000000");
    }

    @Test
    void shouldHoldTheLongestPacketWithTheLongestComment() {
        PacketComment comment = new PacketComment();
        comment.csumBlank(true);
        comment.dataValidated(true);
        comment.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV6, 65535);
        comment.hash(255, 255, -1);
        comment.dropped(true);
        assertThat(comment.toString())
                .isEqualTo("netif: csum-blank data-validated gso=tcpv6/65535 hash=255/255/0xffffffff dropped")
                .hasSizeLessThanOrEqualTo(PacketComment.BYTES_MAX);
        block.beginPacket(0, 0, 64, 64);
        block.commentOption(comment);
        block.end();
        assertThat(block.lengthBytes() % 4).isZero();
        assertThat(block.lengthBytes()).isEqualTo(28 + 64 + 4 + 80 + 4 + 4);
    }

    @Test
    void shouldRefuseWhatDoesNotFit() {
        assertThatThrownBy(() -> new PcapngBlock(0)).hasMessageContaining("packetBytesMax=0");
        assertThatThrownBy(() -> block.beginPacket(0, 0, 65, 100))
                .hasMessageContaining("capturedBytes=65, must be 0 to 64");
        assertThatThrownBy(() -> block.beginPacket(0, 0, 11, 10)).hasMessageContaining("must be 0 to 10");
        block.beginSection();
        assertThatThrownBy(() -> block.textOption(Pcapng.SHB_USERAPPL, "x".repeat(2000)))
                .hasMessageContaining("option of 2000 bytes");
    }
}
