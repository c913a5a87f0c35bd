package org.xenpv.simulator.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.memory.SharedMemory;

/** EVTCHNOP_* and the 2-level ABI against what xen/common/event_channel.c does. */
class EventHypercallsTest {

    private static final int EPERM = -1;
    private static final int ENOENT = -2;
    private static final int ESRCH = -3;
    private static final int EFAULT = -14;
    private static final int EEXIST = -17;
    private static final int EINVAL = -22;
    private static final int ENOSPC = -28;
    private static final int ENOSYS = -38;

    private static final int CLOSED = 0;
    private static final int UNBOUND = 1;
    private static final int INTERDOMAIN = 2;
    private static final int VIRQ = 4;
    private static final int IPI = 5;

    private final RawHost host = new RawHost();
    private final Domain dom0 = host.dom0;
    private final Domain one = host.dom1;
    private final Domain two = host.dom2;

    @AfterEach
    void closeHost() {
        host.close();
    }

    @Test
    void shouldGiveStoreAndConsolePortsToANewDomain() {
        assertThat(one.openPorts())
                .containsExactly(one.startInfo().storePort(), one.startInfo().consolePort());
        assertThat(host.status(one, RawHost.SELF, one.startInfo().storePort())).isEqualTo(UNBOUND);
        assertThat(host.args.getShort(16)).isZero();
        assertThat(one.strayPorts()).isEmpty();
    }

    @Test
    void shouldAllocateTheLowestFreePort() {
        assertThat(host.allocUnbound(one, 2)).isEqualTo(3);
        assertThat(host.allocUnbound(one, 2)).isEqualTo(4);
        assertThat(host.close(one, 3)).isZero();
        assertThat(host.allocUnbound(one, 2)).isEqualTo(3);
    }

    @Test
    void shouldResolveSelfAsRemoteDomain_whenAllocating() {
        int port = host.allocUnbound(one, RawHost.SELF);

        assertThat(host.status(one, RawHost.SELF, port)).isEqualTo(UNBOUND);
        assertThat(host.args.getShort(16)).isEqualTo((short) one.domid());
        assertThat(host.bindInterdomain(one, RawHost.SELF, port)).isGreaterThan(port);
    }

    @Test
    void shouldAllocateForAnotherDomain_onlyWhenPrivileged() {
        assertThat(host.allocUnbound(one, two.domid(), one.domid())).isEqualTo(EPERM);
        int port = host.allocUnbound(dom0, two.domid(), one.domid());
        assertThat(two.openPorts()).contains(port);
        assertThat(host.allocUnbound(dom0, 77, 0)).isEqualTo(ESRCH);
    }

    @Test
    void shouldRefuseMorePortsThanTheDomainMayHave() {
        int last = 0;
        for (int i = 0; i < 125; i++) {
            last = host.allocUnbound(one, 2);
        }
        assertThat(last).isEqualTo(127);
        assertThat(host.allocUnbound(one, 2)).isEqualTo(ENOSPC);
        assertThat(host.bindVirq(one, 1, 0)).isEqualTo(ENOSPC);
        int unbound = host.allocUnbound(two, 1);
        assertThat(host.bindInterdomain(one, 2, unbound)).isEqualTo(ENOSPC);
        host.close(one, 64);
        assertThat(host.allocUnbound(one, 2)).isEqualTo(64);
    }

    @Test
    void shouldSetTheLocalPortPending_whenBinding() {
        int unbound = host.allocUnbound(one, two.domid());

        int bound = host.bindInterdomain(two, one.domid(), unbound);

        assertThat(RawHost.pending(two, bound)).isTrue();
        assertThat(two.upcallPending()).isTrue();
        assertThat(RawHost.pending(one, unbound)).isFalse();
        assertThat(host.status(one, RawHost.SELF, unbound)).isEqualTo(INTERDOMAIN);
        assertThat(host.args.getShort(16)).isEqualTo((short) two.domid());
        assertThat(host.args.getInt(20)).isEqualTo(bound);
    }

    @Test
    void shouldRefuseToBind_whenThePortIsNotLeftForUs() {
        int forDom0 = host.allocUnbound(one, 0);
        int[] channel = host.channel(one, two);

        assertThat(host.bindInterdomain(two, 1, forDom0)).isEqualTo(EINVAL);
        assertThat(host.bindInterdomain(two, 1, channel[0])).isEqualTo(EINVAL);
        assertThat(host.bindInterdomain(two, 1, 0)).isEqualTo(EINVAL);
        assertThat(host.bindInterdomain(two, 1, 5000)).isEqualTo(EINVAL);
        assertThat(host.bindInterdomain(two, 1, -1)).isEqualTo(EINVAL);
        assertThat(host.bindInterdomain(two, 77, 1)).isEqualTo(ESRCH);
        assertThat(two.openPorts()).hasSize(3);
    }

    @Test
    void shouldSetPendingOnceAndRaiseOneUpcall_whenSendingTwice() {
        int[] channel = host.channel(one, two);

        assertThat(host.send(one, channel[0])).isZero();
        assertThat(host.send(one, channel[0])).isZero();

        assertThat(RawHost.pending(two, channel[1])).isTrue();
        assertThat(RawHost.selected(two, 0)).isTrue();
        assertThat(two.upcallPending()).isTrue();
        assertThat(host.upcalls).containsExactly(two.domid());
        assertThat(RawHost.pending(one, channel[0])).isFalse();
    }

    @Test
    void shouldSelectTheWordOfAHighPort() {
        int[] channel = null;
        while (channel == null || channel[1] < 64) {
            channel = host.channel(one, two);
        }

        host.send(one, channel[0]);

        assertThat(RawHost.selected(two, 1)).isTrue();
        assertThat(RawHost.selected(two, 0)).isFalse();
    }

    @Test
    void shouldStayPendingWithoutUpcall_whenMasked() {
        int[] channel = host.channel(one, two);
        RawHost.mask(two, channel[1], true);

        host.send(one, channel[0]);

        assertThat(RawHost.pending(two, channel[1])).isTrue();
        assertThat(two.upcallPending()).isFalse();
        assertThat(host.upcalls).isEmpty();

        assertThat(host.unmask(two, channel[1])).isZero();
        assertThat(two.upcallPending()).isTrue();
        assertThat(host.upcalls).containsExactly(two.domid());
    }

    @Test
    void shouldRaiseNothing_whenUnmaskingAPortThatIsNotPending() {
        int[] channel = host.channel(one, two);
        RawHost.mask(two, channel[1], true);

        assertThat(host.unmask(two, channel[1])).isZero();

        assertThat(two.upcallPending()).isFalse();
        assertThat(host.unmask(two, 9999)).isEqualTo(EINVAL);
    }

    @Test
    void shouldDropEventsOfAnUnboundPort() {
        int unbound = host.allocUnbound(one, two.domid());

        assertThat(host.send(one, unbound)).isZero();
        assertThat(host.upcalls).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 127, 128, 4096, -1, Integer.MIN_VALUE})
    void shouldRefuseAPortThatIsNotOpen(int port) {
        assertThat(host.send(one, port)).isEqualTo(EINVAL);
        assertThat(host.close(one, port)).isEqualTo(EINVAL);
    }

    @Test
    void shouldLeaveTheOtherEndUnbound_whenClosing() {
        int[] channel = host.channel(one, two);
        host.send(two, channel[1]);

        assertThat(host.close(one, channel[0])).isZero();

        assertThat(host.status(one, RawHost.SELF, channel[0])).isEqualTo(CLOSED);
        assertThat(host.status(two, RawHost.SELF, channel[1])).isEqualTo(UNBOUND);
        assertThat(host.args.getShort(16)).isEqualTo((short) one.domid());
        assertThat(RawHost.pending(one, channel[0])).isFalse();
        assertThat(host.send(two, channel[1])).isZero();
        assertThat(host.bindInterdomain(one, two.domid(), channel[1])).isPositive();
    }

    @Test
    void shouldReportStatusOfOthers_onlyToThePrivileged() {
        int port = host.bindVirq(one, 5, 0);

        assertThat(host.status(dom0, one.domid(), port)).isEqualTo(VIRQ);
        assertThat(host.args.getInt(16)).isEqualTo(5);
        assertThat(host.status(two, one.domid(), port)).isEqualTo(EPERM);
        assertThat(host.status(dom0, 77, port)).isEqualTo(ESRCH);
        assertThat(host.status(one, RawHost.SELF, 4000)).isEqualTo(EINVAL);
        assertThat(host.status(one, RawHost.SELF, 0)).isEqualTo(CLOSED);
    }

    @Test
    void shouldBindAVirqOnceAndRaiseIt() {
        int port = host.bindVirq(dom0, Hypervisor.VIRQ_DOM_EXC, 0);

        assertThat(host.bindVirq(dom0, Hypervisor.VIRQ_DOM_EXC, 0)).isEqualTo(EEXIST);
        host.xen.raiseVirq(dom0, Hypervisor.VIRQ_DOM_EXC);
        assertThat(RawHost.pending(dom0, port)).isTrue();
        host.close(dom0, port);
        assertThat(host.bindVirq(dom0, Hypervisor.VIRQ_DOM_EXC, 0)).isPositive();
    }

    @Test
    void shouldRefuseAVirqThatIsNone() {
        assertThat(host.bindVirq(one, 24, 0)).isEqualTo(EINVAL);
        assertThat(host.bindVirq(one, -1, 0)).isEqualTo(EINVAL);
        assertThat(host.bindVirq(one, 1, 1)).isEqualTo(ENOENT);
        host.xen.raiseVirq(one, 3);
        assertThat(host.upcalls).isEmpty();
    }

    @Test
    void shouldDeliverAnIpiToOneself() {
        host.args.putInt(0, 0);
        assertThat(host.event(one, 7)).isZero();
        int port = host.args.getInt(4);

        assertThat(host.status(one, RawHost.SELF, port)).isEqualTo(IPI);
        assertThat(host.send(one, port)).isZero();
        assertThat(RawHost.pending(one, port)).isTrue();
        host.args.putInt(0, 1);
        assertThat(host.event(one, 7)).isEqualTo(ENOENT);
    }

    @Test
    void shouldAcceptOnlyVcpu0ForAPort() {
        int port = host.allocUnbound(one, 2);
        host.args.putInt(0, port);
        host.args.putInt(4, 0);
        assertThat(host.event(one, 8)).isZero();
        host.args.putInt(4, 3);
        assertThat(host.event(one, 8)).isEqualTo(ENOENT);
        host.args.putInt(0, 100);
        host.args.putInt(4, 0);
        assertThat(host.event(one, 8)).isEqualTo(EINVAL);
    }

    @Test
    void shouldCloseEverything_whenReset() {
        int[] channel = host.channel(one, two);
        host.args.putShort(0, (short) one.domid());
        assertThat(host.event(two, 10)).isEqualTo(EPERM);
        host.args.putShort(0, (short) 77);
        assertThat(host.event(dom0, 10)).isEqualTo(ESRCH);
        host.args.putShort(0, (short) RawHost.SELF);

        assertThat(host.event(one, 10)).isZero();

        assertThat(one.openPorts()).isEmpty();
        assertThat(host.status(two, RawHost.SELF, channel[1])).isEqualTo(UNBOUND);
    }

    @Test
    void shouldRefuseWhatItDoesNotKnowOrCannotRead() {
        assertThat(host.event(one, 14)).isEqualTo(ENOSYS);
        assertThat(host.event(one, -1)).isEqualTo(ENOSYS);
        assertThat(host.event(one, 2)).isEqualTo(EPERM);
        assertThat(one.eventChannelOp().eventChannelOp(4, host.args, host.args.sizeBytes() - 3))
                .isEqualTo(EFAULT);
        assertThat(one.eventChannelOp().eventChannelOp(4, host.args, -4)).isEqualTo(EFAULT);
        assertThat(one.eventChannelOp().eventChannelOp(6, null, 0)).isEqualTo(EFAULT);
        assertThat(host.setPriority(one, 1, 3)).isEqualTo(ENOSYS);
    }

    @Test
    void shouldRefuseEveryCallOfADestroyedDomain() {
        int[] channel = host.channel(one, two);

        host.xen.destroy(one);

        assertThat(host.allocUnbound(one, 2)).isEqualTo(ESRCH);
        assertThat(host.send(one, channel[0])).isEqualTo(EINVAL);
        assertThat(host.status(two, RawHost.SELF, channel[1])).isEqualTo(UNBOUND);
        assertThat(host.send(two, channel[1])).isZero();
        assertThat(host.bindInterdomain(two, 1, 1)).isEqualTo(ESRCH);
        assertThat(host.xen.domain(1)).isNull();
    }

    @Test
    void shouldStartOver_whenRestored() {
        int[] channel = host.channel(one, two);
        host.send(two, channel[1]);
        SharedMemory page = one.page(one.startInfo().storeGfn());
        page.putInt(0, 42);
        long storeGfn = one.startInfo().storeGfn();

        host.xen.restore(one);

        assertThat(one.domid()).isEqualTo(3);
        assertThat(host.xen.domain(1)).isNull();
        assertThat(one.openPorts())
                .containsExactly(one.startInfo().storePort(), one.startInfo().consolePort());
        assertThat(one.upcallPending()).isFalse();
        assertThat(RawHost.pending(one, channel[0])).isFalse();
        assertThat(one.startInfo().storeGfn()).isEqualTo(storeGfn);
        assertThat(page.getInt(0)).isZero();
        assertThat(host.status(two, RawHost.SELF, channel[1])).isEqualTo(UNBOUND);
    }
}
