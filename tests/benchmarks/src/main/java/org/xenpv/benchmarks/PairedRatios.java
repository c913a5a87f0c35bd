package org.xenpv.benchmarks;

import java.util.Arrays;
import java.util.Random;

/**
 * The median of ratios that were measured in pairs, and a 95 % bootstrap interval of it.
 *
 * @param low the 2.5 % quantile of the resampled medians
 * @param high the 97.5 % quantile
 * @param count how many pairs
 */
record PairedRatios(double median, double low, double high, int count) {

    private static final int RESAMPLES = 10_000;

    static PairedRatios of(double[] ratios, long seed) {
        if (ratios.length == 0) {
            throw new IllegalArgumentException("ratios.length=0, must be at least 1");
        }
        Random random = new Random(seed);
        double[] medians = new double[RESAMPLES];
        double[] sample = new double[ratios.length];
        for (int i = 0; i < RESAMPLES; i++) {
            for (int j = 0; j < sample.length; j++) {
                sample[j] = ratios[random.nextInt(ratios.length)];
            }
            medians[i] = median(sample);
        }
        Arrays.sort(medians);
        return new PairedRatios(
                median(ratios), medians[(int) (RESAMPLES * 0.025)], medians[(int) (RESAMPLES * 0.975)], ratios.length);
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
