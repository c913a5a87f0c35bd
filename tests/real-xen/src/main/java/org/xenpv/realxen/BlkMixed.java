package org.xenpv.realxen;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.blkfront.BlkfrontConfig;
import org.xenpv.blkfront.BlkfrontFeatures;

/**
 * Reads, writes, flushes and barriers in a drawn order, several at a time, over several kinds of connection one after the other on the
 * same disk; every read is compared with a model, and at the end the file in dom0 is.
 *
 * @param variants the connections by name
 * @param rounds for each, of {@value #AT_A_TIME} operations and sometimes a flush
 * @param largeSectors the longest of the large operations, every fourth
 */
record BlkMixed(Map<String, Variant> variants, int rounds, int largeSectors) implements Scenario {

    private static final int MEGABYTES = 4;
    private static final int SECTOR = BlkfrontFeatures.SECTOR_BYTES;
    private static final int AT_A_TIME = 8;
    private static final long SEED = 20261124;

    /**
     * A kind of connection.
     *
     * @param agreed whether that is what was negotiated
     */
    record Variant(BlkfrontConfig config, Predicate<BlkfrontFeatures> agreed) {}

    /** Every kind of connection that xen-blkback offers. */
    static BlkMixed everyConnection() {
        BlkfrontConfig small = Disk.PATIENT.requestsPerQueue(8);
        Map<String, Variant> variants = new LinkedHashMap<>();
        variants.put("default", usual());
        variants.put("direct", new Variant(small.indirectSegmentsMax(0), is -> is.indirectSegments() == 0));
        variants.put(
                "a mebibyte in one request",
                new Variant(
                        Disk.PATIENT
                                .requestsPerQueue(2)
                                .indirectSegmentsMax(256)
                                .requestBytes(1 << 20),
                        is -> is.indirectSegments() == 256));
        variants.put("one ring page", new Variant(small.ringPageOrderMax(0), is -> is.ringPageOrder() == 0));
        variants.put("sixteen ring pages", new Variant(small.ringPageOrderMax(4), is -> is.ringPageOrder() == 4));
        variants.put("grants not persistent", new Variant(small.persistentGrants(false), is -> !is.persistent()));
        variants.put(
                "direct, one page, not persistent",
                new Variant(
                        small.indirectSegmentsMax(0).ringPageOrderMax(0).persistentGrants(false),
                        is -> is.indirectSegments() == 0 && is.ringPageOrder() == 0 && !is.persistent()));
        variants.put("four queues", new Variant(small.queuesMax(4).requestsPerQueue(4), is -> is.queues() == 4));
        variants.put(
                "one request at a time",
                new Variant(small.requestsPerQueue(1).requestBytes(4096), is -> is.queues() == 1));
        return new BlkMixed(variants, 60, 600);
    }

    /** The usual connection, for a hundred thousand operations. */
    static BlkMixed hundredThousand() {
        return new BlkMixed(Map.of("default", usual()), 100_000 / AT_A_TIME, 16);
    }

    private static Variant usual() {
        return new Variant(
                Disk.PATIENT, is -> is.persistent() && is.indirectSegments() > 0 && is.flush() && is.barrier());
    }

    @Override
    public void run(RealGuest guest) throws Exception {
        Random random = new Random(SEED);
        System.out.println("seed " + SEED);
        try (Disk image = Disk.attach(guest.dom0(), 'c', MEGABYTES, "rw")) {
            byte[] model = null;
            for (Map.Entry<String, Variant> variant : variants.entrySet()) {
                try (Blkfront disk = image.connect(guest, variant.getValue().config())) {
                    RealGuest.check(
                            variant.getValue().agreed().test(disk.features()),
                            variant.getKey() + ": " + disk.features());
                    if (model == null) {
                        model = content(disk);
                    }
                    mix(disk, model, random);
                    System.out.println(variant.getKey() + ": " + disk.features() + " " + disk.stats());
                }
                RealGuest.checkEqual(guest.xen().grants().ledger().lent(), 0, variant.getKey() + ": pages lent");
            }
            RealGuest.checkEqual(image.sha256(), Sha256.of(model), "sha256 of the file in dom0");
        }
    }

    private void mix(Blkfront disk, byte[] model, Random random) throws Exception {
        for (int round = 0; round < rounds; round++) {
            round(disk, model, random, largeSectors);
        }
    }

    /** Several reads and writes at a time, each in a part of the disk of its own, perhaps with a flush; ends when all have ended. */
    static void round(Blkfront disk, byte[] model, Random random, int largeSectors) throws Exception {
        int span = model.length / SECTOR / AT_A_TIME;
        List<CompletableFuture<?>> under = new ArrayList<>();
        List<Runnable> afterwards = new ArrayList<>();
        for (int i = 0; i < AT_A_TIME; i++) {
            int sectors = 1 + random.nextInt(random.nextInt(4) == 0 ? largeSectors : 9);
            int sector = i * span + random.nextInt(span - sectors);
            under.add(one(disk, model, random, sector, sectors, afterwards));
        }
        if (random.nextInt(4) == 0) {
            under.add(disk.flush());
        }
        for (CompletableFuture<?> each : under) {
            each.get();
        }
        afterwards.forEach(Runnable::run);
    }

    private static CompletableFuture<?> one(
            Blkfront disk, byte[] model, Random random, int sector, int sectors, List<Runnable> afterwards) {
        int at = sector * SECTOR;
        int bytes = sectors * SECTOR;
        if (random.nextBoolean()) {
            ByteBuffer target = random.nextBoolean() ? ByteBuffer.allocate(bytes) : ByteBuffer.allocateDirect(bytes);
            afterwards.add(() -> {
                byte[] read = new byte[bytes];
                target.flip().get(read);
                RealGuest.check(
                        Arrays.equals(read, 0, bytes, model, at, at + bytes),
                        "what was read at sector " + sector + ", " + sectors + " sectors, is not what was written");
            });
            return disk.read(sector, target);
        }
        byte[] data = new byte[bytes];
        random.nextBytes(data);
        System.arraycopy(data, 0, model, at, bytes);
        boolean barrier = sectors <= 8 && disk.features().barrier() && random.nextInt(8) == 0;
        return barrier ? disk.writeBarrier(sector, ByteBuffer.wrap(data)) : disk.write(sector, ByteBuffer.wrap(data));
    }

    /** Of the whole disk: the model to begin with. */
    static byte[] content(Blkfront disk) throws Exception {
        byte[] bytes = new byte[(int) disk.geometry().sectors() * SECTOR];
        disk.read(0, ByteBuffer.wrap(bytes)).get();
        return bytes;
    }
}
