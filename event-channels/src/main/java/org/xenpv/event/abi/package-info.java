/**
 * Event channels over raw shared_info (2-level) and event arrays (FIFO); EVTCHNOP_* through
 * {@link org.xenpv.event.abi.EventChannelOp}.
 */
package org.xenpv.event.abi;
