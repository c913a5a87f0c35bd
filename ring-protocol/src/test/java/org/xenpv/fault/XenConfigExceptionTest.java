package org.xenpv.fault;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class XenConfigExceptionTest {

    @Test
    void shouldNameKeyValueAndLimit_whenAValueIsRefused() {
        XenConfigException e = new XenConfigException("sector-size", "511", "a power of two");
        assertThat(e).hasMessage("sector-size=\"511\", must be a power of two");
        assertThat(e.key()).isEqualTo("sector-size");
        assertThat(e.value()).isEqualTo("511");
        assertThat(new XenConfigException("sectors", null, "there")).hasMessageContaining("(missing)");
    }

    @Test
    void shouldBeFitForALog_whenTheValueIsHostile() {
        assertThat(XenConfigException.escape("a\n\u001b[2J\"\\\u00e9"))
                .isEqualTo("a\\u000a\\u001b[2J\\u0022\\u005c\\u00e9");
        assertThat(XenConfigException.escape("x".repeat(64))).isEqualTo("x".repeat(64));
        assertThat(XenConfigException.escape("x".repeat(65))).isEqualTo("x".repeat(64) + "...");
    }
}
