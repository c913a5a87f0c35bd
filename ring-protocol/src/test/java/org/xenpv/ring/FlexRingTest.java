package org.xenpv.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.memory.ChronicleMemory;

class FlexRingTest {

    @Test
    void shouldWriteOrderAndGrefs_whenTheFrontendInitialises() {
        try (ChronicleMemory intf = ChronicleMemory.allocatePages(1)) {
            for (int at = 0; at < intf.sizeBytes(); at += 8) {
                intf.putLong(at, -1);
            }
            FlexRing.init(intf, 2, new int[] {8, -1, 10, 11});
            assertThat(FlexRing.ringOrder(intf)).isEqualTo(2);
            assertThat(FlexRing.ref(intf, 0)).isEqualTo(8);
            assertThat(FlexRing.ref(intf, 1)).isEqualTo(-1);
            assertThat(FlexRing.ref(intf, 3)).isEqualTo(11);
            for (int at = 0; at < intf.sizeBytes(); at += 4) {
                boolean written = at >= FlexRing.RING_ORDER_OFFSET && at < FlexRing.REF_OFFSET + 4 * 4;
                assertThat(intf.getInt(at) != 0).as("at %d", at).isEqualTo(written);
            }
            int[] most = new int[1 << FlexRing.ORDER_MAX];
            most[most.length - 1] = 77;
            FlexRing.init(intf, FlexRing.ORDER_MAX, most);
            assertThat(FlexRing.ref(intf, most.length - 1)).isEqualTo(77);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 10, 31, 32, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void shouldRefuseTheOrder_whenItsGrefsCannotStandInThePage(int order) {
        try (ChronicleMemory intf = ChronicleMemory.allocatePages(1)) {
            assertThatThrownBy(() -> FlexRing.sizeBytes(order))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("order=" + order + ", must be 0 to 9");
            assertThatThrownBy(() -> FlexRing.front(intf, intf, order)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> FlexRing.back(intf, intf, order)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> FlexRing.init(intf, order, new int[1]))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"0,2", "1,1", "1,4", "3,1"})
    void shouldRefuseTheDataPages_whenTheyAreNotTheOrders(int order, int pages) {
        try (ChronicleMemory intf = ChronicleMemory.allocatePages(1);
                ChronicleMemory data = ChronicleMemory.allocatePages(pages)) {
            assertThatThrownBy(() -> FlexRing.front(intf, data, order))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("data.sizeBytes=" + pages * 4096);
            assertThatThrownBy(() -> FlexRing.init(intf, order, new int[pages]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("grefs.length=" + pages);
        }
    }

    @Test
    void attackG9_shouldKeepItsOrder_whenThePeerRewritesIt() {
        try (ChronicleMemory intf = ChronicleMemory.allocatePages(1);
                ChronicleMemory data = ChronicleMemory.allocatePages(2)) {
            FlexRing.init(intf, 1, new int[2]);
            FlexRing front = FlexRing.front(intf, data, 1);
            intf.putInt(FlexRing.RING_ORDER_OFFSET, 9);
            byte[] bytes = new byte[8192];
            assertThat(front.producer().write(bytes, 0, bytes.length)).isEqualTo(4096);
            assertThat(front.producer().free()).isZero();
        }
    }

    @Test
    void shouldWriteOutInTheUpperHalf_whenItIsTheFrontends() {
        try (ChronicleMemory intf = ChronicleMemory.allocatePages(1);
                ChronicleMemory data = ChronicleMemory.allocatePages(1)) {
            FlexRing.init(intf, 0, new int[1]);
            FlexRing.front(intf, data, 0).producer().write(new byte[] {1}, 0, 1);
            FlexRing.back(intf, data, 0).producer().write(new byte[] {2}, 0, 1);
            assertThat(data.getByte(2048)).isEqualTo((byte) 1);
            assertThat(data.getByte(0)).isEqualTo((byte) 2);
            assertThat(intf.getInt(FlexRing.OUT_PROD_OFFSET)).isEqualTo(1);
            assertThat(intf.getInt(FlexRing.IN_PROD_OFFSET)).isEqualTo(1);
        }
    }
}
