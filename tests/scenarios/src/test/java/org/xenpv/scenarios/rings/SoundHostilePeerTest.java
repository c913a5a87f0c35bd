package org.xenpv.scenarios.rings;

import java.util.List;
import org.xenpv.testkit.ring.HostileRingPeerContract;
import org.xenpv.testkit.ring.RingLayout;

/** The program of the test kit's README, its second half. */
class SoundHostilePeerTest extends HostileRingPeerContract {

    @Override
    protected List<RingLayout> layouts() {
        return List.of(new RingLayout("sound", 64, 1));
    }
}
