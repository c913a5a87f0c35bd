package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class XsPathTest {

    @ParameterizedTest
    @ValueSource(
            strings = {"/", "/a", "a", "/local/domain/0/backend/vbd/1/51712", "device/vif/0", "@releaseDomain", "A-z_9@"
            })
    void shouldAcceptPath(String path) {
        assertThat(XsPath.check(path)).isSameAs(path);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "//", "/a/", "a/", "/a//b", "a b", "/a\0", "../x", "/a/./b", "a:b", "/\u00e4", "a\nb", "%41", "a+b"
            })
    void shouldRefusePath(String path) {
        assertThat(XsPath.isValid(path)).isFalse();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> XsPath.check(path))
                .withMessageContaining("path=");
    }

    @Test
    void shouldHoldLimitsOfLength() {
        assertThat(XsPath.isValid("/" + "a".repeat(3071))).isTrue();
        assertThat(XsPath.isValid("/" + "a".repeat(3072))).isFalse();
        assertThat(XsPath.isValid("a".repeat(2048))).isTrue();
        assertThat(XsPath.isValid("a".repeat(2049))).isFalse();
        assertThat(XsPath.isValid(null)).isFalse();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> XsPath.check("/" + "a".repeat(3072)))
                .withMessageContaining("length=3073")
                .withMessageContaining("3072");
    }

    @ParameterizedTest
    @CsvSource({
        "/a, /a, true",
        "/a/b, /a, true",
        "/ab, /a, false",
        "/a, /a/b, false",
        "/a, /, true",
        "a/b, a, true",
        "ab, a, false"
    })
    void shouldKnowWhatLiesBelow(String path, String parent, boolean below) {
        assertThat(XsPath.isBelow(path, parent)).isEqualTo(below);
    }
}
