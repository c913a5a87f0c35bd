package org.xenpv.layers.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class DnsServerTest {

    private final OneDatagram udp = new OneDatagram();
    private final DnsServer<OneDatagram> server = new DnsServer<>(udp, DnsServer.PORT, ExampleZone.zones(), 64);

    @AfterEach
    void close() {
        udp.close();
    }

    private static Message query(String name, int type) throws IOException {
        return Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
    }

    private Message ask(Message query) throws IOException {
        byte[] answer = udp.ask(query.toWire());
        assertThat(answer).isNotNull();
        Message message = new Message(answer);
        assertThat(message.getHeader().getID()).isEqualTo(query.getHeader().getID());
        assertThat(message.getHeader().getFlag(Flags.QR)).isTrue();
        return message;
    }

    private static String section(Message message, int section) {
        return message.getSection(section).stream()
                .filter(each -> !(each instanceof OPTRecord))
                .map(each -> each.getName().toString().replace(".example.test.", "") + " "
                        + Type.string(each.getType()) + " "
                        + each.rdataToString().replace(".example.test.", ""))
                .sorted()
                .collect(Collectors.joining(", "));
    }

    /** Each twice: through the library, then from memory. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "www         | A     | NOERROR  | true  | www A 192.0.2.80, www A 192.0.2.81 | |",
                "alias       | A     | NOERROR  | true  | alias CNAME www, www A 192.0.2.80, www A 192.0.2.81 | |",
                "alias       | CNAME | NOERROR  | true  | alias CNAME www | |",
                "gone        | A     | NXDOMAIN | true  | gone CNAME nowhere | SOA |",
                "abroad      | A     | NOERROR  | true  | abroad CNAME www.elsewhere.test. | |",
                "nothing     | A     | NXDOMAIN | true  | | SOA |",
                "www         | AAAA  | NOERROR  | true  | | SOA |",
                "new         | A     | NOERROR  | true  | | SOA |",
                "any.wild    | TXT   | NOERROR  | true  | any.wild TXT \"anything\" | |",
                "x.below     | A     | NOERROR  | false | | below NS ns.below | ns.below A 192.0.2.99",
                "host.old    | A     | NOERROR  | true  | host.new A 192.0.2.44, host.old CNAME host.new, old DNAME new | |"
            })
    void shouldAnswerForItsZone(
            String name, String type, String rcode, boolean aa, String answers, String authority, String additional)
            throws IOException {
        for (int i = 0; i < 2; i++) {
            Message answer = ask(query(name + ".example.test.", Type.value(type)));
            assertThat(Rcode.string(answer.getRcode())).isEqualTo(rcode);
            assertThat(answer.getHeader().getFlag(Flags.AA)).isEqualTo(aa);
            assertThat(answer.getHeader().getFlag(Flags.RD)).isTrue();
            assertThat(answer.getHeader().getFlag(Flags.RA)).isFalse();
            assertThat(section(answer, Section.ANSWER)).isEqualTo(answers == null ? "" : answers);
            assertThat(section(answer, Section.AUTHORITY)).contains(authority == null ? "" : authority);
            assertThat(section(answer, Section.AUTHORITY).isEmpty()).isEqualTo(authority == null);
            assertThat(section(answer, Section.ADDITIONAL)).isEqualTo(additional == null ? "" : additional);
        }
        assertThat(server.counters().remembered()).isEqualTo(1);
        assertThat(server.counters().sent()).isEqualTo(2);
    }

    @Test
    void shouldGiveTheAddressesOfHostsItNames() throws IOException {
        Message answer = ask(query("example.test.", Type.NS));
        assertThat(section(answer, Section.ANSWER))
                .isEqualTo("example.test. NS ns1, example.test. NS ns2.elsewhere.test.");
        assertThat(section(answer, Section.ADDITIONAL)).isEqualTo("ns1 A 192.0.2.53, ns1 AAAA 2001:db8:0:0:0:0:0:53");
        assertThat(section(ask(query("example.test.", Type.MX)), Section.ADDITIONAL))
                .isEqualTo("mail A 192.0.2.25");
    }

    @Test
    void shouldSayHowLongNothingMayBeRemembered() throws IOException {
        Message answer = ask(query("nothing.example.test.", Type.A));
        assertThat(answer.getSection(Section.AUTHORITY).get(0).getTTL()).isEqualTo(300);
    }

    @Test
    void shouldEndSomewhere_whenAliasesGoInACircle() throws IOException {
        Message answer = ask(query("loop1.example.test.", Type.A));
        assertThat(answer.getRcode()).isEqualTo(Rcode.SERVFAIL);
        assertThat(answer.getSection(Section.ANSWER)).hasSizeLessThan(12);
    }

    @Test
    void shouldRefuseWhatIsNotItsOwn() throws IOException {
        assertThat(ask(query("www.elsewhere.test.", Type.A)).getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(ask(query("test.", Type.A)).getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(ask(query(".", Type.NS)).getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(ask(query("example.test.", Type.AXFR)).getRcode()).isEqualTo(Rcode.REFUSED);
        Message chaos = Message.newQuery(Record.newRecord(Name.fromString("version.bind."), Type.TXT, DClass.CH));
        assertThat(ask(chaos).getRcode()).isEqualTo(Rcode.REFUSED);
        Message notify = query("example.test.", Type.SOA);
        notify.getHeader().setOpcode(Opcode.NOTIFY);
        Message answer = ask(notify);
        assertThat(answer.getRcode()).isEqualTo(Rcode.NOTIMP);
        assertThat(answer.getHeader().getOpcode()).isEqualTo(Opcode.NOTIFY);
    }

    @Test
    void shouldSpellTheNameAsTheQueryDoes_fromMemoryToo() throws IOException {
        for (String name : new String[] {"www.example.test.", "wWw.ExAmPlE.tEsT.", "WWW.example.TEST."}) {
            Message answer = ask(query(name, Type.A));
            assertThat(answer.getQuestion().getName()).hasToString(name);
            assertThat(answer.getSection(Section.ANSWER))
                    .hasSize(2)
                    .allMatch(each -> each.getName().toString().equals(name));
        }
        assertThat(server.counters().remembered()).isEqualTo(2);
    }

    @Test
    void shouldCutAnAnswerThatIsTooLong_andGiveMoreToWhoTakesMore() throws IOException {
        Message cut = ask(query("many.example.test.", Type.A));
        assertThat(cut.getHeader().getFlag(Flags.TC)).isTrue();
        assertThat(cut.toWire().length).isLessThanOrEqualTo(512);
        Message query = query("many.example.test.", Type.A);
        query.addRecord(new OPTRecord(4096, 0, 0), Section.ADDITIONAL);
        for (int i = 0; i < 2; i++) {
            Message whole = ask(query);
            assertThat(whole.getHeader().getFlag(Flags.TC)).isFalse();
            assertThat(whole.getSection(Section.ANSWER)).hasSize(60);
            assertThat(whole.getOPT().getPayloadSize()).isEqualTo(1232);
        }
        assertThat(server.counters().remembered()).isEqualTo(1);
    }

    @Test
    void shouldKnowNoLaterVersionOfEdns() throws IOException {
        Message query = query("www.example.test.", Type.A);
        query.addRecord(new OPTRecord(4096, 0, 1), Section.ADDITIONAL);
        assertThat(ask(query).getRcode()).isEqualTo(Rcode.BADVERS);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1234 0100 0001 0000 0000 0000",
                "1234 0100 0001 0000 0000 0000 03777777",
                "1234 0100 0001 0000 0000 0000 c00c 0001 0001",
                "1234 0100 ffff 0000 0000 0000 00 0001 0001"
            })
    void shouldSayThatItDoesNotUnderstand(String hex) {
        byte[] answer = udp.ask(HexFormat.of().parseHex(hex.replace(" ", "")));
        assertThat(answer).isEqualTo(HexFormat.of().parseHex("123481010000000000000000"));
    }

    @ParameterizedTest
    @CsvSource({
        "1234 0100 0001 0000 0000 00, 4000, SHORT",
        "'', 4000, SHORT",
        "1234 8180 0001 0000 0000 0000 00 0001 0001, 4000, NOT_A_QUERY",
        "1234 0100 0001 0000 0000 0000 00 0001 0001, 53, NOT_A_QUERY",
        "1234 0100 0001 0000 0000 0000 00 0001 0001, 0, NOT_A_QUERY"
    })
    void shouldNotAnswerWhatIsNoQuery(String hex, int sourcePort, DnsCounters.Drop reason) {
        assertThat(udp.ask(HexFormat.of().parseHex(hex.replace(" ", "")), sourcePort))
                .isFalse();
        assertThat(server.counters().dropped(reason)).isEqualTo(1);
    }

    @Test
    void shouldCountAndGoOn_whenItIsTooLongOrThereIsNoRoom() throws IOException {
        assertThat(udp.ask(new byte[1233])).isNull();
        udp.full(true);
        assertThat(udp.ask(query("www.example.test.", Type.A).toWire())).isNull();
        udp.full(false);
        assertThat(server.counters().toString()).isEqualTo("received=0 sent=0 long=1 send_no_room=1");
        ask(query("www.example.test.", Type.A));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 64})
    void shouldAnswerRight_howeverFewAnswersItRemembers(int remembered) throws IOException {
        try (OneDatagram small = new OneDatagram()) {
            DnsServer<OneDatagram> forgetful = new DnsServer<>(small, 53, ExampleZone.zones(), remembered);
            for (int i = 0; i < 600; i++) {
                String name = "host" + i * 7 % 60 + ".example.test.";
                Message answer = new Message(small.ask(query(name, Type.A).toWire()));
                assertThat(section(answer, Section.ANSWER))
                        .isEqualTo(name.replace(".example.test.", "") + " A 203.0.113." + i * 7 % 60);
            }
            assertThat(forgetful.counters().remembered() > 0).isEqualTo(remembered == 64);
        }
        assertThatThrownBy(() -> new DnsServer<>(udp, 53, ExampleZone.zones(), -1))
                .hasMessageContaining("places=-1");
    }

    @Test
    void shouldAnswerAnew_whenToldToForget() throws IOException {
        ask(query("www.example.test.", Type.A));
        server.forget();
        ask(query("www.example.test.", Type.A));
        assertThat(server.counters().remembered()).isZero();
    }

    @Test
    void shouldAllocateNothing_whenItWasAskedBefore() throws IOException {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        byte[][] queries = new byte[60][];
        for (int i = 0; i < queries.length; i++) {
            queries[i] = query("host" + i % 8 + ".example.test.", Type.A).toWire();
            udp.ask(queries[i], 4000);
        }
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 8; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 6000; i++) {
                udp.ask(queries[i % queries.length], 4000);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least).isZero();
        assertThat(server.counters().remembered()).isEqualTo(48_000 + 60 - 8);
    }

    @Test
    void shouldNotTakeQueriesForTheSame_whenTheyDifferInMoreThanIdAndSpelling() throws IOException {
        Message plain = query("www.example.test.", Type.A);
        Message noRecursion = query("www.example.test.", Type.A);
        noRecursion.getHeader().unsetFlag(Flags.RD);
        Message edns = query("www.example.test.", Type.A);
        edns.addRecord(new OPTRecord(1232, 0, 0), Section.ADDITIONAL);
        byte[][] answers = {udp.ask(plain.toWire()), udp.ask(noRecursion.toWire()), udp.ask(edns.toWire())};
        assertThat(server.counters().remembered()).isZero();
        assertThat(new Message(answers[1]).getHeader().getFlag(Flags.RD)).isFalse();
        assertThat(new Message(answers[2]).getOPT()).isNotNull();
        assertThat(Arrays.equals(answers[0], answers[1])).isFalse();
    }
}
