package org.xenpv.blkfront;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BlkfrontConfigTest {

    private static final BlkfrontConfig PLAIN = BlkfrontConfig.DEFAULT;

    @ParameterizedTest
    @CsvSource({
        // requests, bytes, indirect segments, order, queues: rings, a list for each indirect request, data
        "32, 131072, 32, 2, 1, 1060",
        "32, 131072, 0, 2, 1, 356",
        "1, 4096, 32, 0, 1, 2",
        "8, 65536, 16, 4, 2, 304",
        "512, 1048576, 256, 4, 8, 1052800",
    })
    void shouldCountThePages_ofAWholeConnection(
            int requests, int bytes, int segments, int order, int queues, long pages) {
        assertThat(PLAIN.requestsPerQueue(requests)
                        .requestBytes(bytes)
                        .indirectSegmentsMax(segments)
                        .ringPageOrderMax(order)
                        .queuesMax(queues)
                        .pages())
                .isEqualTo(pages);
    }

    @ParameterizedTest
    @CsvSource({"2147483647, 32", "1060, 32", "1059, 31", "512, 15", "37, 1", "36, 1", "0, 1"})
    void shouldKeepAsManyRequests_asThePagesAllow(long pages, int requests) {
        BlkfrontConfig fitting = PLAIN.fitting(pages);
        assertThat(fitting.requestsPerQueue()).isEqualTo(requests);
        assertThat(fitting.requestBytes()).isEqualTo(PLAIN.requestBytes());
        assertThat(fitting.pages() <= pages || requests == 1).isTrue();
    }
}
