package org.xenpv.scenarios.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenpv.console.ConsoleConfig;
import org.xenpv.console.ConsoleDevice;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.simulator.SimDomain;
import org.xenpv.xenbus.XenGuest;

/** A console frontend in a guest, and all it has told its listener. */
final class Watched implements ConsoleDevice.Listener {

    final SimDomain guest;
    final ConsoleDevice device;
    final List<String> told = new ArrayList<>();
    XenException reason;

    /** What it throws whenever it is told something; null for nothing. */
    private final String throwing;

    private Watched(SimDomain guest, XenGuest view, String nodename, ConsoleConfig config, String throwing) {
        this.guest = guest;
        this.throwing = throwing;
        this.device = nodename == null
                ? ConsoleDevice.primary(view, config, this)
                : ConsoleDevice.xenbus(view, nodename, config, this);
    }

    static Watched primary(SimDomain guest, ConsoleConfig config) {
        return primary(guest, config, null);
    }

    static Watched primary(SimDomain guest, ConsoleConfig config, String throwing) {
        return new Watched(guest, guest.guest(), null, config, throwing).started();
    }

    static Watched xenbus(SimDomain guest, int number, ConsoleConfig config) {
        return xenbus(guest, number, config, null);
    }

    static Watched xenbus(SimDomain guest, int number, ConsoleConfig config, String throwing) {
        return new Watched(guest, guest.guest(), "device/console/" + number, config, throwing).started();
    }

    static Watched xenbus(SimDomain guest, XenGuest view, int number, ConsoleConfig config) {
        return new Watched(guest, view, "device/console/" + number, config, null).started();
    }

    private Watched started() {
        guest.run(g -> device.start());
        return this;
    }

    private void tell(String what) {
        told.add(what);
        if (throwing != null) {
            throw new IllegalStateException(throwing);
        }
    }

    @Override
    public void connected() {
        tell("connected");
    }

    @Override
    public void readable() {
        tell("readable");
    }

    @Override
    public void writable() {
        tell("writable");
    }

    @Override
    public void ended(XenException why) {
        reason = why;
        tell("ended");
    }

    boolean hasEnded() {
        return told.contains("ended");
    }

    int write(byte[] bytes) {
        return guest.call(g -> device.write(bytes, 0, bytes.length));
    }

    byte[] read(int max) {
        byte[] bytes = new byte[max];
        int count = guest.call(g -> device.read(bytes, 0, max));
        return Arrays.copyOf(bytes, count);
    }

    void close() {
        guest.run(g -> device.close());
    }

    void awaitEnd() {
        assertThat(guest.await(this::hasEnded, HandDaemon.SOON)).as("ended").isTrue();
    }

    /** The device is out of service for good, for this reason, and says so to whoever uses it. */
    void assertBroken(String named) {
        awaitEnd();
        assertThat(reason).isInstanceOf(XenProtocolException.class).hasMessageContaining(named);
        assertThat(((XenProtocolException) reason).fault()).isEqualTo(PeerFault.BYTE_RING_INDEX);
        assertThat(catchThrowable(() -> write(new byte[1]))).isSameAs(reason);
        assertThat(device.isConnected()).isFalse();
        assertThat(told.stream().filter("ended"::equals)).hasSize(1);
    }
}
