package org.xenpv.scenarios.xenstore;

import org.xenpv.testkit.xenstore.XenstoreContract;
import org.xenpv.testkit.xenstore.XenstorePair;

/** Two connections over the unix socket of Xen's own C xenstored. */
class CSocketXenstoreTest extends XenstoreContract {

    @Override
    protected XenstorePair open() throws Exception {
        CXenstored xenstored = CXenstored.start();
        return SocketPair.connect(xenstored.socket(), xenstored::close);
    }
}
