package org.xenpv.scenarios.traffic;

/** What the guest knows of example.test. */
final class ExampleZone {

    static final String TEXT = zone();

    private ExampleZone() {}

    private static String zone() {
        StringBuilder text = new StringBuilder("""
                $TTL 3600
                @       IN SOA   ns1 hostmaster 2026112401 7200 3600 1209600 300
                        IN NS    ns1
                        IN MX    10 mail
                ns1     IN A     10.77.0.2
                ns1     IN AAAA  2001:db8::53
                mail    IN A     192.0.2.25
                www     IN A     192.0.2.80
                alias   IN CNAME www
                *.wild  IN TXT   "anything"
                """);
        for (int i = 0; i < 60; i++) {
            text.append("many IN A 198.51.100.").append(i).append('\n');
            text.append("host").append(i).append(" IN A 203.0.113.").append(i).append('\n');
        }
        return text.toString();
    }
}
