/**
 * Event channels and the event loop that turns them into calls. One thread owns a domain's loop and everything on it;
 * other threads hand work over through {@link org.xenpv.event.EventLoop#execute}.
 */
package org.xenpv.event;
