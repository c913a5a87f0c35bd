package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.xenpv.io.netif.Netif.XEN_NETIF_GSO_TYPE_TCPV4;
import static org.xenpv.io.netif.Netif.XEN_NETIF_GSO_TYPE_TCPV6;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a switch does with frames, with addresses, and for ports that can do less than others. */
class LearningSwitchTest {

    private static final long AGE_NS = 1000;
    private static final long BROADCAST = 0xffff_ffff_ffffL;

    private final GuestGrants grants = new GuestGrants(1);
    private long nowNs = -3; // the clock passes zero on the way
    private final LearningSwitch bridge = new LearningSwitch(() -> nowNs, grants, 64, AGE_NS);

    @AfterEach
    void close() {
        bridge.close();
        bridge.close();
        grants.close();
    }

    private RecordingPort port(PortOffloads offloads) {
        RecordingPort port = new RecordingPort(offloads);
        bridge.attach(port);
        return port;
    }

    private RecordingPort port() {
        return port(PortOffloads.ALL);
    }

    private static byte[] frame(long to, long from) {
        return Frames.raw(to, from, 60, to * 31 + from);
    }

    @Test
    void shouldSendToAll_untilItHasSeenTheAddress() {
        RecordingPort a = port();
        RecordingPort b = port();
        RecordingPort c = port();
        a.burst(frame(Frames.MAC_B, Frames.MAC_A));
        assertThat(b.got).containsExactly(frame(Frames.MAC_B, Frames.MAC_A));
        assertThat(c.got).hasSize(1);
        assertThat(a.got).as("not back where it came from").isEmpty();
        b.burst(frame(Frames.MAC_A, Frames.MAC_B));
        assertThat(a.got).containsExactly(frame(Frames.MAC_A, Frames.MAC_B));
        assertThat(c.got).hasSize(1);
        assertThat(c.flushes).as("not flushed for nothing").isEqualTo(1);
        assertThat(bridge.portOf(Frames.MAC_B)).isSameAs(b);
        assertThat(bridge.addresses()).isEqualTo(2);
        assertThat(bridge.stats(a)).isEqualTo(new SwitchPortStats(1, 60, 1, 60, 1, 0, 0));
    }

    @Test
    void shouldBeReadyForMore_whenEverybodyIsWhoIsThere_andSomebodyIs() {
        RecordingPort a = port();
        assertThat(a.fabricIsReady()).as("nobody else is there").isFalse();
        RecordingPort b = port();
        assertThat(a.fabricIsReady()).isTrue();
        RecordingPort c = port();
        c.ready = false;
        assertThat(a.fabricIsReady()).isFalse();
        c.carrier = false;
        assertThat(a.fabricIsReady()).as("nobody waits for who is not there").isTrue();
        b.carrier = false;
        assertThat(a.fabricIsReady()).isFalse();
    }

    @Test
    void shouldAlwaysSendGroupsToAll() {
        RecordingPort a = port();
        RecordingPort b = port();
        RecordingPort c = port();
        for (long group : new long[] {BROADCAST, 0x01005e000001L, 0x333300000001L}) {
            a.burst(frame(group, Frames.MAC_A));
        }
        assertThat(b.got).hasSize(3);
        assertThat(c.got).hasSize(3);
        assertThat(a.got).isEmpty();
    }

    @Test
    void shouldNotForward_whatStaysAtItsPort_orComesFromAGroup() {
        RecordingPort a = port();
        RecordingPort b = port();
        a.burst(frame(Frames.MAC_B, Frames.MAC_A));
        a.burst(frame(Frames.MAC_A, Frames.MAC_B));
        assertThat(a.got).isEmpty();
        assertThat(b.got).hasSize(1);
        a.burst(frame(Frames.MAC_A, 0x01005e000001L));
        a.burst(Frames.noise(13, 1));
        assertThat(b.got).hasSize(1);
        assertThat(bridge.stats(a).notForwarded()).isEqualTo(3);
        assertThat(bridge.portOf(0x01005e000001L)).isNull();
    }

    @Test
    void shouldFollowAnAddressThatMoves_andForgetOneThatIsSilent() {
        RecordingPort a = port();
        RecordingPort b = port();
        RecordingPort c = port();
        a.burst(frame(BROADCAST, Frames.MAC_A));
        c.burst(frame(BROADCAST, Frames.MAC_A));
        b.burst(frame(Frames.MAC_A, Frames.MAC_B));
        assertThat(c.got).hasSize(2);
        assertThat(a.got).as("the broadcast only").hasSize(1);
        nowNs += AGE_NS;
        assertThat(bridge.portOf(Frames.MAC_A)).isSameAs(c);
        nowNs++;
        assertThat(bridge.portOf(Frames.MAC_A)).isNull();
        assertThat(bridge.addresses()).isZero();
        b.burst(frame(Frames.MAC_A, Frames.MAC_B));
        assertThat(a.got).as("flooded again").hasSize(2);
    }

    @Test
    void shouldRememberNoMoreThanItsTableHolds_andTheLatestSeen() {
        RecordingPort a = port();
        RecordingPort b = port();
        for (int i = 0; i < 10_000; i++) {
            nowNs = i / 20; // all of them young
            a.burst(frame(BROADCAST, 0x020000000000L + i));
        }
        assertThat(bridge.addresses()).isLessThanOrEqualTo(64).isGreaterThan(8);
        b.burst(frame(0x020000000000L + 9999, Frames.MAC_B));
        assertThat(a.got).hasSize(1);
        b.got.clear();
        assertThat(bridge.portOf(0x020000000000L + 9999)).isSameAs(a);
    }

    @Test
    void shouldPassOverPortsWithoutCarrier_andForgetPortsThatGo() {
        RecordingPort a = port();
        RecordingPort b = port();
        RecordingPort c = port();
        c.carrier = false;
        b.burst(frame(BROADCAST, Frames.MAC_B));
        assertThat(c.got).isEmpty();
        bridge.detach(b);
        assertThat(b.isPlugged()).isFalse();
        assertThat(bridge.portOf(Frames.MAC_B)).isNull();
        a.burst(frame(Frames.MAC_B, Frames.MAC_A));
        assertThat(b.got).isEmpty();
        assertThat(bridge.ports()).isEqualTo(2);
        bridge.detach(b);
        assertThatThrownBy(() -> bridge.stats(b)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> bridge.attach(a)).hasMessageContaining("attached already");
        bridge.attach(b);
        b.burst(frame(Frames.MAC_A, Frames.MAC_B));
        assertThat(a.got).hasSize(2);
    }

    @Test
    void shouldCountWhatAPortDrops() {
        RecordingPort a = port();
        RecordingPort b = port();
        b.full = true;
        a.burst(frame(Frames.MAC_B, Frames.MAC_A));
        assertThat(bridge.stats(b).refused()).isEqualTo(1);
        assertThat(bridge.stats(b).framesOut()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void shouldFillInChecksums_onlyForPortsThatCannot(boolean v6, boolean can) {
        RecordingPort a = port();
        RecordingPort b = port(new PortOffloads(v6 || can, !v6 || can, false, false, 1514, 0));
        NetFrame frame = a.emit(Frames.udp(v6, 900, true, 1));
        frame.csumBlank(true);
        a.burst(frame);
        assertThat(b.got).hasSize(1);
        assertThat(b.blank).containsExactly(can);
        assertThat(b.got.get(0)).isEqualTo(Frames.udp(v6, 900, can, 1));
        assertThat(bridge.checksumsFilled()).isEqualTo(can ? 0 : 1);
    }

    @Test
    void shouldFillInAChecksumForAll_whenOneOfThemCannot() {
        RecordingPort a = port();
        RecordingPort able = port();
        RecordingPort unable = port(PortOffloads.NONE);
        NetFrame frame = a.emit(Frames.udp(false, 900, true, 1));
        frame.csumBlank(true);
        a.burst(frame);
        byte[] right = Frames.udp(false, 900, false, 1);
        assertThat(unable.got).containsExactly(right);
        assertThat(able.got).as("the same bytes, and it is told so").containsExactly(right);
        assertThat(able.blank).containsExactly(false);
        assertThat(unable.blank).containsExactly(false);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldSegment_onlyForPortsThatCannot(boolean v6) {
        RecordingPort a = port();
        RecordingPort able = port();
        RecordingPort unable = port(PortOffloads.NONE);
        RecordingPort half = port(new PortOffloads(true, true, false, false, 1514, 0));
        byte[] bytes = Frames.tcp(v6, 10_000, 0x18, true, 1);
        NetFrame frame = a.emit(bytes);
        frame.csumBlank(true);
        frame.gso(v6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4, 1400);
        a.burst(frame);
        assertThat(able.got).containsExactly(bytes);
        assertThat(able.gsoTypes).containsExactly(v6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4);
        assertThat(able.blank).containsExactly(true);
        assertThat(unable.got).hasSize(8).allMatch(Frames::isChecksumRight);
        assertThat(unable.blank).containsOnly(false);
        assertThat(half.got).hasSize(8).noneMatch(Frames::isChecksumRight);
        assertThat(half.blank).containsOnly(true);
        assertThat(bridge.segmented()).isEqualTo(2);
        assertThat(bridge.stats(unable).framesOut()).isEqualTo(1);
    }

    @Test
    void shouldSegmentMoreThanItsMemoryHoldsAtOnce() {
        RecordingPort a = port();
        RecordingPort b = port(PortOffloads.NONE);
        NetFrame frame = a.emit(Frames.tcp(false, 60_000, 0x18, true, 1));
        frame.csumBlank(true);
        frame.gso(XEN_NETIF_GSO_TYPE_TCPV4, 60);
        a.burst(frame, 6);
        assertThat(b.got.size()).isEqualTo(6000);
        assertThat(b.flushes).isGreaterThan(1);
        for (int i = 0; i < 6000; i++) {
            assertThat(Frames.isChecksumRight(b.got.get(i))).isTrue();
            assertThat(b.got.get(i)).isEqualTo(b.got.get(i % 1000));
        }
    }

    @ParameterizedTest
    @CsvSource({"50, 60000", "1460, 2000"})
    void shouldRefuse_whatMakesTooManySegmentsOrTooLongOnes(int size, int payload) {
        RecordingPort a = port();
        RecordingPort b = port(new PortOffloads(true, true, false, false, 1500, 0));
        NetFrame frame = a.emit(Frames.tcp(false, payload, 0x18, true, 1));
        frame.csumBlank(true);
        frame.gso(XEN_NETIF_GSO_TYPE_TCPV4, size);
        a.burst(frame);
        assertThat(b.got).isEmpty();
        assertThat(bridge.stats(b).refused()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "7, 1", "9, 1", "2097152, 1", "8, 0"})
    void shouldRefuseATable_ofNoSizeOrAge(int addresses, long ageNs) {
        assertThatThrownBy(() -> new LearningSwitch(() -> 0, grants, addresses, ageNs))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
