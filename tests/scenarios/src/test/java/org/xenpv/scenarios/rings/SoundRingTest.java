package org.xenpv.scenarios.rings;

import java.util.List;
import org.xenpv.testkit.ring.RequestResponseRingContract;
import org.xenpv.testkit.ring.RingLayout;

/** The program of the test kit's README: a protocol of one's own, with slots of 64 bytes. */
class SoundRingTest extends RequestResponseRingContract {

    @Override
    protected List<RingLayout> layouts() {
        return List.of(new RingLayout("sound", 64, 1));
    }
}
