package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The hash of real packets by the published verification suite (Microsoft, "Verifying the RSS hash calculation"). */
class NetbackHashTest {

    private static final byte[] KEY =
            bytes("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73b" + "beac01fa");

    private static final int IPV4 = 1;
    private static final int IPV4_TCP = 2;
    private static final int IPV6 = 4;
    private static final int IPV6_TCP = 8;

    private static byte[] bytes(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(hex.substring(i * 2, i * 2 + 2), 16);
        }
        return bytes;
    }

    private static NetbackHash toeplitz(int flags) {
        NetbackHash hash = new NetbackHash();
        hash.algorithm(XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ);
        hash.key(KEY);
        hash.flags(flags);
        return hash;
    }

    private static byte[] v4(boolean tcp, String source, String destination, int sourcePort, int destinationPort) {
        byte[] frame = tcp ? Frames.tcp(false, 10, 0, false, 1) : Frames.udp(false, 10, false, 1);
        String[] from = source.split("\\.", -1);
        String[] to = destination.split("\\.", -1);
        for (int i = 0; i < 4; i++) {
            frame[26 + i] = (byte) Integer.parseInt(from[i]);
            frame[30 + i] = (byte) Integer.parseInt(to[i]);
        }
        Frames.put(frame, 34, 2, sourcePort);
        Frames.put(frame, 36, 2, destinationPort);
        return frame;
    }

    @ParameterizedTest
    @CsvSource({
        "66.9.149.187, 2794, 161.142.100.80, 1766, 323e8fc2, 51ccc178",
        "199.92.111.2, 14230, 65.69.140.83, 4739, d718262a, c626b0ea",
        "24.19.198.95, 12898, 12.22.207.184, 38024, d2d0a5de, 5c2b394a",
        "38.27.205.30, 48228, 209.142.163.6, 2217, 82989176, afc7327f",
        "153.39.163.191, 44251, 202.188.127.2, 1303, 5d1809c5, 10e828a2"
    })
    void shouldHashIpv4AsPublished(
            String source, int sourcePort, String destination, int destinationPort, String two, String four) {
        byte[] tcp = v4(true, source, destination, sourcePort, destinationPort);
        check(tcp, IPV4 | IPV4_TCP | IPV6 | IPV6_TCP, four, 1);
        check(tcp, IPV4_TCP, four, 1);
        check(tcp, IPV4, two, 0);
        byte[] udp = v4(false, source, destination, sourcePort, destinationPort);
        check(udp, IPV4 | IPV4_TCP, two, 0);
        checkNone(udp, IPV4_TCP);
        checkNone(tcp, IPV6 | IPV6_TCP);
        tcp[20] = 0x20; // a fragment has no ports
        check(tcp, IPV4 | IPV4_TCP, two, 0);
    }

    @ParameterizedTest
    @CsvSource({
        "3ffe250102001fff0000000000000007, 2794, 3ffe2501020000030000000000000001, 1766, 2cc18cd5, 40207d3d",
        "3ffe050100080000026097fffe40efab, 14230, ff020000000000000000000000000001, 4739, 0f0c461c, dde51bbf",
        "3ffe1900454500030200f8fffe2167cf, 44251, fe800000000000000200f8fffe2167cf, 38024, 4b61e985, 02d1feef"
    })
    void shouldHashIpv6AsPublished(
            String source, int sourcePort, String destination, int destinationPort, String two, String four) {
        byte[] tcp = Frames.tcp(true, 10, 0, false, 1);
        System.arraycopy(bytes(source), 0, tcp, 22, 16);
        System.arraycopy(bytes(destination), 0, tcp, 38, 16);
        Frames.put(tcp, 54, 2, sourcePort);
        Frames.put(tcp, 56, 2, destinationPort);
        check(tcp, IPV6 | IPV6_TCP | IPV4, four, 3);
        check(tcp, IPV6, two, 2);
        checkNone(tcp, IPV4 | IPV4_TCP);
    }

    private static void check(byte[] bytes, int flags, String value, int type) {
        NetFrame frame = Frames.frame(bytes);
        int queue = toeplitz(flags).select(frame, 3);
        assertThat(frame.hashAlgorithm()).isEqualTo(XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ);
        assertThat(frame.hashType()).isEqualTo(type);
        assertThat(frame.hashValue()).isEqualTo(Integer.parseUnsignedInt(value, 16));
        assertThat(queue).isEqualTo(Integer.remainderUnsigned(frame.hashValue(), 3));
    }

    private static void checkNone(byte[] bytes, int flags) {
        NetFrame frame = Frames.frame(bytes);
        frame.hash(1, 1, 1);
        assertThat(toeplitz(flags).select(frame, 3)).isZero();
        assertThat(frame.hashAlgorithm()).isEqualTo(XEN_NETIF_CTRL_HASH_ALGORITHM_NONE);
        assertThat(frame.hashValue()).isZero();
    }

    @Test
    void shouldSteerByTheMapping() {
        NetbackHash hash = toeplitz(IPV4);
        hash.mappingSize(5);
        hash.map(0, new int[] {3, 2, 1, 0, 3});
        NetFrame frame = Frames.frame(v4(true, "66.9.149.187", "161.142.100.80", 1, 2));
        int entry = Integer.remainderUnsigned(0x323e8fc2, 5);
        assertThat(hash.select(frame, 4)).isEqualTo(new int[] {3, 2, 1, 0, 3}[entry]);
        NetFrame none = Frames.frame(Frames.raw(1, 2, 60, 1));
        assertThat(hash.select(none, 4)).as("the entry of hash 0").isEqualTo(3);
        assertThat(hash.select(none, 1)).as("never a queue that there is not").isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8, 16})
    void shouldSpreadFlowsByItself_whenNobodyAsked(int queues) {
        NetbackHash hash = new NetbackHash();
        int[] hits = new int[queues];
        for (int port = 0; port < 1000; port++) {
            NetFrame frame = Frames.frame(v4(port % 2 == 0, "10.0.0.1", "10.0.0.2", 1024 + port, 53));
            int queue = hash.select(frame, queues);
            assertThat(hash.select(frame, queues)).isEqualTo(queue);
            assertThat(frame.hashAlgorithm()).as("not for the guest").isZero();
            hits[queue]++;
        }
        for (int hit : hits) {
            assertThat(hit).isBetween(500 / queues, 1500 / queues + queues);
        }
        assertThat(hash.select(Frames.frame(Frames.raw(1, 2, 60, 1)), queues)).isZero();
    }
}
