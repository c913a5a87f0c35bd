/** The network frontend over the network backend: features, traffic, lifecycle. */
package org.xenpv.scenarios.net;
