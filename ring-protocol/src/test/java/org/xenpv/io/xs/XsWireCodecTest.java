package org.xenpv.io.xs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.io.console.XenconsInterface;
import org.xenpv.memory.ChronicleMemory;

/** Literal bytes of the xenstore header and of the words in the two shared pages. */
class XsWireCodecTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 0, 00000000000000000000000000000000",
        "2, 16909060, 7, 4096, 02000000 04030201 07000000 00100000",
        "16, -1, -2, 4097, 10000000 ffffffff feffffff 01100000",
        "-1, -1, -1, -1, ffffffffffffffffffffffffffffffff"
    })
    void shouldBeTheseBytes_whenItIsAHeader(int type, int reqId, int txId, int len, String hex) {
        byte[] bytes = new byte[18];
        XsdSockmsg.put(bytes, 1, type, reqId, txId, len);
        assertThat(HexFormat.of().formatHex(bytes)).isEqualTo("00" + hex.replace(" ", "") + "00");
        assertThat(XsdSockmsg.type(bytes, 1)).isEqualTo(type);
        assertThat(XsdSockmsg.reqId(bytes, 1)).isEqualTo(reqId);
        assertThat(XsdSockmsg.txId(bytes, 1)).isEqualTo(txId);
        assertThat(XsdSockmsg.len(bytes, 1)).isEqualTo(len);
    }

    @Test
    void shouldBeNoType_whenTheNumberIsNone() {
        assertThat(XsMessageType.of(19)).isSameAs(XsMessageType.SET_TARGET);
        assertThat(XsMessageType.of(20)).as("XS_RESTRICT was removed").isNull();
        assertThat(XsMessageType.of(21)).isSameAs(XsMessageType.RESET_WATCHES);
        for (int value : new int[] {-1, Integer.MIN_VALUE, 23, XsMessageType.INVALID, Integer.MAX_VALUE}) {
            assertThat(XsMessageType.of(value)).isNull();
        }
    }

    @Test
    void shouldBeFoundByName_whenItIsAnErrorOfTheHeader() {
        for (XsdError error : XsdError.values()) {
            assertThat(XsdError.of(error.name())).isSameAs(error);
        }
        for (String name : new String[] {"EQUOTA", "", "ENOENT\0", "enoent"}) {
            assertThat(XsdError.of(name)).isNull();
        }
    }

    @Test
    void shouldTouchOneWordEach_whenThePageOfXenstoredIsWritten() {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            XenstoreDomainInterface.putServerFeatures(page, 0x04030201);
            XenstoreDomainInterface.putConnection(page, XenstoreDomainInterface.XENSTORE_RECONNECT);
            XenstoreDomainInterface.putError(page, -1);
            byte[] bytes = new byte[20];
            page.copyOut(2060, bytes, 0, 20);
            assertThat(HexFormat.of().formatHex(bytes)).isEqualTo("000000000102030401000000ffffffff00000000");
            assertThat(XenstoreDomainInterface.serverFeatures(page)).isEqualTo(0x04030201);
            assertThat(XenstoreDomainInterface.connection(page)).isEqualTo(1);
            assertThat(XenstoreDomainInterface.error(page)).isEqualTo(-1);
        }
    }

    @Test
    void shouldTouchOneByte_whenTheConsoleSaysItIsConnected() {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            assertThat(XenconsInterface.connection(page)).isEqualTo(XenconsInterface.XENCONSOLE_CONNECTED);
            XenconsInterface.putConnection(page, 0x1ff);
            assertThat(XenconsInterface.connection(page)).isEqualTo(255);
            byte[] bytes = new byte[6];
            page.copyOut(3086, bytes, 0, 6);
            assertThat(HexFormat.of().formatHex(bytes)).isEqualTo("0000ff000000");
        }
    }
}
