package org.xenpv.event.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.xenpv.event.EventChannels;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenOpException;

class FifoEventChannelsTest extends AbiEventChannelsTest {

    @Override
    EventChannels open() {
        return new FifoEventChannels(xen, xen, xen.sharedInfo, xen, xen.args);
    }

    @Test
    void shouldThrow_whenTheHypervisorHasNoFifo() {
        xen.hasFifo = false;
        assertThatThrownBy(this::open)
                .isInstanceOfSatisfying(
                        XenOpException.class, e -> assertThat(e.errno()).isEqualTo(38));
        xen.hasFifo = true;
        xen.linkBits = 18;
        assertThatThrownBy(this::open).isInstanceOf(XenConfigException.class).hasMessageContaining("link_bits");
        xen.framesLeft = 0;
        assertThatThrownBy(this::open).isInstanceOf(XenException.class).hasMessageContaining("control block");
    }

    @Test
    void shouldServeUrgentPortsFirst_andOrderOfArrivalWithinAPriority() {
        events = open();
        int a = openPort();
        int b = openPort();
        int c = openPort();
        int d = openPort();
        events.setPriority(c, 0);
        events.setPriority(d, 15);
        xen.raise(d);
        xen.raise(b);
        xen.raise(a);
        xen.raise(c);
        assertThat(poll(10)).containsExactly(c, b, a, d);
    }

    @Test
    void shouldFollowThePort_whenItsPriorityChangesWhileQueued() {
        events = open();
        int a = openPort();
        int b = openPort();
        xen.raise(a);
        xen.raise(b);
        events.setPriority(b, 0);
        assertThat(poll(10)).as("still on the old queue").containsExactly(a, b);
        events.unmask(a);
        events.unmask(b);
        xen.raise(a);
        xen.raise(b);
        assertThat(poll(10)).containsExactly(b, a);
    }

    @Test
    void shouldGiveAPageForEvery1024Ports_andReplayWhatCameBefore() {
        xen.firstPort = 3000;
        events = open();
        int framesBefore = xen.framesLeft;
        int port = events.bindInterdomain(1, 5);
        assertThat(framesBefore - xen.framesLeft)
                .as("one was given at the start")
                .isEqualTo(2);
        assertThat(xen.eventWord(port)).isEqualTo(0xc0000000);
        assertThat(xen.eventWord(2999)).isEqualTo(0x40000000);
        events.unmask(port);
        assertThat(poll(10)).containsExactly(port);
    }

    @Test
    void shouldReachTheVeryLastPort() {
        xen.firstPort = (1 << 17) - 1;
        events = open();
        int port = openPort();
        assertThat(port).isEqualTo(131071);
        xen.raise(port);
        assertThat(poll(10)).containsExactly(port);
    }

    @Test
    void shouldCloseThePortAgain_whenThereIsNoFrameForItsWord() {
        xen.firstPort = 1024;
        xen.framesLeft = 2;
        events = open();
        assertThatThrownBy(() -> events.allocUnbound(1))
                .isInstanceOfSatisfying(
                        XenOpException.class, e -> assertThat(e.errno()).isEqualTo(12));
        assertThat(events.send(1024)).as("closed again").isFalse();
        xen.framesLeft = 1;
        assertThat(events.allocUnbound(1)).as("page 0 is there already").isEqualTo(1024);
    }

    @Test
    void shouldLetTheHypervisorUnmask_whenBusyStaysSet() {
        events = open();
        int port = events.allocUnbound(1);
        xen.holdBusy(port);
        xen.raise(port);
        xen.calls.clear();
        events.unmask(port);
        assertThat(xen.calls).containsExactly("unmask " + port);
        assertThat(poll(10)).containsExactly(port);
    }

    @Test
    void shouldDropTheQueue_whenItsHeadIsNoPort() {
        events = open();
        int port = openPort();
        xen.raise(port);
        xen.corruptHead(7, 131071);
        assertThat(poll(10)).isEmpty();
        events.await(System.nanoTime());
        assertThat(poll(10)).isEmpty();
    }

    @Test
    void shouldBoundItsWork_whenLinksGoRound() {
        events = open();
        int a = openPort();
        int b = openPort();
        xen.raise(a);
        xen.raise(b);
        xen.corruptLink(b, a);
        assertThat(poll(1000)).containsExactly(a, b);
    }

    @Test
    void shouldKeepPortsThatAreMaskedWhileQueued_fromHoldingUpOthers() {
        events = open();
        int[] ports = new int[20];
        for (int i = 0; i < ports.length; i++) {
            ports[i] = openPort();
            xen.raise(ports[i]);
        }
        for (int i = 0; i < 19; i++) {
            events.mask(ports[i]);
        }
        int taken = 0;
        int calls = 0;
        while (taken == 0) {
            taken = poll(4).size();
            calls++;
        }
        assertThat(calls).as("each call looks at 4 words").isEqualTo(5);
    }
}
