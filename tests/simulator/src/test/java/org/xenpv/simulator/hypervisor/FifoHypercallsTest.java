package org.xenpv.simulator.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.grant.abi.GrantPlatform.Frames;
import org.xenpv.memory.SharedMemory;

/** The FIFO ABI against what xen/common/event_fifo.c does; the guest's half is written out here. */
class FifoHypercallsTest {

    private static final int EACCES = -13;
    private static final int EINVAL = -22;
    private static final int ENOENT = -2;
    private static final int EOPNOTSUPP = -95;

    private static final int PENDING = 1 << 31;
    private static final int MASKED = 1 << 30;
    private static final int LINKED = 1 << 29;
    private static final int LINK = (1 << 17) - 1;

    private final RawHost host = new RawHost();
    private final Domain guest = host.dom2;
    private final Domain sender = host.dom1;
    private Frames control;
    private Frames array;

    @BeforeEach
    void allocate() {
        control = guest.memory().allocate(1);
        array = guest.memory().allocate(1);
        control.memory().zero(0, 4096);
        array.memory().zero(0, 4096);
    }

    @AfterEach
    void closeHost() {
        host.close();
    }

    private void switchToFifo() {
        assertThat(host.initControl(guest, control.firstFrame(), 0, 0)).isZero();
        assertThat(host.args.getByte(16)).isEqualTo((byte) 17);
        assertThat(host.expandArray(guest, array.firstFrame())).isZero();
    }

    private int word(int port) {
        return array.memory().getIntAcquire(port * 4);
    }

    private void setWord(int port, int word) {
        array.memory().putIntRelease(port * 4, word);
    }

    private int head(int priority) {
        return control.memory().getInt(8 + priority * 4);
    }

    private int ready() {
        return control.memory().getInt(0);
    }

    @Test
    void shouldLinkAnEventAtTheHeadOfItsQueue() {
        switchToFifo();
        int[] channel = host.channel(sender, guest);
        setWord(channel[1], 0);
        control.memory().putInt(0, 0);
        guest.sharedInfoPage().putByte(0, (byte) 0);
        host.upcalls.clear();

        host.send(sender, channel[0]);
        host.send(sender, channel[0]);

        assertThat(word(channel[1])).isEqualTo(PENDING | LINKED);
        assertThat(head(7)).isEqualTo(channel[1]);
        assertThat(ready()).isEqualTo(1 << 7);
        assertThat(host.upcalls).containsExactly(guest.domid());
    }

    @Test
    void shouldAppendBehindATailThatIsLinkedStill() {
        switchToFifo();
        int[] a = host.channel(sender, guest);
        int[] b = host.channel(sender, guest);

        assertThat(word(a[1])).isEqualTo(PENDING | LINKED | b[1]);
        assertThat(word(b[1])).isEqualTo(PENDING | LINKED);
        assertThat(head(7)).isEqualTo(a[1]);
    }

    @Test
    void shouldBeginTheQueueAnew_whenTheGuestHasTakenTheTailOff() {
        switchToFifo();
        int[] a = host.channel(sender, guest);
        int[] b = host.channel(sender, guest);
        setWord(a[1], 0);
        setWord(b[1], 0);
        control.memory().putInt(0, 0);

        host.send(sender, a[0]);

        assertThat(head(7)).isEqualTo(a[1]);
        assertThat(word(a[1]) & LINK).isZero();
        assertThat(ready()).isEqualTo(1 << 7);
    }

    @Test
    void shouldNotLink_whenMasked_andLinkWhenUnmasked() {
        switchToFifo();
        int[] channel = host.channel(sender, guest);
        setWord(channel[1], MASKED);
        control.memory().putInt(0, 0);
        guest.sharedInfoPage().putByte(0, (byte) 0);

        host.send(sender, channel[0]);

        assertThat(word(channel[1])).isEqualTo(MASKED | PENDING);
        assertThat(ready()).isZero();
        assertThat(guest.upcallPending()).isFalse();

        assertThat(host.unmask(guest, channel[1])).isZero();

        assertThat(word(channel[1])).isEqualTo(PENDING | LINKED);
        assertThat(guest.upcallPending()).isTrue();
    }

    @Test
    void shouldUseTheQueueOfTheNewPriority_forTheNextEvent() {
        switchToFifo();
        int[] channel = host.channel(sender, guest);
        setWord(channel[1], 0);
        control.memory().putInt(0, 0);

        assertThat(host.setPriority(guest, channel[1], 0)).isZero();
        host.send(sender, channel[0]);

        assertThat(head(0)).isEqualTo(channel[1]);
        assertThat(ready()).isEqualTo(1);
    }

    @Test
    void shouldRefuseAPriorityThatIsNone() {
        switchToFifo();
        int[] channel = host.channel(sender, guest);

        assertThat(host.setPriority(guest, channel[1], 15)).isZero();
        assertThat(host.setPriority(guest, channel[1], 16)).isEqualTo(EINVAL);
        assertThat(host.setPriority(guest, channel[1], -1)).isEqualTo(EINVAL);
        assertThat(host.setPriority(guest, 40, 3)).isEqualTo(EACCES);
        assertThat(host.setPriority(guest, 9999, 3)).isEqualTo(EINVAL);
    }

    @Test
    void shouldDeliverLater_whatCameBeforeTheArrayHadAWord() {
        assertThat(host.initControl(guest, control.firstFrame(), 0, 0)).isZero();
        int unbound = host.allocUnbound(sender, guest.domid());
        int bound = host.bindInterdomain(guest, sender.domid(), unbound);
        assertThat(guest.upcallPending()).isFalse();

        assertThat(host.expandArray(guest, array.firstFrame())).isZero();

        assertThat(word(bound)).isEqualTo(PENDING | LINKED);
        assertThat(guest.upcallPending()).isTrue();
    }

    @Test
    void shouldKeepWhatWasPendingIn2Level_whenSwitching() {
        int[] channel = host.channel(sender, guest);
        host.send(sender, channel[0]);

        switchToFifo();

        assertThat(word(channel[1])).isEqualTo(PENDING | LINKED);
    }

    @Test
    void shouldNotGiveOutAClosedPort_whileTheGuestHasItLinked() {
        switchToFifo();
        int[] channel = host.channel(sender, guest);
        assertThat(word(channel[1]) & LINKED).isNotZero();

        host.close(guest, channel[1]);

        assertThat(word(channel[1]) & PENDING).isZero();
        assertThat(host.allocUnbound(guest, 1)).isEqualTo(channel[1] + 1);
        setWord(channel[1], 0);
        assertThat(host.allocUnbound(guest, 1)).isEqualTo(channel[1]);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 1, -2",
        "0, 4, 0, -22",
        "0, 4025, 0, -22",
        "0, 4032, 0, -22",
        "0, -8, 0, -22",
        "1000000, 0, 0, -22",
    })
    void shouldRefuseAControlBlockThatCannotBe(long gfnOffset, int offset, int vcpu, int errno) {
        assertThat(host.initControl(guest, control.firstFrame() + gfnOffset, offset, vcpu))
                .isEqualTo(errno);
        assertThat(host.expandArray(guest, array.firstFrame())).isEqualTo(EOPNOTSUPP);
    }

    @Test
    void shouldAcceptTheLastPlaceForAControlBlock_andOneOnly() {
        assertThat(host.initControl(guest, control.firstFrame(), 4096 - 72, 0)).isZero();
        assertThat(host.initControl(guest, control.firstFrame(), 0, 0)).isEqualTo(EINVAL);
    }

    @Test
    void shouldRefuseAnArrayPageOfSomebodyElse() {
        switchToFifo();
        Frames foreign = sender.memory().allocate(1);

        assertThat(host.expandArray(guest, foreign.firstFrame())).isEqualTo(EINVAL);
        assertThat(host.initControl(guest, foreign.firstFrame(), 0, 2)).isEqualTo(ENOENT);
    }

    @Test
    void shouldGoBackTo2Level_whenReset() {
        switchToFifo();
        host.args.putShort(0, (short) RawHost.SELF);
        assertThat(host.event(guest, 10)).isZero();

        int[] channel = host.channel(sender, guest);
        host.send(sender, channel[0]);

        assertThat(RawHost.pending(guest, channel[1])).isTrue();
        assertThat(host.initControl(guest, control.firstFrame(), 0, 0)).isZero();
    }

    @Test
    void shouldSurvive_whenTheGuestWritesRubbishIntoItsQueue() {
        switchToFifo();
        int[] a = host.channel(sender, guest);
        int[] b = host.channel(sender, guest);
        SharedMemory words = array.memory();
        for (int port = 0; port < 64; port++) {
            words.putInt(port * 4, -1 & ~PENDING & ~MASKED);
        }
        control.memory().putInt(8 + 7 * 4, 99999);

        host.send(sender, a[0]);
        host.send(sender, b[0]);
        setWord(a[1], LINKED | LINK);
        setWord(b[1], 0);
        host.send(sender, b[0]);

        assertThat(word(b[1]) & (PENDING | LINKED)).isEqualTo(PENDING | LINKED);
    }
}
