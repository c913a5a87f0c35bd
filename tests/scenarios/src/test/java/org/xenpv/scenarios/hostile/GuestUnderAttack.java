package org.xenpv.scenarios.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.grant.GrantLedger;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;

/**
 * A guest with a device from a domain that lies and another from one that does not: what the first one's listener was told,
 * and what the ledger of grants says.
 */
abstract class GuestUnderAttack implements AutoCloseable {

    /** In this time every caller is answered once an event tells the frontend to look. */
    static final Duration AT_ONCE = Duration.ofMillis(5);

    static final Duration A_WHILE = Duration.ofSeconds(60);

    final SimulatedXen xen;
    final SimDomain guest;
    final SimDomain evilDomain;
    final SimDomain honestDomain;
    final List<String> told = new ArrayList<>();
    SimDevice device;
    XenException endReason;

    /** What the listener does besides when it is told something. */
    Runnable thrower = () -> {};

    GuestUnderAttack(SimulatedXen xen, DomainConfig guestConfig) {
        this.xen = xen;
        this.guest = xen.createDomain(guestConfig);
        this.evilDomain = xen.createDomain(DomainConfig.named("evil").asDriverDomain());
        this.honestDomain = xen.createDomain(DomainConfig.named("honest").asDriverDomain());
    }

    /** Does something in a turn of the guest's loop, as the handler of an event would. */
    void onGuest(Runnable body) {
        boolean[] ran = new boolean[1];
        RuntimeException[] thrown = new RuntimeException[1];
        guest.guest().loop().execute(() -> {
            ran[0] = true;
            try {
                body.run();
            } catch (RuntimeException e) {
                thrown[0] = e;
            }
        });
        assertThat(xen.runUntil(() -> ran[0], AT_ONCE)).isTrue();
        if (thrown[0] != null) {
            throw thrown[0];
        }
    }

    void wasTold(String what) {
        told.add(what);
        thrower.run();
    }

    void wasEnded(XenException reason) {
        endReason = reason;
        wasTold("ended");
    }

    /** The device as the toolstack attached it anew, e.g. after a restore, to a domain with another id. */
    SimDevice attachedFrom(SimDomain backend) {
        for (SimDevice attached : xen.toolstack().devices()) {
            if (attached.frontend() == guest && attached.backend() == backend) {
                return attached;
            }
        }
        throw new AssertionError("no device from " + backend);
    }

    void awaitEnd() {
        assertThat(xen.runUntil(() -> told.contains("ended"), A_WHILE))
                .as("ended")
                .isTrue();
    }

    String errorNode() {
        return xen.toolstack().read(guest.home() + "/error/" + device.nodename() + "/error");
    }

    /** Pages lent to the domain that lies. */
    int lent() {
        return count(false);
    }

    int quarantined() {
        return count(true);
    }

    private int count(boolean quarantined) {
        int count = 0;
        for (GrantLedger.Entry entry : guest.call(g -> g.grants().ledger().entries())) {
            if (entry.domid() == evilDomain.domid() && entry.quarantined() == quarantined) {
                count++;
            }
        }
        return count;
    }

    static void assertConfigFault(Throwable error, String key) {
        assertThat(error).isInstanceOf(XenConfigException.class);
        assertThat(((XenConfigException) error).key()).isEqualTo(key);
    }

    static void assertFault(Throwable error, PeerFault fault) {
        assertThat(error).isInstanceOf(XenProtocolException.class);
        assertThat(((XenProtocolException) error).fault()).isEqualTo(fault);
    }

    /** After the end: nothing is lent to the backend, what it maps is in quarantine, and returns when it lets go. */
    void assertQuarantinedExactlyWhatIsHeldBy(HostileBackend evil) {
        assertThat(lent()).as("pages lent to the backend").isZero();
        assertThat(quarantined()).as("pages in quarantine").isEqualTo(evil.heldPages());
        assertOtherDeviceWorks();
        evil.letGo();
        assertThat(xen.runUntil(() -> quarantined() == 0, A_WHILE)).isTrue();
    }

    abstract void assertOtherDeviceWorks();

    @Override
    public abstract void close();
}
