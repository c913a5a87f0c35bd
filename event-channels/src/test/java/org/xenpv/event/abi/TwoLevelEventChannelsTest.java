package org.xenpv.event.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.xenpv.event.EventChannels;
import org.xenpv.memory.ChronicleMemory;

class TwoLevelEventChannelsTest extends AbiEventChannelsTest {

    @Override
    EventChannels open() {
        return new TwoLevelEventChannels(xen, xen, xen.sharedInfo, xen.args);
    }

    @Test
    void shouldMaskEveryPort_whenOpened() {
        events = open();
        for (int at = 2560; at < 2560 + 512; at += 4) {
            assertThat(xen.sharedInfo.getInt(at)).isEqualTo(-1);
        }
        assertThat(xen.sharedInfo.getInt(2560 + 512)).as("behind evtchn_mask").isZero();
        assertThat(xen.sharedInfo.getInt(2560 - 4))
                .as("the end of evtchn_pending")
                .isZero();
    }

    @Test
    void shouldUseTheBitsOfTheHeader() {
        xen.firstPort = 100;
        events = open();
        int port = openPort();
        xen.raise(port);
        assertThat(xen.sharedInfo.getLong(8)).isEqualTo(1L << 1);
        assertThat(xen.sharedInfo.getLong(2048 + 8)).isEqualTo(1L << 36);
        assertThat(xen.sharedInfo.getLong(2560 + 8)).isEqualTo(~(1L << 36));
        poll(1);
        assertThat(xen.announced()).isFalse();
        assertThat(xen.sharedInfo.getLong(8)).isZero();
        assertThat(xen.sharedInfo.getLong(2048 + 8)).isZero();
        assertThat(xen.sharedInfo.getLong(2560 + 8)).isEqualTo(-1L);
    }

    @Test
    void shouldAnnounceItself_whenUnmaskedWhilePending() {
        xen.firstPort = 4000;
        events = open();
        int port = events.allocUnbound(1);
        xen.raise(port);
        assertThat(xen.announced()).isFalse();
        events.unmask(port);
        assertThat(xen.announced()).isTrue();
        assertThat(xen.sharedInfo.getLong(8)).isEqualTo(1L << (4000 / 64));
    }

    @Test
    void shouldIgnoreABitOfPortZero() {
        events = open();
        xen.sharedInfo.putLong(2048, 1);
        xen.sharedInfo.putLong(8, 1);
        xen.sharedInfo.putByte(0, (byte) 1);
        assertThat(poll(10)).isEmpty();
        assertThat(xen.announced()).isFalse();
    }

    @Test
    void shouldComeToNothing_whenEverySelectorBitIsSetWithoutAnEvent() {
        events = open();
        xen.sharedInfo.putLong(8, -1L);
        assertThat(poll(10)).isEmpty();
        assertThat(poll(10)).isEmpty();
    }

    @Test
    void shouldRefuseMemoryThatIsTooSmall() {
        try (ChronicleMemory page = ChronicleMemory.allocatePages(1)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new TwoLevelEventChannels(xen, xen, xen.sharedInfo, page.slice(0, 31)));
            org.assertj.core.api.Assertions.assertThatThrownBy(
                            () -> new TwoLevelEventChannels(xen, xen, page.slice(0, 3071), xen.args))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            new TwoLevelEventChannels(xen, xen, page.slice(0, 3072), xen.args);
        }
    }
}
