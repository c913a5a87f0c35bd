package org.xenpv.scenarios.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Set;

/** Dependencies run one way, drivers know no other driver, and the cores stay inside the unikernel's Java. */
@AnalyzeClasses(packages = "org.xenpv", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    private static final String RING_PROTOCOL_FAULT = "org.xenpv.fault..";
    private static final String RING_PROTOCOL_LINUX = "org.xenpv.linux..";
    private static final String RING_PROTOCOL_MEMORY = "org.xenpv.memory..";
    private static final String RING_PROTOCOL_RING = "org.xenpv.ring..";
    private static final String RING_PROTOCOL_IO = "org.xenpv.io..";
    private static final String RING_PROTOCOL_PCAPNG = "org.xenpv.pcapng..";
    private static final String GRANTS = "org.xenpv.grant..";
    private static final String EVENTS = "org.xenpv.event..";
    private static final String XENSTORE = "org.xenpv.xenstore..";
    private static final String XENBUS = "org.xenpv.xenbus..";
    private static final String NETFRONT = "org.xenpv.netfront..";
    private static final String[] PRIMITIVES = {
        RING_PROTOCOL_FAULT,
        RING_PROTOCOL_LINUX,
        RING_PROTOCOL_MEMORY,
        RING_PROTOCOL_RING,
        RING_PROTOCOL_IO,
        RING_PROTOCOL_PCAPNG,
        GRANTS,
        EVENTS,
        XENSTORE,
        XENBUS
    };

    /** Classes for programs on the JVM; a unikernel never reaches them. */
    private static final Set<String> JVM_ONLY = Set.of(
            "org.xenpv.memory.ChronicleMemory",
            "org.xenpv.event.ConcurrentInbox",
            "org.xenpv.event.EventLoopThread",
            "org.xenpv.event.LoopFuture",
            "org.xenpv.xenstore.BlockingXenstore",
            "org.xenpv.xenstore.UnixSocketTransport",
            "org.xenpv.blkfront.Blkfront",
            "org.xenpv.blkfront.BlkfrontChannel",
            "org.xenpv.blkfront.BlkFuture",
            "org.xenpv.blkfront.BlkSubmissions",
            "org.xenpv.blkfront.ByteBufferData",
            "org.xenpv.blkfront.BlkOperationEvent",
            "org.xenpv.blkfront.BlkStateEvent",
            "org.xenpv.netfront.NetStateEvent",
            "org.xenpv.netfront.Netfront",
            "org.xenpv.netfront.wrapper.StreamSink",
            "org.xenpv.console.ConsoleDropEvent",
            "org.xenpv.console.ConsoleStateEvent",
            "org.xenpv.console.PvConsole",
            "org.xenpv.console.RawTerminal");

    /** Opens every kind of guest; a unikernel reaches only the door to its own. */
    private static final String DOORS = "org.xenpv.xenbus.XenGuests";

    private static final DescribedPredicate<JavaClass> CORE = describe(
            "the core of a primitive or driver",
            type -> !isJvmOnly(type)
                    && !type.getName().equals(DOORS)
                    && (type.getPackageName()
                                    .matches(
                                            "org\\.xenpv\\.(fault|memory|ring|io|pcapng|grant|event|xenstore|xenbus)(\\..*)?")
                            || type.getPackageName()
                                    .matches("org\\.xenpv\\.(blkfront|netfront|netfront\\.wrapper|console|layers)")));

    private static boolean isJvmOnly(JavaClass type) {
        String name = type.getName();
        int nested = name.indexOf('$');
        return type.getPackageName().matches("org\\.xenpv\\.(.+\\.)?linux")
                || JVM_ONLY.contains(nested < 0 ? name : name.substring(0, nested));
    }

    private static ArchRule onlyBelow(String packages, String... allowed) {
        return noClasses()
                .that()
                .resideInAPackage(packages)
                .should()
                .dependOnClassesThat(describe(
                        "are ours and not of " + String.join(", ", allowed),
                        type -> type.getPackageName().startsWith("org.xenpv")
                                && !resides(type, packages)
                                && !residesInAny(type, allowed)));
    }

    private static boolean resides(JavaClass type, String packages) {
        String prefix = packages.replace("..", "");
        return type.getPackageName().equals(prefix) || type.getPackageName().startsWith(prefix + ".");
    }

    private static boolean residesInAny(JavaClass type, String... packages) {
        for (String each : packages) {
            if (resides(type, each)) {
                return true;
            }
        }
        return false;
    }

    @ArchTest
    static final ArchRule faultsKnowNothing = onlyBelow(RING_PROTOCOL_FAULT);

    @ArchTest
    static final ArchRule memoryKnowsNothing = onlyBelow(RING_PROTOCOL_MEMORY, RING_PROTOCOL_FAULT);

    @ArchTest
    static final ArchRule systemCallsKnowMemory =
            onlyBelow(RING_PROTOCOL_LINUX, RING_PROTOCOL_MEMORY, RING_PROTOCOL_FAULT);

    @ArchTest
    static final ArchRule ringsKnowMemory =
            onlyBelow(RING_PROTOCOL_RING, RING_PROTOCOL_MEMORY, RING_PROTOCOL_FAULT, RING_PROTOCOL_IO);

    @ArchTest
    static final ArchRule wireFormatsKnowMemory =
            onlyBelow(RING_PROTOCOL_IO, RING_PROTOCOL_MEMORY, RING_PROTOCOL_FAULT);

    @ArchTest
    static final ArchRule capturesKnowNetif =
            onlyBelow(RING_PROTOCOL_PCAPNG, RING_PROTOCOL_MEMORY, RING_PROTOCOL_FAULT, RING_PROTOCOL_IO);

    @ArchTest
    static final ArchRule grantsKnowTheRingModule =
            onlyBelow(GRANTS, RING_PROTOCOL_MEMORY, RING_PROTOCOL_FAULT, RING_PROTOCOL_LINUX);

    @ArchTest
    static final ArchRule eventsKnowTheRingModule =
            onlyBelow(EVENTS, RING_PROTOCOL_MEMORY, RING_PROTOCOL_FAULT, RING_PROTOCOL_LINUX);

    @ArchTest
    static final ArchRule xenstoreKnowsNoDevices = onlyBelow(
            XENSTORE,
            RING_PROTOCOL_MEMORY,
            RING_PROTOCOL_FAULT,
            RING_PROTOCOL_LINUX,
            RING_PROTOCOL_RING,
            RING_PROTOCOL_IO,
            EVENTS);

    @ArchTest
    static final ArchRule xenbusKnowsPrimitives = onlyBelow(XENBUS, PRIMITIVES);

    @ArchTest
    static final ArchRule blkfrontKnowsNoOtherDriver = onlyBelow("org.xenpv.blkfront..", PRIMITIVES);

    @ArchTest
    static final ArchRule consoleKnowsNoOtherDriver = onlyBelow("org.xenpv.console..", PRIMITIVES);

    @ArchTest
    static final ArchRule netfrontKnowsNoOtherDriver =
            onlyBelow(NETFRONT, PRIMITIVES).allowEmptyShould(true);

    @ArchTest
    static final ArchRule layersKnowNetworkDevices =
            onlyBelow("org.xenpv.layers..", RING_PROTOCOL_MEMORY, RING_PROTOCOL_FAULT, EVENTS, NETFRONT);

    @ArchTest
    static final ArchRule backendsKnowNoSimulatorAndNoFrontend = onlyBelow("org.xenpv.backends..", PRIMITIVES);

    @ArchTest
    static final ArchRule simulatorKnowsNoFrontend = noClasses()
            .that()
            .resideInAPackage("org.xenpv.simulator..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.xenpv.blkfront..", "org.xenpv.netfront..", "org.xenpv.console..");

    @ArchTest
    static final ArchRule chronicleStandsBehindOneClass = noClasses()
            .that()
            .doNotHaveFullyQualifiedName("org.xenpv.memory.ChronicleMemory")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("net.openhft..");

    @ArchTest
    static final ArchRule coresStayInTheUnikernelsJava = noClasses()
            .that(CORE)
            .should()
            .dependOnClassesThat(
                    describe("are outside the unikernel's Java", type -> isJvmOnly(type) || outsideSubset(type)));

    private static final Set<String> CONCURRENT = Set.of(
            "java.util.concurrent.atomic.AtomicInteger",
            "java.util.concurrent.atomic.AtomicLong",
            "java.util.concurrent.atomic.AtomicReference",
            "java.util.concurrent.atomic.AtomicBoolean",
            "java.util.concurrent.ConcurrentHashMap");

    private static boolean outsideSubset(JavaClass type) {
        String name = type.getName();
        String home = type.getPackageName();
        return home.startsWith("java.util.concurrent") && !CONCURRENT.contains(name)
                || home.startsWith("java.util.regex")
                || home.startsWith("java.lang.reflect")
                || home.startsWith("jdk.jfr")
                || home.startsWith("java.nio")
                || home.startsWith("java.io") && !name.equals("java.io.PrintStream")
                || home.startsWith("sun.misc")
                || home.startsWith("jnr.")
                || home.startsWith("org.jctools")
                || home.startsWith("org.slf4j")
                || name.startsWith("java.lang.invoke.VarHandle")
                || name.equals("java.util.Random")
                || name.equals("java.security.MessageDigest")
                || name.equals("java.util.ServiceLoader");
    }

    @ArchTest
    static final ArchRule nobodyOfOursReadsAClockButThePlatforms = noClasses()
            .that(CORE)
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Thread.class, "sleep", long.class)
            .orShould()
            .callMethod(String.class, "format", String.class, Object[].class);

    @ArchTest
    static final ArchRule coresStartNoThreads = noClasses()
            .that(CORE)
            .should()
            .callConstructorWhere(
                    describe("makes a thread", call -> call.getTargetOwner().isAssignableTo(Thread.class)));
}
