package org.xenpv.simulator;

import org.xenpv.simulator.hypervisor.Domain;
import org.xenpv.simulator.hypervisor.HypervisorFaults;

/**
 * How often the machine fails guests that do nothing wrong, in thousandths of the times it could. None by default.
 *
 * <p>What is expected of drivers and backends: an event that is late, doubled or comes for nothing changes nothing. One
 * that is lost is noticed by the loop's watchdog. A map that fails with GNTST_no_space, and memory that cannot be
 * granted, fail the connection or the request that needed it with a clear error, and nothing leaks.
 *
 * @param eventsDropped events that never arrive
 * @param eventsDelayed events that arrive up to {@code delayMaxNs} later
 * @param eventsDoubled events that arrive at once and again up to {@code delayMaxNs} later
 * @param eventsSpurious per event that was sent, one more for a port of the same domain that nobody sent to
 * @param delayMaxNs how late an event can be
 * @param mapsRefused GNTTABOP_map_grant_ref that find no space
 * @param memoryRefused allocations of memory to grant, and growths of the grant table, that fail
 */
public record Faults(
        int eventsDropped,
        int eventsDelayed,
        int eventsDoubled,
        int eventsSpurious,
        long delayMaxNs,
        int mapsRefused,
        int memoryRefused) {

    private static final int ALL = 1000;
    private static final long DELAY_DEFAULT_NS = 2_000_000;

    public Faults {
        ratio("eventsDropped", eventsDropped);
        ratio("eventsDelayed", eventsDelayed);
        ratio("eventsDoubled", eventsDoubled);
        ratio("eventsSpurious", eventsSpurious);
        ratio("mapsRefused", mapsRefused);
        ratio("memoryRefused", memoryRefused);
        ratio("eventsDropped+eventsDelayed+eventsDoubled", eventsDropped + eventsDelayed + eventsDoubled);
        if (delayMaxNs < 1) {
            throw new IllegalArgumentException("delayMaxNs=" + delayMaxNs + ", must be at least 1");
        }
    }

    private static void ratio(String name, int value) {
        if (value < 0 || value > ALL) {
            throw new IllegalArgumentException(name + "=" + value + ", must be 0 to " + ALL);
        }
    }

    /** Nothing fails; a start for the {@code with} methods. */
    public static Faults none() {
        return new Faults(0, 0, 0, 0, DELAY_DEFAULT_NS, 0, 0);
    }

    /** Events late, doubled and for nothing, one in ten each: drivers must not notice. */
    public static Faults weather() {
        return none().withEventsDelayed(100).withEventsDoubled(100).withEventsSpurious(100);
    }

    public Faults withEventsDropped(int perMille) {
        return new Faults(
                perMille, eventsDelayed, eventsDoubled, eventsSpurious, delayMaxNs, mapsRefused, memoryRefused);
    }

    public Faults withEventsDelayed(int perMille) {
        return new Faults(
                eventsDropped, perMille, eventsDoubled, eventsSpurious, delayMaxNs, mapsRefused, memoryRefused);
    }

    public Faults withEventsDoubled(int perMille) {
        return new Faults(
                eventsDropped, eventsDelayed, perMille, eventsSpurious, delayMaxNs, mapsRefused, memoryRefused);
    }

    public Faults withEventsSpurious(int perMille) {
        return new Faults(
                eventsDropped, eventsDelayed, eventsDoubled, perMille, delayMaxNs, mapsRefused, memoryRefused);
    }

    public Faults withDelayMaxNs(long maxNs) {
        return new Faults(
                eventsDropped, eventsDelayed, eventsDoubled, eventsSpurious, maxNs, mapsRefused, memoryRefused);
    }

    public Faults withMapsRefused(int perMille) {
        return new Faults(
                eventsDropped, eventsDelayed, eventsDoubled, eventsSpurious, delayMaxNs, perMille, memoryRefused);
    }

    public Faults withMemoryRefused(int perMille) {
        return new Faults(
                eventsDropped, eventsDelayed, eventsDoubled, eventsSpurious, delayMaxNs, mapsRefused, perMille);
    }

    HypervisorFaults drawnFrom(SimRandom random) {
        return new Drawn(random);
    }

    private final class Drawn implements HypervisorFaults {
        private final SimRandom random;

        Drawn(SimRandom random) {
            this.random = random;
        }

        @Override
        public Fate event(Domain target, int port) {
            long draw = random.below(ALL);
            if (draw < eventsDropped) {
                return Fate.DROP;
            }
            if (draw < eventsDropped + eventsDelayed) {
                return Fate.DELAY;
            }
            return draw < eventsDropped + eventsDelayed + eventsDoubled ? Fate.DUPLICATE : Fate.DELIVER;
        }

        @Override
        public long delayNs() {
            return 1 + random.below(delayMaxNs);
        }

        @Override
        public boolean spuriousEvent() {
            return random.perMille(eventsSpurious);
        }

        @Override
        public int choose(int bound) {
            return (int) random.below(bound);
        }

        @Override
        public boolean refuseMap(Domain mapper) {
            return random.perMille(mapsRefused);
        }

        @Override
        public boolean refuseGrowth(Domain domain) {
            return random.perMille(memoryRefused);
        }
    }
}
