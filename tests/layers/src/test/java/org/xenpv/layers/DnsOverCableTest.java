package org.xenpv.layers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;
import org.xenpv.layers.dns.DnsServer;
import org.xenpv.layers.dns.DnsZones;
import org.xenpv.netfront.NetPacket;

/** A name server on a whole stack. */
class DnsOverCableTest {

    private static final String ZONE = "@ 60 IN SOA ns root 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n";

    @Test
    void shouldAnswerAQueryOfAnotherHost() throws IOException {
        try (Cable cable = new Cable();
                Host left = new Host(cable.left(), "192.0.2.1/24");
                Host right = new Host(cable.right(), "192.0.2.2/24")) {
            DnsServer<UdpLayer> server =
                    new DnsServer<>(left.stack.udp(), DnsServer.PORT, new DnsZones().add("example.test.", ZONE), 16);
            List<byte[]> answers = new ArrayList<>();
            right.stack.udp().bind(4000, (source, port, packet) -> {
                assertThat(port).isEqualTo(DnsServer.PORT);
                answers.add(packet.toBytes());
            });
            for (int i = 1; i <= 3; i++) {
                Message query =
                        Message.newQuery(Record.newRecord(Name.fromString("ns.example.test."), Type.A, DClass.IN));
                byte[] bytes = query.toWire();
                NetPacket packet = right.stack.udp().acquire(bytes.length);
                packet.copyIn(0, bytes, 0, bytes.length);
                right.stack.udp().send(packet, 4000, left.address(), DnsServer.PORT);
                right.stack.udp().flush();
                cable.carry();
                assertThat(answers).hasSize(i);
                Message answer = new Message(answers.get(i - 1));
                assertThat(answer.getHeader().getID())
                        .isEqualTo(query.getHeader().getID());
                assertThat(((ARecord) answer.getSection(Section.ANSWER).get(0))
                                .getAddress()
                                .getHostAddress())
                        .isEqualTo("192.0.2.1");
            }
            assertThat(server.counters()).hasToString("received=3 sent=3");
            assertThat(server.counters().remembered()).isEqualTo(2);
        }
    }
}
