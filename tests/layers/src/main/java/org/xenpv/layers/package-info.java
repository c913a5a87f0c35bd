/**
 * Small protocol layers over a {@link org.xenpv.netfront.NetworkDevice}: Ethernet, ARP, IPv4, ICMP echo, UDP. An example of
 * typed layers and a vehicle for tests; not a TCP stack.
 *
 * <p>Each layer is a class with the layer below as its type argument, bounded by the service it needs ({@link
 * org.xenpv.layers.EthernetLayer}, {@link org.xenpv.layers.Ipv4Link}, {@link org.xenpv.layers.Ipv4Layer}, {@link
 * org.xenpv.layers.UdpLayer}): a stack that lacks one does not compile, and another carrier is another argument.
 * {@link org.xenpv.layers.Ipv4Stack} wires the usual one.
 *
 * <p>All of a stack is owned by the thread of its device's loop. Time comes in through {@link org.xenpv.layers.Alarms},
 * memory as an argument; nothing is allocated per packet. Whatever arrives is parsed strictly; what is not good is dropped
 * and counted by reason, and nothing is thrown.
 */
package org.xenpv.layers;
