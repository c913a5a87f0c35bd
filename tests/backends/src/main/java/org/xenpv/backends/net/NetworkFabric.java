package org.xenpv.backends.net;

/** What ports are plugged into as they come and go. */
public interface NetworkFabric {

    void attach(NetworkPort port);

    /** Unplugs a port; nothing is sent to it any more. One that is not attached is left alone. */
    void detach(NetworkPort port);
}
