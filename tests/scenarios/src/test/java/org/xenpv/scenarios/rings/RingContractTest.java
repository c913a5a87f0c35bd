package org.xenpv.scenarios.rings;

import org.xenpv.testkit.ring.RequestResponseRingContract;

/** FrontRing and BackRing, both ends keeping the rules. */
class RingContractTest extends RequestResponseRingContract {}
