package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** A switch against a plain model of one. */
class LearningSwitchProperties {

    private static final long AGE_NS = 1000;
    private static final long BROADCAST = 0xffff_ffff_ffffL;

    /** Any traffic among any ports: everyone gets what a plain model says, in order, and nothing else. */
    @Property(tries = 100)
    void shouldAgreeWithAPlainModel(@ForAll long seed) {
        Random random = new Random(seed);
        long[] nowNs = {-20_000}; // the clock passes zero on the way
        try (GuestGrants grants = new GuestGrants(1);
                LearningSwitch bridge = new LearningSwitch(() -> nowNs[0], grants, 64, AGE_NS)) {
            run(random, bridge, nowNs, seed);
        }
    }

    private static void run(Random random, LearningSwitch bridge, long[] nowNs, long seed) {
        List<RecordingPort> ports = new ArrayList<>();
        List<List<byte[]>> expected = new ArrayList<>();
        Map<Long, Integer> seenAt = new HashMap<>();
        Map<Long, Long> seenWhen = new HashMap<>();
        int count = 2 + random.nextInt(5);
        for (int i = 0; i < count; i++) {
            ports.add(new RecordingPort());
            bridge.attach(ports.get(i));
            expected.add(new ArrayList<>());
        }
        for (int step = 0; step < 200; step++) {
            nowNs[0] += random.nextInt(20) == 0 ? random.nextInt(2000) : random.nextInt(5);
            int from = random.nextInt(count);
            long source = 0x020000000000L + random.nextInt(8); // few: a set of the table holds them all
            long destination = random.nextInt(8) == 0 ? BROADCAST : 0x020000000000L + random.nextInt(8);
            byte[] bytes = Frames.raw(destination, source, 14 + random.nextInt(100), step);
            seenAt.put(source, from);
            seenWhen.put(source, nowNs[0]);
            boolean known = seenAt.containsKey(destination) && nowNs[0] - seenWhen.get(destination) <= AGE_NS;
            for (int to = 0; to < count; to++) {
                if (to != from && (!known || seenAt.get(destination) == to)) {
                    expected.get(to).add(bytes);
                }
            }
            ports.get(from).burst(bytes);
        }
        for (int i = 0; i < count; i++) {
            assertThat(ports.get(i).got)
                    .as("seed %d, port %d", seed, i)
                    .hasSize(expected.get(i).size());
            for (int n = 0; n < expected.get(i).size(); n++) {
                assertThat(ports.get(i).got.get(n))
                        .as("seed %d", seed)
                        .isEqualTo(expected.get(i).get(n));
            }
            bridge.detach(ports.get(i));
        }
        assertThat(bridge.addresses()).isZero();
    }
}
