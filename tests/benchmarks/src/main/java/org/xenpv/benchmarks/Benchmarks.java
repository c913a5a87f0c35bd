package org.xenpv.benchmarks;

/** Runs every benchmark; exits with the highest of their exit codes. */
public final class Benchmarks {

    private Benchmarks() {}

    public static void main(String[] args) {
        int rings = RingBenchmark.run(args, System.out);
        System.out.println();
        int disk = BlkfrontBenchmark.run(args, System.out, BlkfrontBenchmark.IMAGE_BYTES);
        System.out.println();
        int net = NetfrontBenchmark.run(args, System.out);
        System.out.println();
        int names = DnsBenchmark.run(args, System.out, DnsBenchmark.ROWS);
        System.exit(Math.max(Math.max(rings, disk), Math.max(net, names)));
    }
}
