package org.xenpv.scenarios.rings;

import org.xenpv.testkit.ring.HostileRingPeerContract;

/** FrontRing and BackRing, the other end keeping none: rows R1 to R5, R8, R11, R12 and R13. */
class HostileRingPeerTest extends HostileRingPeerContract {}
