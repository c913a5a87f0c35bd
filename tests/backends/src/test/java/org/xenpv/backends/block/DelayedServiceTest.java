package org.xenpv.backends.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.xenpv.backends.block.QueueBench.seg;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_FLUSH_DISKCACHE;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_READ;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_WRITE;
import static org.xenpv.io.blkif.Blkif.BLKIF_OP_WRITE_BARRIER;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_EOPNOTSUPP;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_ERROR;
import static org.xenpv.io.blkif.Blkif.BLKIF_RSP_OKAY;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.backends.block.QueueBench.Answer;

/** Delays, overtaking, silence, scripted failures; what barriers and flushes promise in spite of them. */
class DelayedServiceTest {

    private static final BlkbackConfig CONFIG =
            BlkbackConfig.DEFAULT.with().persistent(false).build();

    private final MemoryStore store = new MemoryStore(1 << 18, false);
    private final ServiceScript script = new ServiceScript(42);
    private final QueueBench bench = new QueueBench(store, CONFIG, script);

    @AfterEach
    void close() {
        bench.close();
    }

    private List<Answer> untilQuiet() {
        List<Answer> answers = new ArrayList<>();
        while (bench.wakeNs != ServiceModel.NEVER) {
            answers.addAll(bench.sleepUntilWoken());
            answers.addAll(bench.run());
        }
        return answers;
    }

    /** Stages a write of one sector full of this byte. */
    private long stageWrite(int operation, int page, int sector, int value) {
        byte[] bytes = new byte[512];
        Arrays.fill(bytes, (byte) value);
        bench.guest.fill(page, 0, 1, bytes, 0);
        return bench.stage(operation, sector, seg(page, 0, 0));
    }

    @Test
    void shouldAnswerWhenTheDelayIsOver_notBefore() {
        script.delay(1_000, 1_000);
        long id = bench.stage(BLKIF_OP_READ, 0, seg(0, 0, 7));
        assertThat(bench.run()).isEmpty();
        assertThat(bench.wakeNs).isEqualTo(1_000);
        assertThat(bench.guest.mappedNow).as("in flight, so mapped").isEqualTo(1);
        bench.nowNs = 999;
        bench.queue.serviceDue();
        assertThat(bench.answers()).isEmpty();
        assertThat(bench.sleepUntilWoken()).extracting(Answer::id).containsExactly(id);
        assertThat(bench.guest.mappedNow).isZero();
        assertThat(bench.queue.outstanding()).isZero();
    }

    @Test
    void shouldLetCompletionsOvertakeEachOther_theSameWayForTheSameSeed() {
        script.delay(1, 1_000_000);
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            ids.add(bench.stage(BLKIF_OP_READ, i, seg(i, 0, 0)));
        }
        assertThat(bench.run()).isEmpty();
        List<Long> order = untilQuiet().stream().map(Answer::id).toList();
        assertThat(order).containsExactlyInAnyOrderElementsOf(ids).isNotEqualTo(ids);

        ServiceScript same = new ServiceScript(42).delay(1, 1_000_000);
        try (QueueBench other = new QueueBench(store, CONFIG, same)) {
            for (int i = 0; i < 32; i++) {
                other.stage(BLKIF_OP_READ, i, seg(i, 0, 0));
            }
            other.run();
            List<Long> again = new ArrayList<>();
            while (other.wakeNs != ServiceModel.NEVER) {
                other.sleepUntilWoken().forEach(answer -> again.add(answer.id()));
            }
            assertThat(again).isEqualTo(order);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldKeepABarrierBetweenWhatIsBeforeAndAfter(long seed) {
        ServiceScript jitter = new ServiceScript(seed).delay(1, 1_000);
        try (QueueBench b = new QueueBench(store, CONFIG, jitter)) {
            List<Long> before = new ArrayList<>();
            List<Long> after = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                before.add(b.stage(BLKIF_OP_WRITE, i, seg(i, 0, 0)));
            }
            long barrier = b.stage(BLKIF_OP_WRITE_BARRIER, 8, seg(8, 0, 0));
            for (int i = 9; i < 16; i++) {
                after.add(b.stage(BLKIF_OP_WRITE, i, seg(i, 0, 0)));
            }
            List<Long> order = new ArrayList<>();
            b.run();
            while (b.wakeNs != ServiceModel.NEVER) {
                b.sleepUntilWoken().forEach(answer -> order.add(answer.id()));
                b.run().forEach(answer -> order.add(answer.id()));
            }
            assertThat(order).as("seed %d", seed).hasSize(16);
            assertThat(order.subList(0, 8)).containsExactlyInAnyOrderElementsOf(before);
            assertThat(order.get(8)).isEqualTo(barrier);
            assertThat(order.subList(9, 16)).containsExactlyInAnyOrderElementsOf(after);
        }
    }

    @Test
    void shouldAskForAnotherTurn_whenABarrierHasHeldRequestsBack() {
        script.delay(10, 10);
        bench.stage(BLKIF_OP_WRITE_BARRIER, 0, seg(0, 0, 0));
        bench.stage(BLKIF_OP_READ, 0, seg(1, 0, 0));
        bench.run();
        assertThat(bench.queue.outstanding()).as("the read is not taken yet").isEqualTo(1);
        assertThat(bench.pollAgains).isZero();
        bench.sleepUntilWoken();
        assertThat(bench.pollAgains).isEqualTo(1);
        bench.run();
        assertThat(bench.queue.outstanding()).isEqualTo(1);
    }

    @Test
    void shouldMakeEverythingBeforeABarrierAndTheBarrierItselfDurable() {
        stageWrite(BLKIF_OP_WRITE, 0, 0, 1);
        stageWrite(BLKIF_OP_WRITE_BARRIER, 1, 1, 2);
        stageWrite(BLKIF_OP_WRITE, 2, 2, 3);
        assertThat(bench.run()).hasSize(3).allMatch(answer -> answer.status() == BLKIF_RSP_OKAY);
        store.powerCut();
        assertThat(store.content()[0]).isEqualTo((byte) 1);
        assertThat(store.content()[512]).isEqualTo((byte) 2);
        assertThat(store.content()[1024]).as("written after it, lost").isZero();
    }

    @Test
    void shouldMakeAnsweredWritesDurableWithAFlush() {
        stageWrite(BLKIF_OP_WRITE, 0, 0, 1);
        bench.run();
        store.powerCut();
        assertThat(store.content()[0]).as("not flushed, lost").isZero();
        stageWrite(BLKIF_OP_WRITE, 0, 0, 1);
        bench.run();
        bench.stage(BLKIF_OP_FLUSH_DISKCACHE, 0);
        bench.run();
        store.powerCut();
        assertThat(store.content()[0]).isEqualTo((byte) 1);
    }

    @Test
    void shouldAnswerNothing_whenSilent_untilToldToGoOn() {
        script.silent(true);
        bench.stage(BLKIF_OP_READ, 0, seg(0, 0, 0));
        bench.stage(BLKIF_OP_READ, 0, seg(1, 0, 0));
        assertThat(bench.run()).isEmpty();
        assertThat(bench.wakeNs).isEqualTo(ServiceModel.NEVER);
        assertThat(bench.queue.outstanding()).isEqualTo(2);
        script.silent(false);
        long third = bench.stage(BLKIF_OP_READ, 0, seg(2, 0, 0));
        assertThat(bench.run()).extracting(Answer::id).containsExactly(third);
        bench.queue.serviceAll();
        assertThat(bench.answers()).hasSize(2);
    }

    @Test
    void shouldUnmapWhatIsInFlight_whenStopped() {
        script.silent(true);
        bench.stage(BLKIF_OP_READ, 0, seg(0, 0, 0));
        bench.stage(BLKIF_OP_WRITE_BARRIER, 0, seg(1, 0, 0)); // waits behind it
        bench.run();
        assertThat(bench.guest.mappedNow).isEqualTo(2);
        bench.queue.stop();
        assertThat(bench.guest.mappedNow).isZero();
        bench.queue.serviceAll();
        assertThat(bench.run()).isEmpty();
    }

    @Test
    void shouldAnswerAsScripted_withoutTouchingTheStore() {
        script.answerNext(BLKIF_OP_WRITE, 2, BLKIF_RSP_ERROR).refuse(BLKIF_OP_FLUSH_DISKCACHE);
        assertThat(bench.read(0, seg(0, 0, 0))).isEqualTo(BLKIF_RSP_OKAY);
        stageWrite(BLKIF_OP_WRITE, 0, 0, 1);
        stageWrite(BLKIF_OP_WRITE, 0, 1, 1);
        assertThat(bench.run()).extracting(Answer::status).containsExactly(BLKIF_RSP_ERROR, BLKIF_RSP_ERROR);
        assertThat(store.content()).containsOnly(0);
        assertThat(bench.write(0, seg(0, 0, 0))).isEqualTo(BLKIF_RSP_OKAY);
        long flush = bench.stage(BLKIF_OP_FLUSH_DISKCACHE, 0);
        assertThat(bench.statusOf(flush, BLKIF_OP_FLUSH_DISKCACHE)).isEqualTo(BLKIF_RSP_EOPNOTSUPP);
        assertThat(store.flushes()).isZero();
        assertThat(bench.counters.errors).isEqualTo(2);
        assertThat(bench.counters.refused).isEqualTo(1);
        script.answerNext(1, (short) 77);
        assertThat(bench.read(0, seg(0, 0, 0))).isEqualTo((short) 77);
        assertThat(script.asked()).isEqualTo(6);
    }

    @Test
    void shouldFailAboutAsManyAsAsked() {
        script.failPerThousand(300);
        int failed = 0;
        for (int i = 0; i < 1000; i++) {
            failed += bench.read(0, seg(0, 0, 0)) == BLKIF_RSP_ERROR ? 1 : 0;
        }
        assertThat(failed).isBetween(200, 400);
    }

    @Test
    void shouldRefuseScriptsThatMakeNoSense() {
        assertThatThrownBy(() -> script.delay(-1, 1)).hasMessageContaining("minNs=-1");
        assertThatThrownBy(() -> script.delay(2, 1)).hasMessageContaining("maxNs=1");
        assertThatThrownBy(() -> script.delay(0, ServiceModel.NEVER)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> script.failPerThousand(1001)).hasMessageContaining("requests=1001");
        assertThatThrownBy(() -> script.refuse(7)).hasMessageContaining("operation=7");
        assertThatThrownBy(() -> script.answerNext(-1, 1, BLKIF_RSP_ERROR)).hasMessageContaining("operation=-1");
    }
}
