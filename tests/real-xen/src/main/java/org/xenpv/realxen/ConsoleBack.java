package org.xenpv.realxen;

import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import org.xenpv.backends.console.Consoled;
import org.xenpv.backends.console.ConsoledConfig;
import org.xenpv.backends.console.ConsoledStats;
import org.xenpv.backends.console.MemoryTerminal;
import org.xenpv.backends.console.MemoryTerminals;
import org.xenpv.backends.console.ServedConsole;
import org.xenpv.console.ConsoleConfig;
import org.xenpv.console.FullPolicy;
import org.xenpv.console.PvConsole;
import org.xenpv.fault.XenException;
import org.xenpv.xenbus.XenGuests;
import org.xenpv.xenbus.linux.LinuxGuest;

/**
 * A second console of the guest, served by our console daemon: many rings full both ways, digests compared, while the terminal takes
 * nothing for a time; twice, the console attached anew. The other end is the kernel's own frontend, or ours, which takes the console
 * from it.
 */
final class ConsoleBack extends BackendScenario {

    private static final int ROUNDS = 2;
    private static final int NUMBER = 1;
    private static final int TYPED_BYTES = 1 << 16;
    private static final int PRINTED_BYTES = 1 << 17;
    /** Then the terminal takes no more until the daemon has filled its buffer and the guest waits with what is left. */
    private static final int FIRST_BYTES = 10_000;

    private static final ConsoledConfig CONFIG = ConsoledConfig.DEFAULT.overflow(ConsoledConfig.Overflow.KEEP);

    /** Prints a byte when the terminal is raw, reads, prints, and waits for a byte, before which closing would drop what is under way. */
    private static final String TALK = "head -c " + PRINTED_BYTES
            + " /dev/urandom >/tmp/printed; exec 3<>/dev/hvc1; stty raw -echo <&3;"
            + " printf r >&3; head -c " + TYPED_BYTES
            + " <&3 | sha256sum; cat /tmp/printed >&3; head -c 1 <&3 >/dev/null;"
            + " sha256sum </tmp/printed";

    private final String command;

    /** @param command talks in the guest; the last two lines it prints are digests of what it has read and printed */
    private ConsoleBack(String command) {
        this.command = command;
    }

    /** /dev/hvc1. */
    static ConsoleBack ofTheKernels() {
        return new ConsoleBack(TALK);
    }

    static ConsoleBack ofOurs() {
        return new ConsoleBack("MAIN='" + Frontend.class.getName() + "' /java device/console/" + NUMBER);
    }

    @Override
    void run(DriverDomain dom0) throws Exception {
        Set<String> before = Grants.mapped(dom0::here);
        MemoryTerminals terminals = new MemoryTerminals();
        try (Consoled consoled = new Consoled(
                dom0.xen(),
                (domid, number) -> {
                    if (number != NUMBER) {
                        throw new XenException("the first console is xenconsoled's");
                    }
                    return terminals.open(domid, number);
                },
                CONFIG)) {
            consoled.start();
            for (int round = 0; round < ROUNDS; round++) {
                dom0.here("program-console-attach " + NUMBER);
                ServedConsole console = connected(dom0, consoled);
                talk(dom0, console, terminals.of(DriverDomain.domid(), NUMBER), round);
                ConsoledStats stats = console.stats();
                System.out.println(stats);
                RealGuest.checkEqual(stats.bytesDiscarded(), 0L, "bytes of output dropped");
                RealGuest.checkEqual(stats.bytesIn(), TYPED_BYTES + 1L, "bytes of input");
                RealGuest.checkEqual(stats.bytesOut(), PRINTED_BYTES + 1L, "bytes of output");
                dom0.here("program-console-detach " + NUMBER);
                dom0.until(console::isEnded, "the console's end");
            }
        }
        Grants.checkNoMoreThan(before, dom0::here);
    }

    private static ServedConsole connected(DriverDomain dom0, Consoled consoled) throws Exception {
        int domid = DriverDomain.domid();
        dom0.until(
                () -> {
                    ServedConsole console = consoled.console(domid, NUMBER);
                    return console != null && console.isConnected();
                },
                "the guest's connection");
        return consoled.console(domid, NUMBER);
    }

    private void talk(DriverDomain dom0, ServedConsole console, MemoryTerminal terminal, int round) throws Exception {
        byte[] typed = new byte[TYPED_BYTES];
        new Random(round).nextBytes(typed);
        terminal.room(FIRST_BYTES);
        dom0.guest().start(command);
        dom0.until(() -> terminal.outputBytes() > 0, "a byte of the guest");
        RealGuest.checkEqual(terminal.type(typed), TYPED_BYTES, "bytes typed");
        dom0.until(
                () -> console.stats().bytesOut() == FIRST_BYTES + CONFIG.limitBytes(),
                "output as far as there is room");
        RealGuest.checkEqual(terminal.outputBytes(), FIRST_BYTES, "bytes that the terminal has taken");
        RealGuest.checkEqual(terminal.untaken(), 0, "typed and not taken");
        terminal.room(Long.MAX_VALUE);
        dom0.until(() -> terminal.outputBytes() > PRINTED_BYTES, "the rest of the output");
        RealGuest.checkEqual(terminal.type("."), 1, "bytes typed");
        String printed = dom0.guest().result(command);
        System.out.println(printed);
        String[] lines = printed.split("\n");
        RealGuest.checkEqual(Sha256.of(typed), lines[lines.length - 2].substring(0, 64), "what was typed");
        byte[] output = terminal.output();
        RealGuest.checkEqual(
                Sha256.of(Arrays.copyOfRange(output, 1, output.length)),
                lines[lines.length - 1].substring(0, 64),
                "what the guest printed");
    }

    /** The program in the guest: takes the console from the kernel's frontend and talks as {@link #TALK} does. */
    public static final class Frontend {

        private Frontend() {}

        /** @param args the console's directory */
        public static void main(String[] args) throws Exception {
            byte[] printed = new byte[PRINTED_BYTES];
            new Random().nextBytes(printed);
            byte[] read;
            LinuxGuest xen = XenGuests.linux(Main.options().withUnbind(true));
            ConsoleConfig config = ConsoleConfig.DEFAULT
                    .whenFull(FullPolicy.KEEP)
                    .deadlines(RealGuest.PATIENCE_NS, RealGuest.PATIENCE_NS);
            try (PvConsole console = PvConsole.connect(xen, args[0], config)) {
                console.output().write('r');
                read = console.input().readNBytes(TYPED_BYTES);
                console.output().write(printed);
                console.input().readNBytes(1);
                System.out.println(console.stats());
            }
            RealGuest.checkEqual(xen.grants().ledger().lent(), 0, "pages lent");
            xen.close();
            System.out.println(Sha256.of(read));
            System.out.println(Sha256.of(printed));
            System.exit(0);
        }
    }
}
