package org.xenpv.backends.block;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.xenpv.io.blkif.Blkif;

/**
 * A {@link ServiceModel} to be told what to do: seeded delays, failures, refusals, silence. Everything can be changed
 * while the device runs, on the event loop's thread; the same seed and the same requests give the same behaviour.
 */
public final class ServiceScript implements ServiceModel {

    private static final int ANY = -1;

    private long random;
    private long delayMinNs;
    private long delayMaxNs;
    private int failuresPerThousand;
    private boolean silent;
    private int refused;
    private final List<Failure> failures = new ArrayList<>();
    private long asked;

    private static final class Failure {
        private final int operation;
        private final short status;
        private int left;

        Failure(int operation, short status, int left) {
            this.operation = operation;
            this.status = status;
            this.left = left;
        }
    }

    public ServiceScript(long seed) {
        this.random = seed;
    }

    /** Every request takes between these times; if they differ, completions overtake each other. */
    public ServiceScript delay(long minNs, long maxNs) {
        if (minNs < 0 || maxNs < minNs || maxNs == NEVER) {
            throw new IllegalArgumentException(
                    "minNs=" + minNs + ", maxNs=" + maxNs + ", must be 0 <= minNs <= maxNs < " + NEVER);
        }
        delayMinNs = minNs;
        delayMaxNs = maxNs;
        return this;
    }

    /** Answers BLKIF_RSP_ERROR to about so many of a thousand requests. */
    public ServiceScript failPerThousand(int requests) {
        if (requests < 0 || requests > 1000) {
            throw new IllegalArgumentException("requests=" + requests + ", must be 0 to 1000");
        }
        failuresPerThousand = requests;
        return this;
    }

    /** Answers the next requests of one operation with a status, whatever it is. */
    public ServiceScript answerNext(int operation, int requests, short status) {
        failures.add(new Failure(checkOperation(operation), status, requests));
        return this;
    }

    /** Answers the next requests of any operation with a status, whatever it is. */
    public ServiceScript answerNext(int requests, short status) {
        failures.add(new Failure(ANY, status, requests));
        return this;
    }

    /** Answers BLKIF_RSP_EOPNOTSUPP to an operation from now on, though its feature was advertised. */
    public ServiceScript refuse(int operation) {
        refused |= 1 << checkOperation(operation);
        return this;
    }

    /** Takes requests and answers none, until told otherwise; see {@link Blkback#answerParked()}. */
    public ServiceScript silent(boolean silent) {
        this.silent = silent;
        return this;
    }

    /** How many requests have been judged. */
    public long asked() {
        return asked;
    }

    private static int checkOperation(int operation) {
        if (operation < Blkif.BLKIF_OP_READ || operation > Blkif.BLKIF_OP_INDIRECT) {
            throw new IllegalArgumentException("operation=" + operation + ", must be 0 to " + Blkif.BLKIF_OP_INDIRECT);
        }
        return operation;
    }

    @Override
    public short verdict(int operation, long sector, long sectors) {
        asked++;
        if ((refused & 1 << operation) != 0) {
            return Blkif.BLKIF_RSP_EOPNOTSUPP;
        }
        for (Iterator<Failure> all = failures.iterator(); all.hasNext(); ) {
            Failure failure = all.next();
            if (failure.operation == ANY || failure.operation == operation) {
                if (--failure.left <= 0) {
                    all.remove();
                }
                return failure.status;
            }
        }
        if (failuresPerThousand > 0 && below(1000) < failuresPerThousand) {
            return Blkif.BLKIF_RSP_ERROR;
        }
        return Blkif.BLKIF_RSP_OKAY;
    }

    @Override
    public long delayNs(int operation, long sector, long sectors) {
        if (silent) {
            return NEVER;
        }
        return delayMinNs == delayMaxNs ? delayMinNs : delayMinNs + below(delayMaxNs - delayMinNs + 1);
    }

    /** SplitMix64. */
    private long below(long bound) {
        random += 0x9e3779b97f4a7c15L;
        long mixed = random;
        mixed = (mixed ^ mixed >>> 30) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
        mixed ^= mixed >>> 31;
        return Long.remainderUnsigned(mixed, bound);
    }
}
