package org.xenpv.testkit.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import org.xenpv.event.EventChannels;

/**
 * A random history of channels between two domains, compared with a model that has two sets for each domain: ports that
 * are pending and ports that are masked.
 */
final class EventModelRun {

    private static final int CHANNELS = 12;
    private static final int STEPS = 400;

    /** One domain: what it has and what the model says of it. */
    private static final class End {
        final EventChannels events;
        final int domid;
        final Set<Integer> pending = new TreeSet<>();
        final Set<Integer> masked = new TreeSet<>();
        final int[] ports = new int[CHANNELS];

        End(EventChannels events, int domid) {
            this.events = events;
            this.domid = domid;
        }
    }

    private final End[] ends;
    private final boolean deliversOnce;
    private final long seed;
    private long random;
    private int delivered;

    EventModelRun(EventPair pair, long seed) {
        this.ends = new End[] {new End(pair.left(), pair.leftDomid()), new End(pair.right(), pair.rightDomid())};
        this.deliversOnce = pair.deliversOnce();
        this.seed = seed;
        this.random = seed * 0x9e3779b97f4a7c15L + 1;
    }

    private int draw(int bound) {
        random ^= random << 13;
        random ^= random >>> 7;
        random ^= random << 17;
        return (int) ((random >>> 1) % bound);
    }

    /** @return how many events were delivered */
    int run() {
        for (int channel = 0; channel < CHANNELS; channel++) {
            connect(channel);
        }
        for (int step = 0; step < STEPS; step++) {
            step();
        }
        for (End end : ends) {
            for (int channel = 0; channel < CHANNELS; channel++) {
                unmask(end, channel);
            }
            poll(end, 1000);
            assertThat(end.pending).as(describe("never delivered")).isEmpty();
        }
        return delivered;
    }

    private void step() {
        End end = ends[draw(2)];
        int channel = draw(CHANNELS);
        switch (draw(12)) {
            case 0, 1, 2, 3 -> send(end, channel);
            case 4 -> {
                end.events.mask(end.ports[channel]);
                end.masked.add(end.ports[channel]);
            }
            case 5, 6, 7 -> unmask(end, channel);
            case 8 -> end.events.setPriority(end.ports[channel], draw(16));
            case 9 -> reconnect(channel);
            default -> poll(end, 1 + draw(6));
        }
    }

    private End other(End end) {
        return end == ends[0] ? ends[1] : ends[0];
    }

    private void send(End end, int channel) {
        assertThat(end.events.send(end.ports[channel])).as(describe("send")).isTrue();
        End other = other(end);
        other.pending.add(other.ports[channel]);
    }

    private void unmask(End end, int channel) {
        end.events.unmask(end.ports[channel]);
        end.masked.remove(end.ports[channel]);
    }

    private void reconnect(int channel) {
        for (End end : ends) {
            end.events.close(end.ports[channel]);
            end.pending.remove(end.ports[channel]);
            end.masked.remove(end.ports[channel]);
        }
        connect(channel);
    }

    private void connect(int channel) {
        End one = ends[draw(2)];
        End two = other(one);
        one.ports[channel] = one.events.allocUnbound(two.domid);
        two.ports[channel] = two.events.bindInterdomain(one.domid, one.ports[channel]);
        for (End end : ends) {
            assertThat(end.masked.add(end.ports[channel]))
                    .as(describe("a port is given out once"))
                    .isTrue();
        }
        two.pending.add(two.ports[channel]);
    }

    private void poll(End end, int limit) {
        int count = end.events.poll(
                port -> {
                    assertThat(end.pending.remove(port) || !deliversOnce)
                            .as(describe("port " + port + " was pending"))
                            .isTrue();
                    assertThat(end.masked.add(port))
                            .as(describe("port " + port + " was unmasked"))
                            .isTrue();
                    delivered++;
                },
                limit);
        assertThat(count).as(describe("limit")).isLessThanOrEqualTo(limit);
    }

    private String describe(String what) {
        return "seed=" + seed + ": " + what;
    }
}
