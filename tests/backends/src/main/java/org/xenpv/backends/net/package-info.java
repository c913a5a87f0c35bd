/**
 * The network backend (xen/io/netif.h, the back half): {@link org.xenpv.backends.net.Netback} serves one interface of one
 * frontend, {@link org.xenpv.backends.net.NetbackService} every interface the toolstack attaches to its domain. What it is plugged
 * into is behind {@link org.xenpv.backends.net.NetworkPort}; {@link org.xenpv.backends.net.LearningSwitch} joins any number of them.
 *
 * <p>It sees only {@link org.xenpv.xenbus.XenGuest} and so runs on any platform. Everything here is owned by the thread of the domain's
 * event loop. TX and RX are the guest's, here too. What the frontend writes is copied once, judged, then used; frames are moved by
 * GNTTABOP_copy in batches, and nothing is allocated per frame.
 */
package org.xenpv.backends.net;
