package org.xenpv.grant.abi;

class AbiGrantTableV1Test extends AbiGrantTableTests {

    AbiGrantTableV1Test() {
        super(1);
    }
}
