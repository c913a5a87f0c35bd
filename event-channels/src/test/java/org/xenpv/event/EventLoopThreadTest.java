package org.xenpv.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The loop on real threads. */
@Timeout(60)
class EventLoopThreadTest {

    private final SleepingChannels channels = new SleepingChannels();
    private final EventLoop loop = new EventLoop(channels, System::nanoTime, new ConcurrentInbox(1 << 16));

    @Test
    void shouldRunEverythingOnItsThread_inTheOrderOfEachCaller() throws Exception {
        int callers = 4;
        int each = 10_000;
        int[] last = new int[callers];
        AtomicInteger wrong = new AtomicInteger();
        CountDownLatch all = new CountDownLatch(callers * each);
        CountDownLatch go = new CountDownLatch(1);
        try (EventLoopThread thread = EventLoopThread.start(loop, "loop")) {
            Thread[] threads = new Thread[callers];
            for (int c = 0; c < callers; c++) {
                int caller = c;
                threads[c] = new Thread(() -> {
                    awaitUninterruptibly(go);
                    for (int i = 1; i <= each; i++) {
                        int number = i;
                        loop.execute(() -> {
                            if (last[caller] != number - 1
                                    || !Thread.currentThread().getName().equals("loop")) {
                                wrong.incrementAndGet();
                            }
                            last[caller] = number;
                            all.countDown();
                        });
                    }
                });
                threads[c].start();
            }
            go.countDown();
            assertThat(all.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(wrong.get()).isZero();
            assertThat(last).containsOnly(each);
            assertThat(thread.isAlive()).isTrue();
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void shouldRefuseOtherThreads_whileItOwnsTheLoop() {
        assertThat(loop.inLoop()).isTrue();
        try (EventLoopThread thread = EventLoopThread.start(loop, "loop")) {
            assertThat(loop.inLoop()).isFalse();
            assertThat(LoopFuture.ask(loop, loop::inLoop)).isTrue();
            assertThat(LoopFuture.ask(loop, loop::dispatching)).isTrue();
            assertThat(loop.dispatching()).isFalse();
            assertThatThrownBy(loop::runOnce).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> loop.runUntil(() -> true, EventLoop.NEVER))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> loop.register(1, "name", budget -> 0))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("use execute()");
            assertThatThrownBy(() -> loop.at(0, () -> {})).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> EventLoopThread.start(loop, "second")).isInstanceOf(IllegalStateException.class);
            assertThat(thread.isAlive()).isTrue();
        }
        assertThat(loop.isClosed()).isTrue();
        assertThatThrownBy(() -> loop.runUntil(() -> true, EventLoop.NEVER)).isInstanceOf(LoopClosedException.class);
        assertThatThrownBy(loop::runOnce).isInstanceOf(LoopClosedException.class);
        assertThatThrownBy(() -> loop.execute(() -> {})).isInstanceOf(LoopClosedException.class);
    }

    @Test
    void shouldSayFalse_whenTheThreadDoesNotEndInTime() throws Exception {
        CountDownLatch stuck = new CountDownLatch(1);
        CountDownLatch entered = new CountDownLatch(1);
        EventLoopThread thread = EventLoopThread.start(loop, "loop");
        loop.execute(() -> {
            entered.countDown();
            awaitUninterruptibly(stuck);
        });
        entered.await();
        assertThat(thread.stop(1_000_000)).isFalse();
        assertThat(thread.isAlive()).isTrue();
        stuck.countDown();
        assertThat(thread.stop(30_000_000_000L)).isTrue();
        thread.close();
    }

    @Test
    void shouldNotWaitForItself_whenClosedFromTheLoop() throws Exception {
        EventLoopThread thread = EventLoopThread.start(loop, "loop");
        loop.execute(thread::close);
        assertThat(thread.stop(30_000_000_000L)).isTrue();
    }

    @Test
    void shouldBlockUntilTheLoopCompletesIt_whenAnotherThreadRunsTheLoop() throws Exception {
        try (EventLoopThread thread = EventLoopThread.start(loop, "loop")) {
            LoopFuture<String> future = new LoopFuture<>(loop);
            LoopFuture<String> other = new LoopFuture<>(loop);
            loop.execute(() -> loop.at(System.nanoTime() + 1_000_000, () -> future.complete("done")));
            assertThat(future.get()).isEqualTo("done");
            assertThatThrownBy(() -> other.get(1, TimeUnit.MILLISECONDS))
                    .isInstanceOf(java.util.concurrent.TimeoutException.class);
            loop.execute(() -> other.completeExceptionally(new IllegalArgumentException("no")));
            assertThatThrownBy(other::await).isInstanceOf(IllegalArgumentException.class);
            assertThat(thread.isAlive()).isTrue();
        }
    }

    @Test
    void shouldEndTheWait_whenTheThreadStopsAndClosesTheLoop() throws Exception {
        EventLoopThread thread = EventLoopThread.start(loop, "loop");
        LoopFuture<String> never = new LoopFuture<>(loop);
        CountDownLatch waiting = new CountDownLatch(1);
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread waiter = new Thread(() -> {
            waiting.countDown();
            try {
                never.join();
            } catch (Throwable e) {
                thrown.set(e);
            }
        });
        waiter.start();
        waiting.await();
        thread.close();
        waiter.join(30_000);
        assertThat(thrown.get()).isInstanceOf(LoopClosedException.class);
        assertThatThrownBy(never::get).isInstanceOf(LoopClosedException.class);
        assertThatThrownBy(() -> never.get(1, TimeUnit.DAYS)).isInstanceOf(LoopClosedException.class);
        never.complete("late");
        assertThat(never.get()).isEqualTo("late");
    }

    @Test
    void shouldEndTheThread_whenTheLoopIsClosedFromInside() throws Exception {
        EventLoopThread thread = EventLoopThread.start(loop, "loop");
        LoopFuture<String> last = new LoopFuture<>(loop);
        loop.execute(() -> {
            loop.close();
            loop.close();
            last.complete("in the last turn");
        });
        assertThat(last.join()).isEqualTo("in the last turn");
        assertThat(thread.stop(30_000_000_000L)).isTrue();
    }

    @Test
    void shouldShareTheLoop_whenSeveralThreadsWaitAndNoneOwnsIt() throws Exception {
        List<LoopFuture<Integer>> futures = new ArrayList<>();
        List<Thread> waiters = new ArrayList<>();
        AtomicInteger sum = new AtomicInteger();
        for (int i = 0; i < 4; i++) {
            LoopFuture<Integer> future = new LoopFuture<>(loop);
            futures.add(future);
            Thread waiter = new Thread(() -> sum.addAndGet(future.join()));
            waiters.add(waiter);
            waiter.start();
        }
        for (int i = 0; i < 4; i++) {
            int value = 1 << i;
            LoopFuture<Integer> future = futures.get(i);
            loop.execute(() -> future.complete(value));
        }
        for (Thread waiter : waiters) {
            waiter.join(30_000);
        }
        assertThat(sum.get()).isEqualTo(15);
    }

    @Test
    void shouldEndTheWait_whenAForeignThreadCompletesTheFuture() throws Exception {
        LoopFuture<String> future = new LoopFuture<>(loop);
        Thread completer = new Thread(() -> future.complete("from outside"));
        completer.start();
        assertThat(future.get()).isEqualTo("from outside");
        completer.join();
    }

    @Test
    void shouldThrowInterrupted_whenTheWaiterIsInterrupted() throws Exception {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread waiter = new Thread(() -> {
            try {
                new LoopFuture<>(loop).get();
            } catch (Throwable e) {
                thrown.set(e);
            }
        });
        waiter.start();
        waiter.interrupt();
        waiter.join(30_000);
        assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
    }

    @Test
    void shouldLeaveOneDependentAtMost_whenWaitedForAgainAndAgainWhileAnotherThreadRunsTheLoop() {
        try (EventLoopThread thread = EventLoopThread.start(loop, "loop")) {
            LoopFuture<String> future = new LoopFuture<>(loop);
            for (int i = 0; i < 1_000; i++) {
                assertThatThrownBy(() -> future.get(1, TimeUnit.MICROSECONDS))
                        .isInstanceOf(java.util.concurrent.TimeoutException.class);
            }
            assertThat(future.getNumberOfDependents()).isLessThanOrEqualTo(1);
            assertThat(thread.isAlive()).isTrue();
        }
    }
}
