package org.xenpv.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.io.blkif.BlkifKeys;
import org.xenpv.io.netif.NetifKeys;

/** The text of the keys against the headers that define them. */
class XenstoreKeysTest {

    /** Documented in NetifKeys as not being in this header. */
    private static final Set<String> NOT_IN_THE_HEADER = Set.of(
            "feature-sg",
            "feature-rx-copy",
            "request-rx-copy",
            "feature-xdp-headroom",
            "xdp-headroom",
            "mac",
            "handle",
            "disconnect",
            "speed");

    @ParameterizedTest
    @CsvSource({"BLKIF,io/blkif.h", "NETIF,io/netif.h"})
    void shouldStandInTheHeader_whenItIsAKey(String protocol, String header) throws Exception {
        XenHeaders.assumeHeaders();
        String text = XenHeaders.read(header);
        List<String> missing = new ArrayList<>();
        int found = 0;
        for (Field field : (protocol.equals("BLKIF") ? BlkifKeys.class : NetifKeys.class).getDeclaredFields()) {
            String key = (String) field.get(null);
            String name = key.replace('-', '_').toUpperCase(Locale.ROOT);
            assertThat(field.getName()).isEqualTo(name);
            boolean stands = Pattern.compile("(?<![\\w-])" + Pattern.quote(key) + "(?![\\w-])")
                    .matcher(text)
                    .find();
            if (stands) {
                found++;
            } else if (protocol.equals("BLKIF") || !NOT_IN_THE_HEADER.contains(key)) {
                missing.add(key);
            }
        }
        assertThat(missing).isEmpty();
        assertThat(found).isGreaterThan(15);
    }
}
