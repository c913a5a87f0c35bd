package org.xenpv.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifAbi;
import org.xenpv.io.blkif.BlkifRequest;
import org.xenpv.io.blkif.BlkifRequestDiscard;
import org.xenpv.io.blkif.BlkifRequestIndirect;
import org.xenpv.io.blkif.BlkifRequestSegment;
import org.xenpv.io.blkif.BlkifResponse;
import org.xenpv.io.blkif.BlkifX86_32Request;
import org.xenpv.io.blkif.BlkifX86_32RequestDiscard;
import org.xenpv.io.blkif.BlkifX86_32RequestIndirect;
import org.xenpv.io.blkif.BlkifX86_32Response;
import org.xenpv.io.console.XenconsInterface;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifCtrlRequest;
import org.xenpv.io.netif.NetifCtrlResponse;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.io.netif.NetifGref;
import org.xenpv.io.netif.NetifRxRequest;
import org.xenpv.io.netif.NetifRxResponse;
import org.xenpv.io.netif.NetifTxRequest;
import org.xenpv.io.netif.NetifTxResponse;
import org.xenpv.io.netif.ToeplitzHash;
import org.xenpv.io.xs.XenstoreDomainInterface;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsWire;
import org.xenpv.io.xs.XsdError;
import org.xenpv.io.xs.XsdSockmsg;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.FlexRing;
import org.xenpv.ring.SharedRing;

/**
 * Every public constant of the wire formats against Xen's headers. The names decide: in a struct's class {@code
 * ID_OFFSET} is the offset of {@code id} and {@code SIZEOF} the size, and everything else is spelled as in C. What is
 * neither is listed, with the golden name it stands for or the reason why the headers know nothing of it.
 */
class JavaLayoutsTest {

    private static final GoldenLayouts X86_64 = GoldenLayouts.read("x86_64");
    private static final GoldenLayouts X86_32 = GoldenLayouts.read("x86_32");

    /** A class and the struct it stands for; null if it holds constants only. */
    private record Layout(Class<?> type, String struct, GoldenLayouts golden) {}

    private static final List<Layout> LAYOUTS = List.of(
            new Layout(SharedRing.class, "blkif_sring", X86_64),
            new Layout(FlexRing.class, "flex_data_intf", X86_64),
            new Layout(Blkif.class, null, X86_64),
            new Layout(BlkifRequest.class, "blkif_request", X86_64),
            new Layout(BlkifRequestSegment.class, "blkif_request_segment", X86_64),
            new Layout(BlkifRequestSegment.class, "blkif_request_segment", X86_32),
            new Layout(BlkifRequestDiscard.class, "blkif_request_discard", X86_64),
            new Layout(BlkifRequestIndirect.class, "blkif_request_indirect", X86_64),
            new Layout(BlkifResponse.class, "blkif_response", X86_64),
            new Layout(BlkifX86_32Request.class, "blkif_request", X86_32),
            new Layout(BlkifX86_32RequestDiscard.class, "blkif_request_discard", X86_32),
            new Layout(BlkifX86_32RequestIndirect.class, "blkif_request_indirect", X86_32),
            new Layout(BlkifX86_32Response.class, "blkif_response", X86_32),
            new Layout(Netif.class, null, X86_64),
            new Layout(NetifTxRequest.class, "netif_tx_request", X86_64),
            new Layout(NetifTxResponse.class, "netif_tx_response", X86_64),
            new Layout(NetifRxRequest.class, "netif_rx_request", X86_64),
            new Layout(NetifRxResponse.class, "netif_rx_response", X86_64),
            new Layout(NetifExtraInfo.class, "netif_extra_info", X86_64),
            new Layout(NetifCtrlRequest.class, "xen_netif_ctrl_request", X86_64),
            new Layout(NetifCtrlResponse.class, "xen_netif_ctrl_response", X86_64),
            new Layout(NetifGref.class, "xen_netif_gref", X86_64),
            new Layout(ToeplitzHash.class, null, X86_64),
            new Layout(XenconsInterface.class, "xencons_interface", X86_64),
            new Layout(XsWire.class, null, X86_64),
            new Layout(XsdSockmsg.class, "xsd_sockmsg", X86_64),
            new Layout(XsMessageType.class, "XS", X86_64),
            new Layout(XenstoreDomainInterface.class, "xenstore_domain_interface", X86_64));

    /** Constants whose golden name does not follow from theirs. */
    private static final Map<String, String> NAMED = Map.ofEntries(
            Map.entry("BlkifRequest.SLOT_BYTES", "sizeof.blkif_sring_entry"),
            Map.entry("BlkifX86_32Request.SLOT_BYTES", "sizeof.blkif_sring_entry"),
            Map.entry("Netif.TX_SLOT_BYTES", "sizeof.netif_tx_sring_entry"),
            Map.entry("Netif.RX_SLOT_BYTES", "sizeof.netif_rx_sring_entry"),
            Map.entry("Netif.CTRL_SLOT_BYTES", "sizeof.xen_netif_ctrl_sring_entry"),
            Map.entry("Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4_BIT", "_XEN_NETIF_CTRL_HASH_TYPE_IPV4"),
            Map.entry("Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP_BIT", "_XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP"),
            Map.entry("Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6_BIT", "_XEN_NETIF_CTRL_HASH_TYPE_IPV6"),
            Map.entry("Netif.XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP_BIT", "_XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP"),
            Map.entry("NetifExtraInfo.GSO_SIZE_OFFSET", "netif_extra_info.u.gso.size"),
            Map.entry("NetifExtraInfo.GSO_TYPE_OFFSET", "netif_extra_info.u.gso.type"),
            Map.entry("NetifExtraInfo.GSO_FEATURES_OFFSET", "netif_extra_info.u.gso.features"),
            Map.entry("NetifExtraInfo.MCAST_ADDR_OFFSET", "netif_extra_info.u.mcast.addr"),
            Map.entry("NetifExtraInfo.HASH_TYPE_OFFSET", "netif_extra_info.u.hash.type"),
            Map.entry("NetifExtraInfo.HASH_ALGORITHM_OFFSET", "netif_extra_info.u.hash.algorithm"),
            Map.entry("NetifExtraInfo.HASH_VALUE_OFFSET", "netif_extra_info.u.hash.value"),
            Map.entry("XenconsInterface.IN_BYTES", "xencons_interface.in.bytes"),
            Map.entry("XenconsInterface.OUT_BYTES", "xencons_interface.out.bytes"),
            Map.entry("XsMessageType.TYPE_COUNT", "XS_TYPE_COUNT"),
            Map.entry("XsMessageType.INVALID", "XS_INVALID"));

    /** Constants that these headers do not have, and why. */
    private static final Map<String, String> UNKNOWN_TO_THE_HEADERS = Map.ofEntries(
            Map.entry("BlkifRequestSegment.PER_PAGE", "computed"),
            Map.entry("FlexRing.ORDER_MAX", "computed"),
            Map.entry("Netif.XEN_NETIF_EXTRA_TYPE_XDP", "Linux's copy of netif.h only"),
            Map.entry("Netif.XEN_NETIF_EXTRA_TYPE_MAX", "one more than here, with XDP"),
            Map.entry("Netif.XEN_NETIF_MAX_XDP_HEADROOM", "Linux's copy of netif.h only"),
            Map.entry("NetifExtraInfo.XDP_HEADROOM_OFFSET", "Linux's copy of netif.h only"),
            Map.entry("XenconsInterface.CONNECTION_OFFSET", "since Xen 4.21"),
            Map.entry("XenconsInterface.SIZEOF", "with the connection byte of Xen 4.21"),
            Map.entry("XenconsInterface.XENCONSOLE_CONNECTED", "since Xen 4.21"),
            Map.entry("XenconsInterface.XENCONSOLE_DISCONNECTED", "since Xen 4.21"),
            Map.entry("ToeplitzHash.INPUT_BYTES_MAX", "of receive side scaling"),
            Map.entry("ToeplitzHash.KEY_BYTES_MAX", "of receive side scaling"));

    @TestFactory
    List<DynamicTest> shouldEqualTheHeaders_whenItIsAPublicConstant() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Layout layout : LAYOUTS) {
            for (Field field : layout.type.getDeclaredFields()) {
                String name = layout.type.getSimpleName() + "." + field.getName();
                if (isConstant(field) && !UNKNOWN_TO_THE_HEADERS.containsKey(name)) {
                    tests.add(DynamicTest.dynamicTest(name, () -> assertEqualsGolden(layout, field, name)));
                }
            }
        }
        assertThat(tests).hasSizeGreaterThan(200);
        return tests;
    }

    private static boolean isConstant(Field field) {
        int modifiers = field.getModifiers();
        return Modifier.isPublic(modifiers) && Modifier.isStatic(modifiers) && !field.isEnumConstant();
    }

    private static void assertEqualsGolden(Layout layout, Field field, String name) throws Exception {
        String golden = goldenName(layout, field, name);
        Object value = field.get(null);
        if (value instanceof String text) {
            assertThat(text).as(golden).isEqualTo(layout.golden.text(golden));
        } else {
            assertThat(((Number) value).longValue()).as(golden).isEqualTo(layout.golden.number(golden));
        }
    }

    private static String goldenName(Layout layout, Field field, String name) {
        String constant = field.getName();
        if (NAMED.containsKey(name)) {
            return NAMED.get(name);
        }
        if (constant.equals("SIZEOF")) {
            return "sizeof." + layout.struct;
        }
        if (constant.endsWith("_OFFSET") && layout.struct != null) {
            String member = constant.substring(0, constant.length() - "_OFFSET".length());
            return layout.struct + "." + member.toLowerCase(Locale.ROOT);
        }
        return BY_UPPER_CASE.getOrDefault(constant, constant);
    }

    /** NETTXF_csum_blank is NETTXF_CSUM_BLANK here. */
    private static final Map<String, String> BY_UPPER_CASE = new TreeMap<>();

    static {
        for (String name : X86_64.values().keySet()) {
            BY_UPPER_CASE.put(name.toUpperCase(Locale.ROOT), name);
        }
    }

    @Test
    void shouldBeListedHere_whenAClassOfTheWireFormatsHasPublicConstants() throws Exception {
        Path classes = Path.of(
                Blkif.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        List<Class<?>> listed = new ArrayList<>();
        LAYOUTS.forEach(layout -> listed.add(layout.type));
        List<String> missing = new ArrayList<>();
        int seen = 0;
        try (Stream<Path> files = Files.walk(classes.resolve("org/xenpv/io"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".class")).toList()) {
                String path = classes.relativize(file).toString();
                String name =
                        path.substring(0, path.length() - ".class".length()).replace('/', '.');
                if (name.endsWith("Keys") || name.endsWith("package-info")) {
                    continue; // their text is XenstoreKeysTest's
                }
                Class<?> type = Class.forName(name);
                seen++;
                for (Field field : type.getDeclaredFields()) {
                    if (isConstant(field) && !listed.contains(type)) {
                        missing.add(name + "." + field.getName());
                    }
                }
            }
        }
        assertThat(seen).isGreaterThan(25);
        assertThat(missing).isEmpty();
    }

    @Test
    void shouldDifferFromTheHeadersOnlyAsDocumented_whenTheHeadersAreOlder() {
        assertThat(X86_64.has("xencons_interface.connection")).isFalse();
        assertThat(X86_64.has("XEN_NETIF_EXTRA_TYPE_XDP")).isFalse();
        assertThat((long) XenconsInterface.CONNECTION_OFFSET).isEqualTo(X86_64.number("sizeof.xencons_interface"));
        assertThat((long) Netif.XEN_NETIF_EXTRA_TYPE_XDP).isEqualTo(X86_64.number("XEN_NETIF_EXTRA_TYPE_MAX"));
        assertThat(Netif.XEN_NETIF_EXTRA_TYPE_MAX).isEqualTo(Netif.XEN_NETIF_EXTRA_TYPE_XDP + 1);
        assertThat((long) NetifExtraInfo.XDP_HEADROOM_OFFSET)
                .as("first of the union")
                .isEqualTo(X86_64.number("netif_extra_info.u.gso.size"));
    }

    @Test
    void shouldHaveTheHeadersNumbers_whenItIsAMessageType() {
        Map<String, Long> golden = new LinkedHashMap<>();
        Map<String, Long> ours = new LinkedHashMap<>();
        for (XsMessageType type : XsMessageType.values()) {
            ours.put("XS_" + type.name(), (long) type.value());
            golden.put("XS_" + type.name(), X86_64.number("XS_" + type.name()));
        }
        assertThat(ours).isEqualTo(golden);
        int highest = XsMessageType.values()[ours.size() - 1].value();
        assertThat((long) highest + 1).isEqualTo(X86_64.number("XS_TYPE_COUNT"));
        for (int value = 0; value < XsMessageType.TYPE_COUNT; value++) {
            XsMessageType type = XsMessageType.of(value);
            assertThat(type == null ? -1 : type.value()).isEqualTo(ours.containsValue((long) value) ? value : -1);
        }
    }

    @Test
    void shouldHaveTheHeadersNamesAndNumbers_whenItIsAnError() {
        List<String> golden = new ArrayList<>();
        for (String name : X86_64.values().keySet()) {
            if (name.startsWith("xsd_errors.")) {
                String error = name.substring("xsd_errors.".length());
                golden.add(error + "=" + X86_64.number("XEN_" + error));
            }
        }
        List<String> ours = new ArrayList<>();
        for (XsdError error : XsdError.values()) {
            ours.add(error.name() + "=" + error.errno());
        }
        assertThat(ours).hasSizeGreaterThan(10).isEqualTo(golden);
    }

    @Test
    void shouldHaveTheHeadersText_whenItIsAnAbi() {
        assertThat(BlkifAbi.X86_64.protocol()).isEqualTo(X86_64.text("XEN_IO_PROTO_ABI_X86_64"));
        assertThat(BlkifAbi.X86_32.protocol()).isEqualTo(X86_64.text("XEN_IO_PROTO_ABI_X86_32"));
        assertThat(BlkifAbi.parse(null).protocol()).isEqualTo(X86_64.text("XEN_IO_PROTO_ABI_NATIVE"));
        assertThat((long) BlkifAbi.X86_64.slotBytes()).isEqualTo(X86_64.number("sizeof.blkif_sring_entry"));
        assertThat((long) BlkifAbi.X86_32.slotBytes()).isEqualTo(X86_32.number("sizeof.blkif_sring_entry"));
    }

    @Test
    void shouldHaveTheHeadersSize_whenItIsAPageOrAFlexRing() {
        assertThat((long) SharedMemory.PAGE_BYTES).isEqualTo(1L << X86_64.number("XEN_PAGE_SHIFT"));
        for (int order : new int[] {0, 1, 9}) {
            assertThat((long) FlexRing.sizeBytes(order)).isEqualTo(X86_64.number("XEN_FLEX_RING_SIZE." + order));
        }
    }
}
