package org.xenpv.layers.dns;

import java.io.IOException;

/** A zone with one of everything. */
final class ExampleZone {

    private static final String TEXT = """
            $TTL 3600
            @          IN SOA  ns1 hostmaster 2026112401 7200 3600 1209600 300
                       IN NS   ns1
                       IN NS   ns2.elsewhere.test.
                       IN MX   10 mail
            ns1        IN A    192.0.2.53
            ns1        IN AAAA 2001:db8::53
            mail       IN A    192.0.2.25
            www        IN A    192.0.2.80
            www        IN A    192.0.2.81
            alias      IN CNAME www
            gone       IN CNAME nowhere
            abroad     IN CNAME www.elsewhere.test.
            loop1      IN CNAME loop2
            loop2      IN CNAME loop1
            *.wild     IN TXT  "anything"
            below      IN NS   ns.below
            ns.below   IN A    192.0.2.99
            old        IN DNAME new
            host.new   IN A    192.0.2.44
            """;

    private ExampleZone() {}

    static DnsZones zones() {
        StringBuilder text = new StringBuilder(TEXT);
        for (int i = 0; i < 60; i++) {
            text.append("many IN A 198.51.100.").append(i).append('\n');
            text.append("host").append(i).append(" IN A 203.0.113.").append(i).append('\n');
        }
        try {
            return new DnsZones().add("example.test.", text.toString());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
