package org.xenpv.io.netif;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the verification suite that is published with RSS, and against the header's way to reckon it. */
class ToeplitzHashTest {

    private static byte[] input(String source, String destination, int... ports) throws UnknownHostException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(InetAddress.getByName(source).getAddress());
        bytes.writeBytes(InetAddress.getByName(destination).getAddress());
        for (int port : ports) {
            bytes.write(port >>> 8);
            bytes.write(port);
        }
        return bytes.toByteArray();
    }

    @ParameterizedTest
    @CsvSource({
        "66.9.149.187, 2794, 161.142.100.80, 1766, 323e8fc2, 51ccc178",
        "199.92.111.2, 14230, 65.69.140.83, 4739, d718262a, c626b0ea",
        "24.19.198.95, 12898, 12.22.207.184, 38024, d2d0a5de, 5c2b394a",
        "38.27.205.30, 48228, 209.142.163.6, 2217, 82989176, afc7327f",
        "153.39.163.191, 44251, 202.188.127.2, 1303, 5d1809c5, 10e828a2",
        "3ffe:2501:200:1fff::7, 2794, 3ffe:2501:200:3::1, 1766, 2cc18cd5, 40207d3d",
        "3ffe:501:8::260:97ff:fe40:efab, 14230, ff02::1, 4739, 0f0c461c, dde51bbf",
        "3ffe:1900:4545:3:200:f8ff:fe21:67cf, 44251, fe80::200:f8ff:fe21:67cf, 38024, 4b61e985, 02d1feef"
    })
    void shouldReckonThePublishedHashes(
            String source, int sourcePort, String destination, int destinationPort, String ip, String tcp)
            throws UnknownHostException {
        ToeplitzHash hash = new ToeplitzHash(ToeplitzHash.rssKey());
        byte[] addresses = input(source, destination);
        assertThat(hash.of(addresses, addresses.length)).isEqualTo(Integer.parseUnsignedInt(ip, 16));
        byte[] all = input(source, destination, sourcePort, destinationPort);
        assertThat(hash.of(all, all.length)).isEqualTo(Integer.parseUnsignedInt(tcp, 16));
    }

    @Property(tries = 300)
    void shouldBeWhatTheHeaderReckons(@ForAll @Size(max = 40) byte[] key, @ForAll @Size(max = 36) byte[] input) {
        assertThat(new ToeplitzHash(key).of(input, input.length)).isEqualTo(bitByBit(key, input));
    }

    /** The definition in netif.h: key and input as shift registers. */
    private static int bitByBit(byte[] key, byte[] input) {
        int hash = 0;
        for (int bit = 0; bit < input.length * 8; bit++) {
            if (bit(input, bit)) {
                for (int i = 0; i < 32; i++) {
                    if (bit(key, bit + i)) {
                        hash ^= 0x8000_0000 >>> i;
                    }
                }
            }
        }
        return hash;
    }

    private static boolean bit(byte[] bytes, int index) {
        return index / 8 < bytes.length && (bytes[index / 8] & 0x80 >>> index % 8) != 0;
    }

    @Test
    void shouldRefuseAKeyThatIsTooLong() {
        assertThatThrownBy(() -> new ToeplitzHash(new byte[41]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("41")
                .hasMessageContaining("40");
    }
}
