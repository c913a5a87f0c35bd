/**
 * A name server for zones of its own over whatever carries UDP: an example. Messages and zones are dnsjava's; {@link
 * org.xenpv.layers.dns.DnsServer} answers what was asked before without it and without allocation.
 */
package org.xenpv.layers.dns;
