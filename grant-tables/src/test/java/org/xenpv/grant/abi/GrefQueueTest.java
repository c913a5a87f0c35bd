package org.xenpv.grant.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class GrefQueueTest {

    /** Each step: 0 to 4 adds, 5 to 8 takes, 9 grows. */
    @Property
    void shouldKeepOrder_whateverIsAddedTakenAndGrown(
            @ForAll @Size(max = 200) List<@IntRange(min = 0, max = 9) Integer> steps) {
        GrefQueue queue = new GrefQueue();
        Queue<Integer> model = new ArrayDeque<>();
        int capacity = 3;
        queue.ensureCapacity(capacity);
        int next = 8;
        for (int step : steps) {
            if (step < 5 && model.size() < capacity) {
                queue.add(next);
                model.add(next++);
            } else if (step >= 5 && step < 9 && !model.isEmpty()) {
                assertThat(queue.remove()).isEqualTo(model.remove());
            } else if (step == 9) {
                capacity += 2;
                queue.ensureCapacity(capacity);
            }
            assertThat(queue.size()).isEqualTo(model.size());
        }
        while (!model.isEmpty()) {
            assertThat(queue.remove()).isEqualTo(model.remove());
        }
    }

    @Test
    void shouldRefuse_whenTakenFromEmptyOrAddedToFull() {
        GrefQueue queue = new GrefQueue();
        assertThatThrownBy(queue::remove).isInstanceOf(IllegalStateException.class);
        queue.ensureCapacity(1);
        queue.add(8);
        assertThatThrownBy(() -> queue.add(9)).isInstanceOf(IllegalStateException.class);
        queue.ensureCapacity(0);
        assertThat(queue.remove()).isEqualTo(8);
    }
}
