package org.xenpv.io.netif;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.xenpv.io.Slot.AT;

import java.util.HexFormat;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.io.Slot;
import org.xenpv.memory.SharedMemory;

/** Literal bytes of every network message. */
class NetifCodecTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 0, 0, 000000000000000000000000",
        "-1, 65535, 65535, 65535, 65535, ffffffffffffffffffffffff",
        "0x01020304, 0x0506, 0x0708, 0x090a, 0x0b0c, 0403020106050807 0a090c0b",
        "8, 4095, 5, 255, 1514, 08000000ff0f0500 ff00ea05"
    })
    void shouldBeTheseBytes_whenItIsATxRequest(
            String gref, String offset, String flags, String id, String size, String hex) {
        int[] fields = {decode(gref), decode(offset), decode(flags), decode(id), decode(size)};
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            NetifTxRequest.put(m, AT, fields[0], fields[1], fields[2], fields[3], fields[4]);
            m.check(AT, NetifTxRequest.SIZEOF, 4);
            NetifTxRequest copy = new NetifTxRequest();
            copy.copyFrom(m, AT);
            assertThat(hex(m, NetifTxRequest.SIZEOF)).isEqualTo(hex.replace(" ", ""));
            assertThat(new int[] {
                        NetifTxRequest.gref(m, AT),
                        NetifTxRequest.offset(m, AT),
                        NetifTxRequest.flags(m, AT),
                        NetifTxRequest.id(m, AT),
                        NetifTxRequest.size(m, AT)
                    })
                    .isEqualTo(fields);
            m.zero(AT, NetifTxRequest.SIZEOF);
            assertThat(new int[] {copy.gref(), copy.offset(), copy.flags(), copy.id(), copy.size()})
                    .isEqualTo(fields);
        }
    }

    @ParameterizedTest
    @CsvSource({"0,0,00000000", "65535,-1,ffffffff", "258,-2,0201feff", "1,1,01000100", "32768,-32768,00800080"})
    void shouldBeTheseBytes_whenItIsATxResponse(int id, short status, String hex) {
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            NetifTxResponse.put(m, AT, id, status);
            assertThat(slot.hex()).isEqualTo(trim(hex));
            assertThat(NetifTxResponse.id(m, AT)).isEqualTo(id);
            assertThat(NetifTxResponse.status(m, AT)).isEqualTo(status);
            int copy = NetifTxResponse.load(m, AT);
            assertThat(NetifTxResponse.id(copy)).isEqualTo(id);
            assertThat(NetifTxResponse.status(copy)).isEqualTo(status);
        }
    }

    @ParameterizedTest
    @CsvSource({"0,0,0000000000000000", "65535,-1,ffff0000ffffffff", "258,16909060,0201000004030201"})
    void shouldBeTheseBytes_whenItIsAnRxRequest(int id, int gref, String hex) {
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            NetifRxRequest.put(m, AT, id, gref);
            assertThat(slot.hex()).isEqualTo(hex);
            assertThat(NetifRxRequest.id(m, AT)).isEqualTo(id);
            assertThat(NetifRxRequest.gref(m, AT)).isEqualTo(gref);
            long copy = NetifRxRequest.load(m, AT);
            assertThat(NetifRxRequest.id(copy)).isEqualTo(id);
            assertThat(NetifRxRequest.gref(copy)).isEqualTo(gref);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0,0,0,0,0000000000000000",
        "65535,65535,65535,-1,ffffffffffffffff",
        "258,772,1286,1514,020104030605ea05",
        "1,0,0,-2,010000000000feff",
        "1,2,4,-32768,0100020004000080",
        "1,2,4,32767,010002000400ff7f"
    })
    void shouldBeTheseBytes_whenItIsAnRxResponse(int id, int offset, int flags, short status, String hex) {
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            NetifRxResponse.put(m, AT, id, offset, flags, status);
            assertThat(slot.hex()).isEqualTo(hex);
            assertThat(NetifRxResponse.id(m, AT)).isEqualTo(id);
            assertThat(NetifRxResponse.offset(m, AT)).isEqualTo(offset);
            assertThat(NetifRxResponse.flags(m, AT)).isEqualTo(flags);
            assertThat(NetifRxResponse.status(m, AT)).isEqualTo(status);
            long copy = NetifRxResponse.load(m, AT);
            assertThat(NetifRxResponse.id(copy)).isEqualTo(id);
            assertThat(NetifRxResponse.offset(copy)).isEqualTo(offset);
            assertThat(NetifRxResponse.flags(copy)).isEqualTo(flags);
            assertThat(NetifRxResponse.status(copy)).isEqualTo(status);
        }
    }

    @Test
    void shouldBeTheseBytes_whenItIsExtraInformation() {
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            NetifExtraInfo.putGso(m, AT, Netif.XEN_NETIF_EXTRA_FLAG_MORE, 1460, Netif.XEN_NETIF_GSO_TYPE_TCPV6, 0x8001);
            assertThat(slot.hex()).isEqualTo("0101b40502000180");
            long extra = NetifExtraInfo.load(m, AT);
            assertThat(NetifExtraInfo.type(extra)).isEqualTo(Netif.XEN_NETIF_EXTRA_TYPE_GSO);
            assertThat(NetifExtraInfo.flags(extra)).isEqualTo(1);
            assertThat(NetifExtraInfo.gsoSize(extra)).isEqualTo(1460);
            assertThat(NetifExtraInfo.gsoType(extra)).isEqualTo(2);
            assertThat(NetifExtraInfo.gsoFeatures(extra)).isEqualTo(0x8001);

            NetifExtraInfo.putMcast(m, AT, 0, true, 0x01005e0102ffL);
            assertThat(slot.hex()).isEqualTo("020001005e0102ff");
            extra = NetifExtraInfo.load(m, AT);
            assertThat(NetifExtraInfo.type(extra)).isEqualTo(Netif.XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
            assertThat(NetifExtraInfo.mcastAddr(extra)).isEqualTo(0x01005e0102ffL);
            NetifExtraInfo.putMcast(m, AT, 1, false, 0xffffffffffffL);
            assertThat(slot.hex()).isEqualTo("0301ffffffffffff");
            assertThat(NetifExtraInfo.mcastAddr(NetifExtraInfo.load(m, AT))).isEqualTo(0xffffffffffffL);

            NetifExtraInfo.putHash(m, AT, 0, Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP_BIT, 1, 0x89abcdef);
            assertThat(slot.hex()).isEqualTo("04000301efcdab89");
            extra = NetifExtraInfo.load(m, AT);
            assertThat(NetifExtraInfo.hashType(extra)).isEqualTo(3);
            assertThat(NetifExtraInfo.hashAlgorithm(extra)).isEqualTo(1);
            assertThat(NetifExtraInfo.hashValue(extra)).isEqualTo(0x89abcdef);

            NetifExtraInfo.putXdp(m, AT, 0, Netif.XEN_NETIF_MAX_XDP_HEADROOM);
            assertThat(slot.hex()).isEqualTo("0500ff7f00000000");
            assertThat(NetifExtraInfo.xdpHeadroom(NetifExtraInfo.load(m, AT))).isEqualTo(0x7fff);
        }
    }

    @Test
    void shouldBeUnsigned_whenAllBitsOfExtraInformationAreSet() {
        try (Slot slot = Slot.of("ffffffffffffffff")) {
            long extra = NetifExtraInfo.load(slot.memory(), AT);
            assertThat(NetifExtraInfo.type(extra)).isEqualTo(255);
            assertThat(NetifExtraInfo.flags(extra)).isEqualTo(255);
            assertThat(NetifExtraInfo.gsoSize(extra)).isEqualTo(65535);
            assertThat(NetifExtraInfo.gsoType(extra)).isEqualTo(255);
            assertThat(NetifExtraInfo.gsoFeatures(extra)).isEqualTo(65535);
            assertThat(NetifExtraInfo.hashType(extra)).isEqualTo(255);
            assertThat(NetifExtraInfo.hashAlgorithm(extra)).isEqualTo(255);
            assertThat(NetifExtraInfo.hashValue(extra)).isEqualTo(-1);
            assertThat(NetifExtraInfo.xdpHeadroom(extra)).isEqualTo(65535);
        }
    }

    @Test
    void shouldBeTheseBytes_whenItIsAControlMessage() {
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            NetifCtrlRequest.put(m, AT, 0xffff, Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 0x01020304, 5, -1);
            assertThat(hex(m, 16)).isEqualTo("ffff06000403020105000000ffffffff");
            assertThat(NetifCtrlRequest.id(m, AT)).isEqualTo(0xffff);
            assertThat(NetifCtrlRequest.type(m, AT)).isEqualTo(6);
            assertThat(NetifCtrlRequest.data(m, AT, 0)).isEqualTo(0x01020304);
            assertThat(NetifCtrlRequest.data(m, AT, 1)).isEqualTo(5);
            assertThat(NetifCtrlRequest.data(m, AT, 2)).isEqualTo(-1);

            NetifCtrlResponse.put(m, AT, 0x8001, 0xfffe, Netif.XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW, -2);
            assertThat(hex(m, 12)).isEqualTo("0180feff03000000feffffff");
            assertThat(NetifCtrlResponse.id(m, AT)).isEqualTo(0x8001);
            assertThat(NetifCtrlResponse.type(m, AT)).isEqualTo(0xfffe);
            assertThat(NetifCtrlResponse.status(m, AT)).isEqualTo(3);
            assertThat(NetifCtrlResponse.data(m, AT)).isEqualTo(-2);

            NetifGref.put(m, AT, -2, Netif.XEN_NETIF_CTRLF_GREF_READONLY);
            assertThat(hex(m, 8)).isEqualTo("feffffff01000000");
            NetifGref.putStatus(m, AT, 0xffff);
            assertThat(hex(m, 8)).isEqualTo("feffffff0100ffff");
            assertThat(NetifGref.ref(m, AT)).isEqualTo(-2);
            assertThat(NetifGref.flags(m, AT)).isEqualTo(1);
            assertThat(NetifGref.status(m, AT)).isEqualTo(0xffff);
        }
    }

    @Test
    void attackR5_shouldReadNoByteTwice_whenASlotIsCopied() {
        try (Slot slot = new Slot()) {
            int[] reads = new int[SharedMemory.PAGE_BYTES];
            SharedMemory m = slot.counting(reads);
            new NetifTxRequest().copyFrom(m, AT);
            NetifTxResponse.load(m, AT + 16);
            NetifRxRequest.load(m, AT + 24);
            NetifRxResponse.load(m, AT + 32);
            NetifExtraInfo.load(m, AT + 40);
            assertThat(reads).containsOnly(0, 1);
            assertThat(IntStream.of(reads).sum()).isEqualTo(12 + 4 + 8 + 8 + 8);
        }
    }

    @Test
    void shouldRefuseTheSlot_whenACopyWouldLeaveTheMemory() {
        try (Slot slot = new Slot()) {
            NetifTxRequest copy = new NetifTxRequest();
            assertThatThrownBy(() -> copy.copyFrom(slot.memory(), SharedMemory.PAGE_BYTES - 8))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> copy.copyFrom(slot.memory(), 2)).isInstanceOf(IllegalArgumentException.class);
            copy.copyFrom(slot.memory(), SharedMemory.PAGE_BYTES - 12);
        }
    }

    @Test
    void shouldNameTheNthOfSeveral_whenAKeyIsNumbered() {
        assertThat(NetifKeys.queue(0)).isEqualTo("queue-0");
    }

    private static int decode(String number) {
        return (int) Long.decode(number).longValue();
    }

    private static String trim(String hex) {
        return hex.replace(" ", "");
    }

    private static String hex(SharedMemory m, int bytes) {
        byte[] out = new byte[bytes];
        m.copyOut(AT, out, 0, bytes);
        return HexFormat.of().formatHex(out);
    }
}
