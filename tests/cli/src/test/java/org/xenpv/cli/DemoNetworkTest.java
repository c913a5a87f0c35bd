package org.xenpv.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenpv.backends.block.StoreFactory;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.netfront.NetworkDevice;
import org.xenpv.netfront.wrapper.FaultConfig;
import org.xenpv.netfront.wrapper.FaultyDevice;

/** That the packets of the main job are really looked at. */
@Timeout(60)
class DemoNetworkTest {

    private static final long SEED = 5;

    private static List<DemoNetwork.Pass> run(DemoHost host, UnaryOperator<NetworkDevice> atNeighbour) {
        try (DemoNetwork network = new DemoNetwork(host, atNeighbour)) {
            return network.run(2000);
        }
    }

    private static void assertFails(FaultConfig faults, String sentence) {
        try (ChronicleMemory memory = ChronicleMemory.allocatePages(4 * FaultyDevice.SLOT_BYTES / 4096);
                DemoHost host = new DemoHost(StoreFactory.RAW_IMAGES)) {
            assertThatThrownBy(() ->
                            run(host, device -> new FaultyDevice(device, null, SEED, FaultConfig.NONE, faults, memory)))
                    .isInstanceOf(CommandFailure.class)
                    .hasMessageMatching(sentence);
        }
    }

    @Test
    void shouldAccountForEveryPacket_whenTheNetworkIsSound() {
        try (DemoHost host = new DemoHost(StoreFactory.RAW_IMAGES)) {
            List<DemoNetwork.Pass> passes = run(host, device -> device);
            assertThat(passes).hasSize(4);
            assertThat(passes.subList(0, 3)).allSatisfy(pass -> {
                assertThat(pass.arrived()).isEqualTo(pass.sent());
                assertThat(pass.drops()).isEmpty();
                assertThat(pass.notifications()).isPositive();
            });
            DemoNetwork.Pass flood = passes.get(3);
            assertThat(flood.arrived()
                            + flood.drops().values().stream()
                                    .mapToLong(Long::longValue)
                                    .sum())
                    .isEqualTo(flood.sent());
            assertThat(host.remains()).isEmpty();
        }
    }

    @Test
    void shouldFail_whenAPacketIsDamaged() {
        assertFails(FaultConfig.NONE.withCorruption(5), "packet \\d+ of 64 B arrived.*");
    }

    @Test
    void shouldFail_whenAPacketIsLost() {
        assertFails(FaultConfig.NONE.withDrops(5), "packet \\d+ of 64 B arrived, due was \\d+");
    }

    @Test
    void shouldFail_whenAPacketComesTwice() {
        assertFails(FaultConfig.NONE.withDuplicates(5), "packet \\d+ of 64 B arrived, due was \\d+");
    }
}
