package org.xenpv.simulator.xenstored;

import java.util.function.Consumer;
import java.util.function.IntPredicate;
import org.xenpv.io.xs.XenstoreDomainInterface;

/**
 * How a daemon is set up.
 *
 * @param quotas for unprivileged domains
 * @param faults what goes wrong on purpose
 * @param rings where INTRODUCE finds a domain's page and port
 * @param domainExists whether the hypervisor knows a domain; permissions given to one that it does not know are void
 * @param serverFeatures bits of XENSTORE_SERVER_FEATURE_* that guests' pages show
 * @param log told what goes wrong and what CONTROL print prints
 */
public record XenstoredConfig(
        Quotas quotas,
        XenstoredFaults faults,
        GuestRings rings,
        IntPredicate domainExists,
        int serverFeatures,
        Consumer<String> log) {

    private static final int FEATURES_MAX = XenstoreDomainInterface.XENSTORE_SERVER_FEATURE_RECONNECTION
            | XenstoreDomainInterface.XENSTORE_SERVER_FEATURE_ERROR;

    public XenstoredConfig {
        if (quotas == null || faults == null || rings == null || domainExists == null || log == null) {
            throw new IllegalArgumentException("quotas, faults, rings, domainExists and log must not be null");
        }
        if ((serverFeatures & ~FEATURES_MAX) != 0) {
            throw new IllegalArgumentException(
                    "serverFeatures=" + serverFeatures + ", must be made of the bits of " + FEATURES_MAX);
        }
    }

    /** Default quotas, no faults, every domain exists, all features; INTRODUCE of the protocol is refused. */
    public static XenstoredConfig defaults() {
        return new XenstoredConfig(
                Quotas.defaults(), XenstoredFaults.NONE, GuestRings.NONE, domid -> true, FEATURES_MAX, text -> {});
    }

    public XenstoredConfig withQuotas(Quotas newQuotas) {
        return new XenstoredConfig(newQuotas, faults, rings, domainExists, serverFeatures, log);
    }

    public XenstoredConfig withFaults(XenstoredFaults newFaults) {
        return new XenstoredConfig(quotas, newFaults, rings, domainExists, serverFeatures, log);
    }

    public XenstoredConfig withRings(GuestRings newRings) {
        return new XenstoredConfig(quotas, faults, newRings, domainExists, serverFeatures, log);
    }

    public XenstoredConfig withDomainExists(IntPredicate newDomainExists) {
        return new XenstoredConfig(quotas, faults, rings, newDomainExists, serverFeatures, log);
    }

    public XenstoredConfig withServerFeatures(int newServerFeatures) {
        return new XenstoredConfig(quotas, faults, rings, domainExists, newServerFeatures, log);
    }

    public XenstoredConfig withLog(Consumer<String> newLog) {
        return new XenstoredConfig(quotas, faults, rings, domainExists, serverFeatures, newLog);
    }
}
