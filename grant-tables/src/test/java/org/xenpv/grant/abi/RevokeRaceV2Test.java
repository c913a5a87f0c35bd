package org.xenpv.grant.abi;

class RevokeRaceV2Test extends RevokeRaceTests {

    RevokeRaceV2Test() {
        super(2);
    }
}
