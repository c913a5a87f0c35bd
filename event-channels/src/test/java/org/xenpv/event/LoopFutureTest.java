package org.xenpv.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** Futures in a simulation: one thread, virtual time. */
class LoopFutureTest {

    private final ManualClock clock = new ManualClock(0);
    private final PortModel ports = new PortModel(clock);
    private final EventLoop loop = new EventLoop(ports, clock, new LocalInbox());

    @Test
    void shouldRunTheLoop_whenNobodyElseDoes() throws Exception {
        LoopFuture<String> future = new LoopFuture<>(loop);
        loop.at(5_000, () -> future.complete("done"));
        assertThat(future.get()).isEqualTo("done");
        assertThat(clock.nowNs).isEqualTo(5_000);
        assertThat(loop.inLoop()).isTrue();
        assertThat(future.get()).isEqualTo("done");
    }

    @Test
    void shouldRunTheLoop_forStagesMadeOfIt() {
        LoopFuture<Integer> future = new LoopFuture<>(loop);
        loop.at(5_000, () -> future.complete(20));
        assertThat(future.thenApply(i -> i + 1)
                        .thenCombine(future, Integer::sum)
                        .join())
                .isEqualTo(41);
    }

    @Test
    void shouldTimeOutInVirtualTime() throws Exception {
        LoopFuture<String> future = new LoopFuture<>(loop);
        assertThatThrownBy(() -> future.get(3, TimeUnit.HOURS)).isInstanceOf(TimeoutException.class);
        assertThat(clock.nowNs).isEqualTo(TimeUnit.HOURS.toNanos(3));
        future.complete("late");
        assertThat(future.get(0, TimeUnit.SECONDS)).isEqualTo("late");
    }

    @Test
    void shouldTimeOutAtOnce_whenThereIsNoTime() {
        LoopFuture<String> future = new LoopFuture<>(loop);
        assertThatThrownBy(() -> future.get(0, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
        assertThatThrownBy(() -> future.get(Long.MIN_VALUE, TimeUnit.DAYS)).isInstanceOf(TimeoutException.class);
        assertThat(clock.nowNs).isZero();
    }

    @Test
    void shouldThrowWhatItWasCompletedWith() {
        LoopFuture<String> future = new LoopFuture<>(loop);
        IllegalArgumentException reason = new IllegalArgumentException("no");
        loop.execute(() -> future.completeExceptionally(reason));
        assertThatThrownBy(future::get).isInstanceOf(ExecutionException.class).hasCause(reason);
        assertThatThrownBy(future::join).isInstanceOf(CompletionException.class).hasCause(reason);
        assertThatThrownBy(future::await).isSameAs(reason);
    }

    @Test
    void shouldThrowInsteadOfWaitingForEver_whenCalledFromTheLoop() {
        LoopFuture<String> never = new LoopFuture<>(loop);
        LoopFuture<String> done = new LoopFuture<>(loop);
        done.complete("done");
        List<Throwable> thrown = new ArrayList<>();
        loop.errorSink((where, error) -> thrown.add(error));
        List<String> got = new ArrayList<>();
        loop.execute(() -> got.add(done.join()));
        loop.execute(never::join);
        loop.execute(() -> {
            try {
                never.get(1, TimeUnit.SECONDS);
            } catch (Exception e) {
                thrown.add(e);
            }
        });
        loop.at(0, () -> LoopFuture.ask(loop, () -> got.add("asked")));
        loop.runOnce();
        assertThat(thrown)
                .hasSize(2)
                .allSatisfy(error -> assertThat(error)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("inside a call of the loop"));
        assertThat(got).containsExactly("done", "asked");
        assertThat(clock.nowNs).isZero();
    }

    @Test
    void shouldLeaveOneDependentAtMost_howeverOftenItIsWaitedFor() {
        LoopFuture<String> future = new LoopFuture<>(loop);
        for (int i = 0; i < 1_000; i++) {
            assertThatThrownBy(() -> future.get(1, TimeUnit.NANOSECONDS)).isInstanceOf(TimeoutException.class);
        }
        assertThat(clock.nowNs).isEqualTo(1_000);
        assertThat(future.getNumberOfDependents()).isLessThanOrEqualTo(1);
        loop.execute(() -> future.complete("done"));
        assertThat(future.join()).isEqualTo("done");
    }
}
