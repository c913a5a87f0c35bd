package org.xenpv.layers.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/** Whatever is asked: nothing is thrown, and what is remembered is what would be answered anew. */
class DnsFuzzTest {

    private static final DnsZones ZONES = ExampleZone.zones();

    @Provide
    Arbitrary<byte[]> anything() {
        return Arbitraries.bytes().array(byte[].class).ofMaxSize(80);
    }

    @Provide
    Arbitrary<byte[]> queries() {
        Arbitrary<String> names =
                Arbitraries.of("www", "WWW", "alias", "nothing", "x.wild", "a.below", "many", "h.old");
        return names.flatMap(name -> Arbitraries.of(1, 2, 5, 6, 15, 16, 28, 255).map(type -> query(name, type)));
    }

    private static byte[] query(String name, int type) {
        try {
            return Message.newQuery(Record.newRecord(Name.fromString(name + ".example.test."), type, DClass.IN))
                    .toWire();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void shouldThrowNothing(
            @ForAll("anything") byte[] noise,
            @ForAll("queries") byte[] good,
            @ForAll @Size(3) List<@IntRange(max = 60) Integer> places,
            @ForAll byte value) {
        byte[] mutated = good.clone();
        places.forEach(place -> mutated[place % mutated.length] = value);
        try (OneDatagram udp = new OneDatagram()) {
            DnsServer<OneDatagram> server = new DnsServer<>(udp, 53, ZONES, 16);
            udp.ask(noise);
            udp.ask(mutated);
            udp.ask(Arrays.copyOf(good, places.get(0)));
            assertThat(server.counters().received() + server.counters().dropped())
                    .isEqualTo(3);
            assertThat(udp.ask(good)).isNotNull();
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void shouldRememberWhatItWouldAnswerAnew(
            @ForAll @Size(min = 2, max = 12) List<@net.jqwik.api.From("queries") byte[]> asked) {
        try (OneDatagram udp = new OneDatagram()) {
            DnsServer<OneDatagram> server = new DnsServer<>(udp, 53, ZONES, 16);
            for (byte[] query : asked) {
                assertThat(udp.ask(query)).isEqualTo(ZONES.answer(query));
                assertThat(udp.ask(query)).isEqualTo(ZONES.answer(query));
            }
            assertThat(server.counters().remembered()).isPositive();
        }
    }
}
