package org.xenpv.backends.block;

/**
 * How a backend's disk behaves in time and in failure: for tests and simulations. A real device is {@link #PROMPT}.
 *
 * <p>Asked once per valid request, in the order of the ring, on the event loop's thread. A request that is delayed is
 * carried out when its delay is over, so requests whose delays cross are carried out, and answered, in another order
 * than they came in; barriers hold all the same.
 */
public interface ServiceModel {

    /** A delay that never ends: the request stays in flight until the device is disconnected or told to go on. */
    long NEVER = Long.MAX_VALUE;

    /** Everything is carried out at once, in order, and nothing is refused. */
    ServiceModel PROMPT = new ServiceModel() {
        @Override
        public short verdict(int operation, long sector, long sectors) {
            return 0;
        }

        @Override
        public long delayNs(int operation, long sector, long sectors) {
            return 0;
        }
    };

    /**
     * @param operation BLKIF_OP_*; for an indirect request what it does
     * @param sector first sector, units of 512 bytes
     * @return BLKIF_RSP_OKAY to carry it out; anything else is the answer, and the store is not touched
     */
    short verdict(int operation, long sector, long sectors);

    /** @return nanoseconds of the domain's clock; 0 is at once */
    long delayNs(int operation, long sector, long sectors);
}
