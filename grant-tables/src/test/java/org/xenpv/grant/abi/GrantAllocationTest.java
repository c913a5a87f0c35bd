package org.xenpv.grant.abi;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;

/** Granting per request costs no garbage. */
class GrantAllocationTest {

    private static final int ROUNDS = 20_000;
    private static final int RUNS = 5;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldAllocateNothing_whenPagesAreRevokedAndGrantedAgain(int version) {
        try (FakeXen xen = new FakeXen().withVersion(version)) {
            AbiGrantTable table = xen.open();
            GrantedPages pages = table.grant(3, 4, GrantAccess.READ_WRITE, "pool");
            int handle = xen.map(pages.gref(3), 3, false);
            // what the JVM itself allocates once, for classes and for measuring, is not in every run; ours would be
            long least = Long.MAX_VALUE;
            for (int run = 0; run < RUNS; run++) {
                long before = allocatedBytes();
                run(pages);
                least = Math.min(least, allocatedBytes() - before);
            }

            assertThat(least).isZero();
            assertThat(table.ledger().grantsTotal()).isEqualTo(4 + 3L * ROUNDS * RUNS);
            assertThat(table.ledger().refusedTotal()).isEqualTo((long) ROUNDS * RUNS);
            xen.unmap(handle);
            pages.release();
        }
    }

    private long allocatedBytes() {
        return threads.getCurrentThreadAllocatedBytes();
    }

    private static void run(GrantedPages pages) {
        for (int round = 0; round < ROUNDS; round++) {
            for (int page = 0; page < 4; page++) {
                if (pages.revokePage(page)) {
                    pages.regrantPage(page, (round & 1) == 0 ? GrantAccess.READ_ONLY : GrantAccess.READ_WRITE);
                }
            }
        }
    }
}
