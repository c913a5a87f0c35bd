package org.xenpv.netfront;

import org.xenpv.fault.XenProtocolException;

/** Told by a queue that the backend has violated the protocol; the queue has stopped. */
interface NetBroken {
    void broken(XenProtocolException reason);
}
