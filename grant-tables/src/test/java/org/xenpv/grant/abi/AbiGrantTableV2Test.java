package org.xenpv.grant.abi;

class AbiGrantTableV2Test extends AbiGrantTableTests {

    AbiGrantTableV2Test() {
        super(2);
    }
}
