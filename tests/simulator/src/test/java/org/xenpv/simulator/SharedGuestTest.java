package org.xenpv.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenpv.event.LoopClosedException;
import org.xenpv.event.LoopFuture;
import org.xenpv.xenstore.BlockingXenstore;

/** A guest without a thread, on a live host: whoever waits runs it. */
@Timeout(60)
class SharedGuestTest {

    @Test
    void shouldRunOnWhoeverWaits_whenItHasNoThread() throws Exception {
        try (SimulatedXen xen = SimulatedXen.live()) {
            SimDomain domain = xen.createDomain(DomainConfig.named("guest").withThread(false));
            BlockingXenstore store =
                    new BlockingXenstore(domain.guest().store(), domain.guest().loop());
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                String key = "data/key" + i;
                Thread thread = new Thread(() -> {
                    try {
                        for (int round = 0; round < 100; round++) {
                            store.write(key, Integer.toString(round));
                            assertThat(store.read(key)).isEqualTo(Integer.toString(round));
                        }
                    } catch (Throwable e) {
                        thrown.set(e);
                    }
                });
                threads.add(thread);
                thread.start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(thrown.get()).isNull();
            xen.assertNothingLeaked();
            xen.assertNoErrors();
            xen.toolstack().destroy(domain);
            assertThatThrownBy(() -> new LoopFuture<>(domain.guest().loop()).join())
                    .isInstanceOf(LoopClosedException.class);
        }
    }
}
