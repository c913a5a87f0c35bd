package org.xenpv.event.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LinuxPortsTest {

    private final LinuxPorts ports = new LinuxPorts();

    private void openUnmasked(int port) {
        ports.open(port);
        ports.unmask(port);
    }

    @Test
    void shouldDeliverOnceAndWriteBackAtTheUnmask() {
        openUnmasked(5);
        ports.event(5);
        assertThat(ports.hasReady()).isTrue();
        assertThat(ports.deliver()).isEqualTo(5);
        assertThat(ports.deliver()).isZero();
        assertThat(ports.unmask(5)).as("the kernel holds it back").isTrue();
        assertThat(ports.unmask(5)).as("no more").isFalse();
    }

    @Test
    void shouldKeepTheEvent_whileMasked() {
        ports.open(5);
        ports.event(5);
        assertThat(ports.deliver()).isZero();
        assertThat(ports.unmask(5)).as("there is an event to deliver first").isFalse();
        assertThat(ports.deliver()).isEqualTo(5);
        assertThat(ports.unmask(5)).isTrue();
    }

    @Test
    void shouldNotDeliver_whenMaskedBetweenEventAndDelivery() {
        openUnmasked(5);
        ports.event(5);
        ports.mask(5);
        assertThat(ports.deliver()).isZero();
        ports.unmask(5);
        assertThat(ports.deliver()).isEqualTo(5);
    }

    @Test
    void shouldForgetEverything_whenThePortIsClosed() {
        openUnmasked(5);
        ports.event(5);
        ports.close(5);
        assertThat(ports.isOpen(5)).isFalse();
        openUnmasked(5);
        assertThat(ports.deliver()).as("the event of the port before").isZero();
        ports.event(5);
        assertThat(ports.deliver()).isEqualTo(5);
        ports.close(5);
        ports.event(5);
        assertThat(ports.deliver()).as("an event of a closed port").isZero();
        assertThat(ports.unmask(5)).isFalse();
    }

    @Test
    void shouldDeliverInTheOrderOfTheEvents_howeverManyPortsThereAre() {
        for (int port = 1; port <= 500; port++) {
            openUnmasked(port);
            ports.event(501 - port); // the later half is not open yet
            ports.event(port);
        }
        assertThat(ports.deliver()).isEqualTo(1);
        int delivered = 1;
        while (ports.deliver() != 0) {
            delivered++;
        }
        assertThat(delivered).isEqualTo(500);
    }

    @Test
    void shouldNotCare_whenTheKernelNamesAPortThatCannotBe() {
        for (int port : new int[] {0, -1, 63, 64, 1 << 17, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            ports.event(port);
        }
        assertThat(ports.hasReady()).isFalse();
    }

    @Test
    void shouldAgreeWithTheHeader() throws IOException {
        Map<String, Long> golden = new HashMap<>();
        for (String line : Files.readAllLines(Path.of("..", "tests", "golden", "x86_64.txt"))) {
            String[] words = line.split(" ");
            if (words.length == 2 && words[1].matches("-?\\d+")) {
                golden.put(words[0], Long.parseLong(words[1]));
            }
        }
        Map<String, Long> ours = Map.ofEntries(
                Map.entry("IOCTL_EVTCHN_BIND_VIRQ", Evtchn.IOCTL_EVTCHN_BIND_VIRQ),
                Map.entry("IOCTL_EVTCHN_BIND_INTERDOMAIN", Evtchn.IOCTL_EVTCHN_BIND_INTERDOMAIN),
                Map.entry("IOCTL_EVTCHN_BIND_UNBOUND_PORT", Evtchn.IOCTL_EVTCHN_BIND_UNBOUND_PORT),
                Map.entry("IOCTL_EVTCHN_UNBIND", Evtchn.IOCTL_EVTCHN_UNBIND),
                Map.entry("IOCTL_EVTCHN_NOTIFY", Evtchn.IOCTL_EVTCHN_NOTIFY),
                Map.entry("IOCTL_EVTCHN_RESET", Evtchn.IOCTL_EVTCHN_RESET),
                Map.entry("ioctl_evtchn_bind_virq.virq", (long) Evtchn.BIND_VIRQ_VIRQ),
                Map.entry("ioctl_evtchn_bind_interdomain.remote_domain", (long) Evtchn.BIND_INTERDOMAIN_REMOTE_DOMAIN),
                Map.entry("ioctl_evtchn_bind_interdomain.remote_port", (long) Evtchn.BIND_INTERDOMAIN_REMOTE_PORT),
                Map.entry(
                        "ioctl_evtchn_bind_unbound_port.remote_domain", (long) Evtchn.BIND_UNBOUND_PORT_REMOTE_DOMAIN),
                Map.entry("ioctl_evtchn_unbind.port", (long) Evtchn.UNBIND_PORT),
                Map.entry("ioctl_evtchn_notify.port", (long) Evtchn.NOTIFY_PORT));
        assertThat(golden).containsAllEntriesOf(ours);
    }
}
