package org.xenpv.grant.abi;

class RevokeRaceV1Test extends RevokeRaceTests {

    RevokeRaceV1Test() {
        super(1);
    }
}
