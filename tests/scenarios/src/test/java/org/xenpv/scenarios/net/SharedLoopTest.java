package org.xenpv.scenarios.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xenpv.backends.net.NetbackConfig;
import org.xenpv.event.EventChannels;
import org.xenpv.event.EventLoop;
import org.xenpv.netfront.Netfront;
import org.xenpv.netfront.NetfrontConfig;
import org.xenpv.simulator.DomainConfig;
import org.xenpv.simulator.SimDomain;
import org.xenpv.simulator.SimulatedXen;
import org.xenpv.testkit.xen.OnSimulatedXen;
import org.xenpv.xenbus.XenGuest;

/** Several threads use the interface of a guest whose loop none of them owns. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SharedLoopTest {

    /** The same, but some calls have other results, or something done before. */
    private static <T> T view(Class<T> type, T real, Function<String, Object> instead) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            Object other = instead.apply(method.getName());
            try {
                return other != null ? other : method.invoke(real, args);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }

    /** A guest that does something before it sends an event. */
    private static XenGuest beforeEvents(XenGuest guest, Runnable before) {
        EventChannels events = view(EventChannels.class, guest.events(), method -> {
            if (method.equals("send")) {
                before.run();
            }
            return null;
        });
        return view(XenGuest.class, guest, method -> method.equals("events") ? events : null);
    }

    private static SimDomain withoutThread(SimulatedXen xen) {
        return xen.createDomain(DomainConfig.named("one").withThread(false));
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldKeepASecondSenderOffTheLoop_whileAFirstOneIsOnIt(SimulatedXen xen) throws Exception {
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = withoutThread(xen);
            host.attach(guest);
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch leave = new CountDownLatch(1);
            AtomicReference<Thread> held = new AtomicReference<>();
            XenGuest seen = beforeEvents(guest.guest(), () -> {
                if (Thread.currentThread() == held.get()) {
                    inside.countDown();
                    await(leave);
                }
            });
            try (Netfront net = Netfront.connect(seen, NetHost.NODENAME, NetfrontConfig.DEFAULT)) {
                byte[] frame = Frames.raw(net.mac(), net.mac(), 100, 1);
                Thread first = new Thread(() -> net.send(ByteBuffer.wrap(frame)));
                held.set(first);
                first.start();
                inside.await();
                CompletableFuture<Boolean> second = net.send(ByteBuffer.wrap(frame));
                CompletableFuture<byte[]> received = net.receive();
                assertThat(second).isNotDone();
                assertThat(guest.guest().loop().inLoop()).isFalse();
                leave.countDown();
                first.join();
                assertThat(second.join()).isTrue();
                assertThat(net.stats().txPackets()).isEqualTo(2);
                received.cancel(false);
            }
        }
    }

    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE)
    void shouldSendEveryFrame_whenThreadsSendAtTheSameTime(SimulatedXen xen) throws Exception {
        int threads = 4;
        int each = 200;
        try (NetHost host = new NetHost(xen, NetbackConfig.DEFAULT)) {
            SimDomain guest = withoutThread(xen);
            host.attach(guest);
            try (Netfront from = Netfront.connect(guest.guest(), NetHost.NODENAME);
                    Netfront to = host.connect(host.guest("two"), NetfrontConfig.DEFAULT)) {
                byte[] frame = Frames.raw(to.mac(), from.mac(), 100, 1);
                List<Thread> running = new ArrayList<>();
                for (int t = 0; t < threads; t++) {
                    Thread thread = new Thread(() -> {
                        for (int i = 0; i < each; i++) {
                            while (!from.send(ByteBuffer.wrap(frame)).join()) {
                                Thread.onSpinWait(); // no room
                            }
                        }
                    });
                    running.add(thread);
                    thread.start();
                }
                for (Thread thread : running) {
                    thread.join();
                }
                assertThat(from.stats().txPackets()).isEqualTo(threads * each);
                assertThat(to.receive(30, TimeUnit.SECONDS)).isEqualTo(frame);
                assertThat(from.stats().faults()).isZero();
            }
        }
    }

    /** In the midst of its requests to xenstore. */
    @Test
    @OnSimulatedXen(mode = OnSimulatedXen.Mode.LIVE, leakCheck = false)
    void shouldHaveTheLoopToItself_whenAGuestIsClosed(SimulatedXen xen) throws Exception {
        SimDomain domain = withoutThread(xen);
        EventLoop loop = domain.guest().loop();
        List<Boolean> otherGotIn = new ArrayList<>();
        domain.run(guest -> guest.store().read("name", (value, error) -> {
            Thread other = new Thread(() -> otherGotIn.add(loop.tryRun(() -> {})));
            other.start();
            try {
                other.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        domain.guest().close();
        assertThat(otherGotIn).containsExactly(false);
        assertThat(loop.isClosed()).isTrue();
    }
}
