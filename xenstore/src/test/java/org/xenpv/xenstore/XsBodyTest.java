package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.xenstore.XenstorePermissions.Access;
import org.xenpv.xenstore.XenstorePermissions.Entry;

class XsBodyTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1, 1",
        "4294967295, 4294967295",
        "4294967296, -1",
        "9999999999, -1",
        "00, -1",
        "01, -1",
        "-1, -1",
        "+1, -1",
        "' 1', -1",
        "'1 ', -1",
        "1x, -1",
        "0x10, -1",
        "'', -1",
        "99999999999, -1",
        "\u0661, -1"
    })
    void shouldParseStrictDecimal(String text, long expected) {
        assertThat(XsBody.decimal(text, 0xffff_ffffL)).isEqualTo(expected);
    }

    @Test
    void shouldDecodePermissions() {
        XenstorePermissions permissions = XsBody.permissions(Msg.bytes("n1|r0|w65535|b7|"));
        assertThat(permissions)
                .isEqualTo(new XenstorePermissions(
                        1,
                        Access.NONE,
                        List.of(new Entry(0, Access.READ), new Entry(65535, Access.WRITE), new Entry(7, Access.BOTH))));
        assertThat(XsBody.encode("p", permissions)).containsExactly("p", "n1", "r0", "w65535", "b7");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "n1", "|", "n|", "x1|", "n-1|", "n65536|", "n1|r|", "n01|", "1|", "n1 |"})
    void x9_shouldRefusePermissions_whenNotExactlyTheForm(String body) {
        assertThat(XsBody.permissions(Msg.bytes(body))).isNull();
    }

    @Test
    void shouldRefuseDomid_whenOutOfRange() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> XsBody.encode("p", XenstorePermissions.readableBy(0, 65536)))
                .withMessageContaining("domid=65536");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> XsBody.encode("p", XenstorePermissions.readableBy(-1, 0)));
    }

    @Test
    void x9_shouldDecodeByLength() {
        assertThat(XsBody.scalar(Msg.bytes("T|"))).isEqualTo("T");
        assertThat(XsBody.scalar(Msg.bytes("T"))).isEqualTo("T");
        assertThat(XsBody.scalar(Msg.bytes(""))).isEmpty();
        assertThat(XsBody.scalar(Msg.bytes("T||"))).isNull();
        assertThat(XsBody.scalar(Msg.bytes("1|2"))).isNull();
        byte[] list = Msg.bytes("a||b|");
        assertThat(XsBody.list(list, list.length)).containsExactly("a", "", "b");
        assertThat(XsBody.list(list, list.length - 1)).isNull();
        assertThat(XsBody.list(list, 0)).isEmpty();
    }

    @Test
    void x12_shouldMapUnknownErrorToEinval_andKeepLittleOfIt() {
        assertThat(XsBody.error(Msg.bytes("ENOENT|"), "read a").error()).isEqualTo("ENOENT");
        assertThat(XsBody.error(Msg.bytes("EQUOTA|"), "write a").error()).isEqualTo("EQUOTA");
        for (String said : new String[] {"", "|", "EWHAT|", "ENOENT|x|", "enoent|", "\u001b[2J" + "x".repeat(4000)}) {
            XenstoreException error = XsBody.error(Msg.bytes(said), "read a");
            assertThat(error.error()).as(said).isEqualTo("EINVAL");
            assertThat(error.getMessage())
                    .contains("read a")
                    .hasSizeLessThan(500)
                    .doesNotContain("\u001b");
        }
    }

    @Test
    void shouldRefuseCharacterThatIsNoByte() {
        assertThat(XsBody.text(XsBody.pathAndValue("p", "\u00ff\0"))).isEqualTo("p\0\u00ff\0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> XsBody.pathAndValue("p", "\u0100"))
                .withMessageContaining("256");
    }

    /** What a body says is decoded into something of the declared form, or refused; it is never guessed at. */
    @Property(tries = 500)
    void shouldNeverCrash_onGarbageBodies(@ForAll @Size(max = 200) byte[] body) {
        XenstorePermissions permissions = XsBody.permissions(body);
        if (permissions != null) {
            byte[] again = XsBody.strings(XsBody.encode("", permissions));
            assertThat(again).hasSize(body.length + 1).endsWith(body);
        }
        List<String> list = XsBody.list(body, body.length);
        assertThat(list == null).isEqualTo(body.length > 0 && body[body.length - 1] != 0);
        if (list != null) {
            assertThat(XsBody.strings(list.toArray(new String[0]))).isEqualTo(body);
        }
        String scalar = XsBody.scalar(body);
        assertThat(scalar == null || scalar.indexOf('\0') < 0).isTrue();
        assertThat(XsBody.error(body, "x").error()).isIn("EINVAL", "ENOENT", "EIO", "EPERM");
        assertThat(XsBody.decimal(XsBody.text(body), Long.MAX_VALUE)).isGreaterThanOrEqualTo(-1);
    }
}
