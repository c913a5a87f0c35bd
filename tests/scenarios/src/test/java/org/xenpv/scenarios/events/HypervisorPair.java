package org.xenpv.scenarios.events;

import java.util.function.Function;
import org.xenpv.event.Clock;
import org.xenpv.event.EventChannels;
import org.xenpv.event.abi.EventArrayFrames;
import org.xenpv.event.abi.FifoEventChannels;
import org.xenpv.event.abi.TwoLevelEventChannels;
import org.xenpv.grant.abi.GrantPlatform;
import org.xenpv.memory.SharedMemory;
import org.xenpv.simulator.hypervisor.Domain;
import org.xenpv.simulator.hypervisor.DomainSpec;
import org.xenpv.simulator.hypervisor.Hypervisor;
import org.xenpv.simulator.hypervisor.Processors;
import org.xenpv.simulator.hypervisor.Trace;
import org.xenpv.simulator.hypervisor.Vcpu;
import org.xenpv.testkit.event.EventPair;

/** Two domains on the simulated hypervisor, with real waiting and no loops. */
final class HypervisorPair implements EventPair {

    private static final DomainSpec SPEC = new DomainSpec(false, 64, 4, 4096, -1, -1);

    private final Hypervisor hypervisor = new Hypervisor(new MonitorProcessors(), Trace.NONE);
    private final Domain leftDomain = hypervisor.create(SPEC);
    private final Domain rightDomain = hypervisor.create(SPEC);
    private final EventChannels left;
    private final EventChannels right;

    HypervisorPair(Function<Domain, EventChannels> abi) {
        left = abi.apply(leftDomain);
        right = abi.apply(rightDomain);
    }

    static EventChannels twoLevel(Domain domain) {
        return new TwoLevelEventChannels(
                domain.eventChannelOp(), domain.schedOp(), domain.sharedInfoPage(), argsPage(domain));
    }

    static EventChannels fifo(Domain domain) {
        EventArrayFrames frames = () -> {
            GrantPlatform.Frames frame = domain.grantPlatform().allocateFrames(1);
            return frame == null ? null : new EventArrayFrames.Frame(frame.memory(), frame.firstFrame());
        };
        return new FifoEventChannels(
                domain.eventChannelOp(), domain.schedOp(), domain.sharedInfoPage(), frames, argsPage(domain));
    }

    private static SharedMemory argsPage(Domain domain) {
        return domain.grantPlatform().allocateFrames(1).memory();
    }

    @Override
    public EventChannels left() {
        return left;
    }

    @Override
    public int leftDomid() {
        return leftDomain.domid();
    }

    @Override
    public EventChannels right() {
        return right;
    }

    @Override
    public int rightDomid() {
        return rightDomain.domid();
    }

    @Override
    public Clock clock() {
        return System::nanoTime;
    }

    @Override
    public void close() {
        hypervisor.close();
    }

    /** Virtual CPUs that wait on a monitor. */
    private static final class MonitorProcessors implements Processors {

        @Override
        public Vcpu vcpu(Domain domain) {
            return new MonitorVcpu(domain);
        }

        @Override
        public void later(long delayNs, Runnable action) {
            throw new AssertionError("no faults, nothing to put off");
        }
    }

    private static final class MonitorVcpu implements Vcpu {

        private final Domain domain;
        private boolean kicked;

        MonitorVcpu(Domain domain) {
            this.domain = domain;
        }

        @Override
        public synchronized void block(long deadlineNs) {
            try {
                while (!kicked && !domain.upcallPending()) {
                    if (deadlineNs == Long.MAX_VALUE) {
                        wait();
                        continue;
                    }
                    long leftNs = deadlineNs - System.nanoTime();
                    if (leftNs <= 0) {
                        return;
                    }
                    wait(leftNs / 1_000_000, (int) (leftNs % 1_000_000));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                kicked = false;
            }
        }

        @Override
        public synchronized void kick() {
            kicked = true;
            notifyAll();
        }

        @Override
        public synchronized void upcall() {
            notifyAll();
        }

        @Override
        public void pause() {}

        @Override
        public void resume() {}
    }
}
