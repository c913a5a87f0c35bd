package org.xenpv.console;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.xenpv.event.EventLoop;
import org.xenpv.fault.XenException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.MappedPages;
import org.xenpv.io.console.ConsoleKeys;
import org.xenpv.io.console.XenconsInterface;
import org.xenpv.ring.ByteRingConsumer;
import org.xenpv.ring.ByteRingLayout;
import org.xenpv.simulator.SimDevice;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenbusState;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * The backend of one console, which connects as QEMU 7.2's does (hw/char/xen_console.c, DEVOPS_FLAG_IGNORE_STATE): as soon as
 * it has said InitWait, to whatever page and port stand in the frontend's directory. It looks again at every change there. A port
 * that cannot be bound is no reason not to be Connected; then it takes nothing, since it looks at the page after events only.
 *
 * <p>Owned by the thread of its domain's loop; {@link #printed} may be called from any.
 */
final class QemuConsole implements AutoCloseable, EventLoop.Handler {

    private final XenGuest guest;
    private final SimDevice device;
    private final byte[] chunk = new byte[XenconsInterface.OUT_BYTES];
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    private XenstoreWatch watch;
    private XenbusState state = XenbusState.INITIALISING;
    private boolean looking;
    private boolean again;

    private MappedPages page;
    private ByteRingConsumer out;
    private EventLoop.Registration registration;

    QemuConsole(XenGuest guest, SimDevice device) {
        this.guest = guest;
        this.device = device;
    }

    void start() {
        watch = guest.store().watch(device.frontendPath(), changed -> look());
    }

    String printed() {
        return output.toString(StandardCharsets.US_ASCII);
    }

    private void look() {
        if (looking) {
            again = true;
            return;
        }
        looking = true;
        again = false;
        guest.store()
                .readAll(
                        (found, error) -> {
                            looking = false;
                            if (error == null) {
                                check(XenbusState.parse(found[0]), found[1], found[2]);
                            }
                            if (again) {
                                look();
                            }
                        },
                        device.frontendPath() + "/state",
                        device.frontendPath() + "/" + ConsoleKeys.RING_REF,
                        device.frontendPath() + "/" + ConsoleKeys.PORT);
    }

    private void check(XenbusState frontend, String ringRef, String port) {
        if (frontend == XenbusState.CLOSING || frontend == XenbusState.CLOSED) {
            disconnect();
            become(frontend);
            return;
        }
        if (state == XenbusState.CLOSED && frontend == XenbusState.INITIALISING) {
            become(XenbusState.INITIALISING);
        }
        if (state == XenbusState.INITIALISING) {
            become(XenbusState.INIT_WAIT);
        }
        if (state == XenbusState.INIT_WAIT && ringRef != null && port != null && map(Integer.parseInt(ringRef))) {
            bind(Integer.parseInt(port));
            become(XenbusState.CONNECTED);
        }
    }

    private void become(XenbusState next) {
        if (state != next) {
            state = next;
            guest.store().write(device.backendPath() + "/state", Integer.toString(next.value()), (ok, error) -> {});
        }
    }

    private boolean map(int gref) {
        try {
            page = guest.mapper().map(device.frontendId(), new int[] {gref}, 1, GrantAccess.READ_WRITE);
        } catch (XenException notGranted) {
            return false;
        }
        out = ByteRingConsumer.attach(page.memory(), ByteRingLayout.CONSOLE_OUT);
        return true;
    }

    private void bind(int remotePort) {
        int port;
        try {
            port = guest.events().bindInterdomain(device.frontendId(), remotePort);
        } catch (XenException notOurs) {
            return;
        }
        registration = guest.loop().register(port, device.backendNodename(), this);
    }

    @Override
    public int poll(int budget) {
        int got = out.read(chunk, 0, chunk.length);
        if (got <= 0) {
            return 0;
        }
        output.write(chunk, 0, got);
        guest.events().send(registration.port());
        return 1;
    }

    private void disconnect() {
        if (registration != null) {
            registration.cancel();
            guest.events().close(registration.port());
            registration = null;
        }
        if (page != null) {
            page.close();
            page = null;
        }
    }

    @Override
    public void close() {
        watch.cancel();
        disconnect();
    }
}
