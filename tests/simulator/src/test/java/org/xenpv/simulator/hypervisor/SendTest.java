package org.xenpv.simulator.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenpv.memory.ChronicleMemory;

/** EVTCHNOP_send is the hot path: it allocates nothing, and may run while others open, close and destroy. */
class SendTest {

    private static final int EINVAL = -22;

    private final RawHost host = new RawHost();

    @AfterEach
    void closeHost() {
        host.close();
    }

    @Test
    void shouldAllocateNothing_whenSending() {
        int[] channel = host.channel(host.dom1, host.dom2);
        sendMany(channel[0], 50_000);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        threads.getThreadAllocatedBytes(thread);
        long before = threads.getThreadAllocatedBytes(thread);

        sendMany(channel[0], 50_000);

        long allocated = threads.getThreadAllocatedBytes(thread) - before;
        assertThat(RawHost.pending(host.dom2, channel[1])).isTrue();
        assertThat(allocated).isLessThan(1_000);
    }

    private void sendMany(int port, int count) {
        for (int i = 0; i < count; i++) {
            // Half of them find the event pending already.
            if (i % 2 == 0) {
                host.dom2.sharedInfoPage().putInt(2048, 0);
            }
            host.args.putInt(0, port);
            host.dom1.eventChannelOp().eventChannelOp(4, host.args, 0);
        }
    }

    @Test
    @Timeout(60)
    void shouldNeverFail_whileTheOtherEndClosesAndBindsAgain() throws InterruptedException {
        Domain sender = host.dom1;
        int unbound = host.allocUnbound(sender, host.dom2.domid());
        AtomicBoolean done = new AtomicBoolean();
        AtomicReference<Object> wrong = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            try (ChronicleMemory args = ChronicleMemory.allocatePages(1)) {
                args.putInt(0, unbound);
                while (!done.get()) {
                    int result = sender.eventChannelOp().eventChannelOp(4, args, 0);
                    if (result != 0) {
                        wrong.set(result);
                    }
                }
            } catch (RuntimeException e) {
                wrong.set(e);
            }
        });
        thread.start();
        int rounds = 0;
        for (; rounds < 20_000; rounds++) {
            int bound = host.bindInterdomain(host.dom2, sender.domid(), unbound);
            assertThat(bound).isPositive();
            assertThat(host.close(host.dom2, bound)).isZero();
        }
        host.xen.destroy(host.dom2);
        assertThat(host.status(sender, RawHost.SELF, unbound)).isEqualTo(1);
        done.set(true);
        thread.join();

        assertThat(wrong.get()).isNull();
        assertThat(host.close(sender, unbound)).isZero();
        assertThat(host.send(sender, unbound)).isEqualTo(EINVAL);
    }
}
