/**
 * The network device on a simulated host: both halves together, each half against a scripted peer, hostile ones among them.
 */
package org.xenpv.scenarios.net;
