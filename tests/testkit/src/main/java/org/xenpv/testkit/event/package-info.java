/**
 * What every implementation of {@link org.xenpv.event.EventChannels} does: subclass {@link
 * org.xenpv.testkit.event.EventChannelsContract} and hand out two domains.
 *
 * <p>The tests own both domains' event channels: no loop runs on them. Failures name the seed.
 */
package org.xenpv.testkit.event;
