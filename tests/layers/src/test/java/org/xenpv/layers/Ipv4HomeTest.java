package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Ipv4HomeTest {

    @Property
    void shouldReadWhatItWrites(@ForAll int address) {
        assertThat(Ipv4Address.parse(Ipv4Address.format(address))).isEqualTo(address);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1",
                "1.2.3",
                "1.2.3.4.5",
                "1.2.3.",
                ".1.2.3",
                "1..2.3",
                "256.0.0.1",
                "1.2.3.4 ",
                "01.2.3.4",
                "1.2.3.-4",
                "1.2.3.٣",
                "1.2.3.0004"
            })
    void shouldRefuseWhatIsNoAddress(String text) {
        assertThatThrownBy(() -> Ipv4Address.parse(text)).hasMessageContaining("address=" + text);
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1/24, 192.0.2.254, 192.0.2.77, 192.0.2.77",
        "192.0.2.1/24, 192.0.2.254, 198.51.100.1, 192.0.2.254",
        "192.0.2.1/24, '', 198.51.100.1, 0.0.0.0",
        "192.0.2.1/24, 192.0.2.254, 192.0.2.1, 0.0.0.0",
        "192.0.2.1/24, 192.0.2.254, 192.0.2.0, 0.0.0.0",
        "192.0.2.1/24, 192.0.2.254, 192.0.2.255, 0.0.0.0",
        "192.0.2.1/24, 192.0.2.254, 255.255.255.255, 0.0.0.0",
        "192.0.2.1/24, 192.0.2.254, 224.0.0.1, 0.0.0.0",
        "192.0.2.1/24, 192.0.2.254, 127.0.0.1, 0.0.0.0",
        "192.0.2.1/24, 192.0.2.254, 0.0.0.7, 0.0.0.0",
        "192.0.2.2/31, 192.0.2.3, 192.0.2.3, 192.0.2.3",
        "192.0.2.2/32, '', 192.0.2.3, 0.0.0.0"
    })
    void shouldKnowTheWay(String home, String gateway, String destination, String nextHop) {
        assertThat(Ipv4Address.format(Ipv4Home.parse(home, gateway).nextHop(Ipv4Address.parse(destination))))
                .isEqualTo(nextHop);
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, '', home=192.0.2.1",
        "192.0.2.1/, '', home=192.0.2.1/",
        "192.0.2.1/33, '', prefixBits=33",
        "192.0.2.1/0, '', prefixBits=0",
        "192.0.2.1/x, '', home=192.0.2.1/x",
        "192.0.2.0/24, '', address=192.0.2.0",
        "192.0.2.255/24, '', address=192.0.2.255",
        "127.0.0.1/8, '', address=127.0.0.1",
        "224.0.0.1/8, '', address=224.0.0.1",
        "192.0.2.1/24, 192.0.2.1, gateway=192.0.2.1",
        "192.0.2.1/24, 192.0.3.1, gateway=192.0.3.1",
        "192.0.2.1/24, 192.0.2.255, gateway=192.0.2.255"
    })
    void shouldRefuseWhatIsNoHome(String home, String gateway, String message) {
        assertThatThrownBy(() -> Ipv4Home.parse(home, gateway))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
