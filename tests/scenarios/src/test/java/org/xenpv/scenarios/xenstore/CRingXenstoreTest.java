package org.xenpv.scenarios.xenstore;

import java.util.List;
import org.xenpv.event.EventLoop;
import org.xenpv.testkit.xenstore.XenstoreContract;
import org.xenpv.testkit.xenstore.XenstorePair;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.RingTransport;
import org.xenpv.xenstore.XenstoreClient;
import org.xenpv.xenstore.XenstorePermissions;
import org.xenpv.xenstore.XenstorePermissions.Access;

/** An unprivileged domain over its ring page, served by Xen's own C xenstored. */
class CRingXenstoreTest extends XenstoreContract {

    @Override
    protected XenstorePair open() throws Exception {
        CXenstored xenstored = CXenstored.start();
        EventLoop controlLoop = SocketPair.loop();
        XenstoreClient control = SocketPair.client(xenstored.socket(), controlLoop);
        String home = "/local/domain/" + CXenstored.DOMID;
        String base = home + "/data/contract";
        BlockingXenstore tree = new BlockingXenstore(control, controlLoop);
        tree.mkdir(base);
        XenstorePermissions mine = new XenstorePermissions(CXenstored.DOMID, Access.NONE, List.of());
        tree.setPermissions(home, mine);
        tree.setPermissions(base, mine);
        boolean[] introduced = {false};
        Result<Void> done = (ok, error) -> introduced[0] = error == null;
        control.introduce(CXenstored.DOMID, 1, CXenstored.PORT, done);
        controlLoop.runUntil(() -> introduced[0], System.nanoTime() + 10_000_000_000L);

        EventLoop guestLoop = xenstored.loop();
        RingTransport ring = new RingTransport(xenstored.ringPage(), xenstored.events, CXenstored.PORT);
        XenstoreClient guest = new XenstoreClient(ring, guestLoop, SocketPair.PATIENT);
        return new XenstorePair(control, controlLoop, guest, guestLoop, CXenstored.DOMID, base, 300, () -> {
            guest.close();
            control.close();
            xenstored.close();
        });
    }
}
