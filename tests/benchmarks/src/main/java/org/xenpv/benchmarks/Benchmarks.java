package org.xenpv.benchmarks;

/** Runs every benchmark; exits with the highest of their exit codes. */
public final class Benchmarks {

    private Benchmarks() {}

    public static void main(String[] args) {
        int rings = RingBenchmark.run(args, System.out);
        System.out.println();
        System.exit(Math.max(rings, BlkfrontBenchmark.run(args, System.out, BlkfrontBenchmark.IMAGE_BYTES)));
    }
}
