package org.xenpv.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several threads use a loop that no thread owns. */
@Timeout(20)
class SharedLoopTest {

    private static final int THREADS = 4;

    private final EventLoop loop =
            new EventLoop(new SleepingChannels(), System::nanoTime, new ConcurrentInbox(1 << 12));
    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicInteger overlaps = new AtomicInteger();
    private int calls;

    private int call() {
        if (inside.incrementAndGet() != 1) {
            overlaps.incrementAndGet();
        }
        calls++;
        inside.decrementAndGet();
        return calls;
    }

    private static void start(Thread thread) {
        thread.setDaemon(true);
        thread.start();
    }

    private static void spinWhile(BooleanSupplier condition) {
        while (condition.getAsBoolean()) {
            assertThat(Thread.interrupted()).as("ran out of time").isFalse();
            Thread.onSpinWait();
        }
    }

    /** Runs the same on several threads at once; what one throws comes out here. */
    private static void onThreads(int count, Runnable body) throws InterruptedException {
        CountDownLatch go = new CountDownLatch(1);
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Thread thread = new Thread(() -> {
                try {
                    go.await();
                    body.run();
                } catch (Throwable e) {
                    thrown.set(e);
                }
            });
            threads.add(thread);
            start(thread);
        }
        go.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(thrown.get()).isNull();
    }

    @Test
    void shouldCallOneAtATime_whenSeveralThreadsAsk() throws Exception {
        int each = 5_000;
        onThreads(THREADS, () -> {
            for (int i = 0; i < each; i++) {
                assertThat(LoopFuture.ask(loop, this::call)).isPositive();
            }
        });
        assertThat(overlaps.get()).isZero();
        assertThat(calls).isEqualTo(THREADS * each);
        assertThat(loop.inLoop()).isTrue();
    }

    @Test
    void shouldAnswerAll_whenSomeThreadsAskAndOthersWaitForWhatTheLoopDoesLater() throws Exception {
        int each = 500;
        AtomicInteger number = new AtomicInteger();
        onThreads(THREADS, () -> {
            boolean later = number.getAndIncrement() % 2 == 0;
            for (int i = 0; i < each; i++) {
                if (later) {
                    LoopFuture<Integer> answer = new LoopFuture<>(loop);
                    LoopFuture.ask(loop, () -> loop.at(System.nanoTime() + 1_000, () -> answer.complete(call())));
                    assertThat(answer.join()).isPositive();
                } else {
                    assertThat(LoopFuture.ask(loop, this::call)).isPositive();
                }
            }
        });
        assertThat(overlaps.get()).isZero();
        assertThat(calls).isEqualTo(THREADS * each);
        assertThat(loop.stats().errors()).isZero();
    }

    @Test
    void shouldTakeTheLoopOver_whenTheThreadThatRanItHasWhatItWaitedFor() throws Exception {
        LoopFuture<String> first = new LoopFuture<>(loop);
        LoopFuture<String> second = new LoopFuture<>(loop);
        Thread runner = new Thread(first::join);
        start(runner);
        spinWhile(loop::inLoop);
        Thread waiter = new Thread(second::join);
        start(waiter);
        spinWhile(() -> waiter.getState() == Thread.State.NEW || waiter.getState() == Thread.State.RUNNABLE);
        loop.execute(() -> {
            first.complete("done");
            loop.at(System.nanoTime() + 1_000_000, () -> second.complete("by the other"));
        });
        runner.join();
        waiter.join();
        assertThat(second.isDone()).isTrue();
    }

    @Test
    void shouldTryInVain_whileAnotherThreadOwnsTheLoop() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        Thread owner = new Thread(() -> LoopFuture.ask(loop, () -> {
            entered.countDown();
            awaitUninterruptibly(leave);
            return call();
        }));
        start(owner);
        entered.await();
        assertThat(loop.tryRun(this::call)).isFalse();
        assertThat(loop.inLoop()).isFalse();
        assertThatThrownBy(() -> loop.at(0, () -> {})).isInstanceOf(IllegalStateException.class);
        leave.countDown();
        owner.join();
        assertThat(loop.tryRun(() -> assertThat(loop.tryRun(this::call)).isTrue()))
                .isTrue();
        assertThat(calls).isEqualTo(2);
    }

    @Test
    void shouldLeaveTheLoop_whenWhatWasTriedThrows() throws Exception {
        assertThatThrownBy(() -> loop.tryRun(() -> {
                    throw new IllegalArgumentException("no");
                }))
                .isInstanceOf(IllegalArgumentException.class);
        onThreads(1, () -> assertThat(loop.tryRun(this::call)).isTrue());
    }

    @Test
    void shouldRefuseOtherThreads_whenTheInboxIsForOneThread() throws Exception {
        EventLoop local = new EventLoop(new SleepingChannels(), System::nanoTime, new LocalInbox());
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        Thread owner = new Thread(() -> LoopFuture.ask(local, () -> {
            entered.countDown();
            awaitUninterruptibly(leave);
            return call();
        }));
        start(owner);
        entered.await();
        assertThatThrownBy(() -> local.execute(this::call))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("inbox is for one thread");
        assertThatThrownBy(() -> LoopFuture.ask(local, this::call)).isInstanceOf(IllegalStateException.class);
        leave.countDown();
        owner.join();
        local.execute(this::call);
        local.runOnce();
        assertThat(calls).isEqualTo(2);
    }

    @Test
    void shouldNotSleepOn_whenInterruptedWhileAnotherThreadRunsTheLoop() throws Exception {
        try (EventLoopThread thread = EventLoopThread.start(loop, "loop")) {
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread waiter = new Thread(() -> {
                try {
                    new LoopFuture<>(loop).get(1, TimeUnit.DAYS);
                } catch (Throwable e) {
                    thrown.set(e);
                }
            });
            start(waiter);
            waiter.interrupt();
            waiter.join();
            assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
            assertThat(thread.isAlive()).isTrue();
        }
    }

    @Test
    void shouldGoOnSleeping_whenInterruptedInAWaitThatCannotBe() throws Exception {
        LoopFuture<String> future = new LoopFuture<>(loop);
        AtomicBoolean interrupted = new AtomicBoolean();
        Thread runner = new Thread(() -> {
            future.join();
            interrupted.set(Thread.interrupted());
        });
        start(runner);
        spinWhile(() -> runner.getState() != Thread.State.WAITING);
        runner.interrupt();
        spinWhile(() -> runner.isInterrupted() || runner.getState() != Thread.State.WAITING);
        loop.execute(() -> future.complete("done"));
        runner.join();
        assertThat(interrupted).isTrue();
    }

    @Test
    void shouldEndEveryWait_whenSeveralThreadsWaitForOneFuture() throws Exception {
        LoopFuture<String> future = new LoopFuture<>(loop);
        AtomicInteger started = new AtomicInteger();
        Thread completer = new Thread(() -> {
            spinWhile(() -> started.get() < THREADS);
            loop.execute(() -> future.complete("done"));
        });
        start(completer);
        onThreads(THREADS, () -> {
            started.incrementAndGet();
            assertThat(future.join()).isEqualTo("done");
        });
        completer.join();
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
