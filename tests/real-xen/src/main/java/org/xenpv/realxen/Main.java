package org.xenpv.realxen;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.xenpv.xenbus.XenGuests;
import org.xenpv.xenbus.linux.LinuxGuest;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.XenstoreClient;

/**
 * Runs scenarios in this guest, one after the other, each with a {@link LinuxGuest} of its own, and prints {@code PASS name} or
 * {@code FAIL name: why} for each.
 */
public final class Main {

    private static final List<LinuxGuest> GUESTS = new CopyOnWriteArrayList<>();

    private Main() {}

    /** @param args names of scenarios, perhaps with {@code @WHERE} behind them */
    public static void main(String[] args) throws InterruptedException, IOException {
        int failed = 0;
        for (int i = 0; i < args.length; i++) {
            int at = args[i].indexOf('@'); // what comes behind says where this runs
            Scenario scenario = Scenarios.all().get(at < 0 ? args[i] : args[i].substring(0, at));
            if (scenario == null) {
                System.out.println("FAIL " + args[i] + ": there is no such scenario");
                failed++;
                continue;
            }
            String why = run(args[i], scenario);
            System.out.println(why == null ? "PASS " + args[i] : "FAIL " + args[i] + ": " + why);
            failed += why == null ? 0 : 1;
        }
        int status = failed == 0 ? 0 : 1;
        if (GUESTS.stream().anyMatch(xen -> xen.devicesLeft() > 0)) {
            powerOff(status);
        }
        System.exit(status);
    }

    /** Instead of ending, for which the kernel would close what it cannot close, see {@link LinuxGuest#devicesLeft}. */
    private static void powerOff(int status) throws InterruptedException, IOException {
        System.out.println("GUEST ENDS " + status + ", and the program does not");
        new ProcessBuilder("/bin/poweroff", "-f").inheritIO().start().waitFor();
        throw new AssertionError("the guest does not power off");
    }

    /** In a thread of its own, so that one that hangs ends as well. @return null, or why it failed */
    private static String run(String name, Scenario scenario) throws InterruptedException {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread thread = new Thread(() -> attempt(scenario, thrown), name);
        thread.setDaemon(true);
        long began = System.nanoTime();
        thread.start();
        thread.join(scenario.limitMs());
        System.out.println("TIME " + name + " " + (System.nanoTime() - began) / 1_000_000 + " ms");
        if (thread.isAlive()) {
            for (Map.Entry<Thread, StackTraceElement[]> each :
                    Thread.getAllStackTraces().entrySet()) {
                System.out.println(each.getKey());
                for (StackTraceElement element : each.getValue()) {
                    System.out.println("    at " + element);
                }
            }
            return "no end within " + scenario.limitMs() / 1000 + " s";
        }
        if (thrown.get() == null) {
            return null;
        }
        thrown.get().printStackTrace(System.out);
        return thrown.get().toString().replace('\n', ' ');
    }

    private static void attempt(Scenario scenario, AtomicReference<Throwable> thrown) {
        try (LinuxGuest xen = XenGuests.linux(options())) {
            GUESTS.add(xen);
            Dom0 dom0 = new Dom0(new BlockingXenstore(xen.store(), xen.loop(), RealGuest.PATIENCE_NS));
            scenario.run(new RealGuest(xen, dom0));
        } catch (Throwable failure) {
            thrown.set(failure);
        }
    }

    static LinuxGuest.Options options() {
        return LinuxGuest.Options.DEFAULT.withStore(
                XenstoreClient.Options.DEFAULT.withRequestTimeoutNs(RealGuest.PATIENCE_NS));
    }
}
