package org.xenpv.layers;

/**
 * Bounds of an {@link Arp}.
 *
 * @param neighbours how many are remembered at most; the one heard of longest ago is forgotten for a new one
 * @param asked how many are asked for at a time
 * @param waiting how many packets wait for answers, all neighbours together
 * @param tries how often a neighbour is asked before its packets are dropped
 * @param retryNs time between two of them
 * @param ageNs time after which an answer is no longer believed; a neighbour in use is asked again
 */
public record ArpConfig(int neighbours, int asked, int waiting, int tries, long retryNs, long ageNs) {

    public static final ArpConfig DEFAULT = new ArpConfig(256, 32, 64, 3, 1_000_000_000L, 60_000_000_000L);

    public ArpConfig {
        if (neighbours < 1) {
            throw new IllegalArgumentException("neighbours=" + neighbours + ", must be at least 1");
        }
        if (asked < 1 || asked > neighbours) {
            throw new IllegalArgumentException("asked=" + asked + ", must be 1 to " + neighbours);
        }
        if (waiting < 0 || tries < 1) {
            throw new IllegalArgumentException(
                    "waiting=" + waiting + ", tries=" + tries + ", must be at least 0 and 1");
        }
        if (retryNs < 1 || ageNs < 1) {
            throw new IllegalArgumentException("retryNs=" + retryNs + ", ageNs=" + ageNs + ", must be at least 1");
        }
    }
}
