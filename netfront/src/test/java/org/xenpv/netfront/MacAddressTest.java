package org.xenpv.netfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.XenConfigException;

class MacAddressTest {

    @Test
    void shouldReadAndPrintSixGroups() {
        MacAddress mac = MacAddress.parse("mac", "00:16:3E:0a:Ff:01");
        assertThat(mac.bits()).isEqualTo(0x0016_3e0a_ff01L);
        assertThat(mac).hasToString("00:16:3e:0a:ff:01");
        assertThat(mac.isMulticast()).isFalse();
        assertThat(MacAddress.parse("mac", "33:33:00:00:00:01").isMulticast()).isTrue();
        assertThat(MacAddress.BROADCAST).hasToString("ff:ff:ff:ff:ff:ff");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00:16:3e:0a:ff",
                "00:16:3e:0a:ff:01:",
                "00:16:3e:0a:ff:1",
                "00:16:3e:0a:ff:0g",
                "00-16-3e-0a-ff-01",
                "00:16:3e:0a:ff:01 ",
                "0016:3e:0a:ff:01:",
                "00:16:3e:0a:ff:\u0661\u0661"
            })
    void shouldRefuseAnythingElse(String text) {
        assertThatThrownBy(() -> MacAddress.parse("mac", text))
                .isInstanceOf(XenConfigException.class)
                .hasMessageContaining("mac");
    }

    @Test
    void shouldRefuseTheAddressOfAGroup_whenAStationIsMeant() {
        assertThat(MacAddress.parseStation("mac", "00:16:3e:0a:ff:01").bits()).isEqualTo(0x0016_3e0a_ff01L);
        assertThatThrownBy(() -> MacAddress.parseStation("mac", "01:00:5e:00:00:01"))
                .isInstanceOf(XenConfigException.class)
                .hasMessageContaining("01:00:5e:00:00:01");
    }

    @Test
    void shouldRefuseMoreThan48Bits() {
        assertThatThrownBy(() -> new MacAddress(1L << 48)).hasMessageContaining("0x1000000000000");
    }
}
