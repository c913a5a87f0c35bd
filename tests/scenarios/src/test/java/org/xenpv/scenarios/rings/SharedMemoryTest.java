package org.xenpv.scenarios.rings;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.testkit.memory.FlipOnSecondRead;
import org.xenpv.testkit.memory.InterleavingMemory;
import org.xenpv.testkit.memory.PoisonMemory;
import org.xenpv.testkit.memory.SharedMemoryContract;
import org.xenpv.testkit.memory.StaleLoadMemory;
import org.xenpv.testkit.memory.StoreBufferMemory;

/** The memory contract on the implementation that runs in production and on every test double. */
class SharedMemoryTest {

    private abstract static class OnPages extends SharedMemoryContract {
        private final List<ChronicleMemory> allocated = new ArrayList<>();

        ChronicleMemory pages() {
            ChronicleMemory pages = ChronicleMemory.allocatePages(2);
            allocated.add(pages);
            return pages;
        }

        @AfterEach
        void close() {
            allocated.forEach(ChronicleMemory::close);
        }
    }

    @Nested
    class Chronicle extends OnPages {
        @Override
        protected SharedMemory twoPages() {
            return pages();
        }
    }

    @Nested
    class ChronicleView extends OnPages {
        @Override
        protected SharedMemory twoPages() {
            return pages().view(0, 2 * SharedMemory.PAGE_BYTES, () -> {});
        }
    }

    @Nested
    class Interleaving extends OnPages {
        @Override
        protected SharedMemory twoPages() {
            return new InterleavingMemory(pages());
        }
    }

    @Nested
    class StoreBuffer extends OnPages {
        @Override
        protected SharedMemory twoPages() {
            return new StoreBufferMemory(pages(), 42);
        }
    }

    @Nested
    class StaleLoad extends OnPages {
        @Override
        protected SharedMemory twoPages() {
            return new StaleLoadMemory(pages(), 42, 50);
        }
    }

    @Nested
    class Poison extends OnPages {
        @Override
        protected SharedMemory twoPages() {
            return new PoisonMemory(pages())
                    .allowReads(0, 2 * SharedMemory.PAGE_BYTES)
                    .allowWrites(0, 2 * SharedMemory.PAGE_BYTES);
        }
    }

    /** Only within a pass that reads nothing twice: fresh for every access of the contract's owner. */
    @Nested
    class FlipWithAPassPerRead extends OnPages {
        @Override
        protected SharedMemory twoPages() {
            FlipOnSecondRead flip = new FlipOnSecondRead(pages());
            InterleavingMemory memory = new InterleavingMemory(flip);
            memory.onAccess(n -> flip.newPass());
            return memory;
        }
    }
}
