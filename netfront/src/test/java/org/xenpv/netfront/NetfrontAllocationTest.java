package org.xenpv.netfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantLedger;
import org.xenpv.grant.GrantTable;
import org.xenpv.grant.GrantedPages;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifExtraInfo;
import org.xenpv.io.netif.NetifKeys;
import org.xenpv.io.netif.NetifRxRequest;
import org.xenpv.io.netif.NetifRxResponse;
import org.xenpv.io.netif.NetifTxRequest;
import org.xenpv.io.netif.NetifTxResponse;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.BackRing;
import org.xenpv.ring.SharedRing;
import org.xenpv.xenbus.KeySnapshot;

/** Packets cost no garbage, either way. The least of several rounds counts: the JVM itself allocates now and then. */
class NetfrontAllocationTest {

    private static final int ROUNDS = 12;
    private static final int BATCHES = 100;
    private static final int BATCH = 16;
    private static final int LARGE = 9000;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final FakeGrants grants = new FakeGrants();
    private final NetCounters counters = new NetCounters();
    private final List<XenProtocolException> faults = new ArrayList<>();
    private final ChronicleMemory copy = ChronicleMemory.allocatePages(RxCopy.PAGES);
    private final PacketHeaders headers = new PacketHeaders();
    private final FlowHash flowHash = new FlowHash();
    private long sum;
    private final Consumer<NetPacket> sink = packet -> sum += packet.length();
    private NetRxQueue rx;
    private NetTxQueue tx;
    private TxPages pages;
    private SharedMemory ring;
    private BackRing back;

    /** Grants whose pages are taken back and lent again at no cost: what a real table costs its own tests measure. */
    private record FreeOfCharge(GrantTable below) implements GrantTable {

        @Override
        public GrantedPages grant(int domid, int count, GrantAccess access, String purpose) {
            GrantedPages made = below.grant(domid, count, access, purpose);
            return new GrantedPages() {
                @Override
                public SharedMemory memory() {
                    return made.memory();
                }

                @Override
                public int pages() {
                    return made.pages();
                }

                @Override
                public int gref(int page) {
                    return made.gref(page);
                }

                @Override
                public boolean release() {
                    return made.release();
                }

                @Override
                public boolean revokePage(int page) {
                    return true;
                }

                @Override
                public void regrantPage(int page, GrantAccess again) {}
            };
        }

        @Override
        public boolean seesMappings() {
            return below.seesMappings();
        }

        @Override
        public boolean canRegrant() {
            return below.canRegrant();
        }

        @Override
        public void retryQuarantine() {}

        @Override
        public GrantLedger ledger() {
            return below.ledger();
        }
    }

    @BeforeEach
    void countsAllocation() {
        assumeTrue(threads.isThreadAllocatedMemorySupported(), "skipped: this JVM does not count allocation");
    }

    @AfterEach
    void release() {
        if (rx != null) {
            rx.release();
        }
        if (tx != null) {
            tx.release();
            pages.release();
        }
        grants.close();
        copy.close();
    }

    private long leastOf(Runnable batch) {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS && least != 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < BATCHES; i++) {
                batch.run();
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    @ParameterizedTest(name = "copied {0}, segmented {1}")
    @CsvSource({"false, false", "true, false", "false, true", "true, true"})
    void shouldAllocateNothingPerPacketReceived(boolean copied, boolean segmented) {
        NetfrontConfig config = NetfrontConfig.DEFAULT;
        NetfrontFeatures features =
                NetfrontFeatures.parse(new KeySnapshot(Map.of(NetifKeys.FEATURE_RX_COPY, "1")), config);
        rx = new NetRxQueue(new FreeOfCharge(grants), new SentEvents(), 1, counters, faults::add);
        ring = grants.page(rx.ringRef());
        rx.connect(
                new FreeOfCharge(grants), 1, 5, new RxTerms(features, config, 1500), copied ? new RxCopy(copy) : null);
        back = BackRing.attach(new SharedRing(ring, Netif.RX_SLOT_BYTES), 0);
        for (int slot = 0; slot < 256; slot++) {
            tcp(grants.page(NetifRxRequest.gref(NetifRxRequest.load(ring, SharedRing.RING_OFFSET + slot * 8))));
        }
        assertThat(leastOf(() -> receive(segmented)))
                .as("bytes for packets received")
                .isZero();
        assertThat(faults).isEmpty();
        assertThat(counters.snapshot().drops()).isEmpty();
        assertThat(counters.rxPackets).isGreaterThanOrEqualTo(BATCHES * BATCH);
        assertThat(sum).isEqualTo(counters.rxPackets * (segmented ? 2000 : 60));
    }

    /** The headers of a TCP packet over IPv4. */
    private static void tcp(SharedMemory page) {
        page.putByte(12, (byte) 0x08);
        page.putByte(14, (byte) 0x45);
        page.putByte(23, (byte) PacketHeaders.PROTOCOL_TCP);
        page.putByte(46, (byte) 0x50);
    }

    private void receive(boolean segmented) {
        back.unconsumedRequests();
        for (int i = 0; i < BATCH; i++) {
            if (segmented) {
                put(1000, Netif.NETRXF_CSUM_BLANK | Netif.NETRXF_EXTRA_INFO | Netif.NETRXF_MORE_DATA);
                back.nextRequest();
                NetifExtraInfo.putGso(ring, back.nextResponse(), 0, 700, Netif.XEN_NETIF_GSO_TYPE_TCPV4, 0);
                put(1000, 0);
            } else {
                put(60, Netif.NETRXF_CSUM_BLANK);
            }
        }
        back.pushResponses();
        rx.poll(64, sink);
    }

    private void put(int status, int flags) {
        int slot = back.reqCons() & 255;
        back.nextRequest();
        NetifRxResponse.put(ring, back.nextResponse(), slot, 0, flags, (short) status);
    }

    @ParameterizedTest(name = "segmented {0}")
    @CsvSource({"false", "true"})
    void shouldAllocateNothingPerPacketSent(boolean segmented) {
        tx = new NetTxQueue(grants, new SentEvents(), 1, counters, faults::add);
        pages = new TxPages(grants, 1, 64);
        ring = grants.page(tx.ringRef());
        tx.connect(5, pages);
        back = BackRing.attach(new SharedRing(ring, Netif.TX_SLOT_BYTES), 0);
        assertThat(leastOf(() -> send(segmented))).as("bytes for packets sent").isZero();
        assertThat(faults).isEmpty();
        assertThat(pages.free()).isEqualTo(64);
        assertThat(counters.txPackets).isGreaterThanOrEqualTo(BATCHES * BATCH);
        assertThat(counters.txResponses).isEqualTo(counters.txPackets * (segmented ? TxPages.count(LARGE) + 2 : 1));
    }

    private void send(boolean segmented) {
        for (int i = 0; i < BATCH; i++) {
            NetPacket packet = pages.take(segmented ? LARGE : 60);
            packet.putU16(12, 0x0800);
            packet.putU8(14, 0x45);
            if (segmented) {
                packet.csumBlank(true);
                packet.gso(Netif.XEN_NETIF_GSO_TYPE_TCPV4, 1448);
            }
            headers.parse(packet);
            packet.hash(Netif.XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ, 1, flowHash.of(packet, headers));
            tx.send(packet, segmented);
        }
        tx.push();
        int extras = 0;
        for (int ready = back.unconsumedRequests(); ready > 0; ready--) {
            int at = back.nextRequest();
            int id = NetifTxRequest.id(ring, at);
            int status = Netif.NETIF_RSP_OKAY;
            if (extras > 0) {
                extras--;
                status = Netif.NETIF_RSP_NULL;
            } else if ((NetifTxRequest.flags(ring, at) & Netif.NETTXF_EXTRA_INFO) != 0) {
                extras = 2;
            }
            NetifTxResponse.put(ring, back.nextResponse(), id, (short) status);
        }
        back.pushResponses();
        tx.poll(256);
    }

    /** That what is measured would be noticed. */
    @Test
    void shouldSeeWhatIsAllocated() {
        List<byte[]> kept = new ArrayList<>();
        assertThat(leastOf(() -> kept.add(new byte[16]))).isGreaterThanOrEqualTo(BATCHES * 16L);
    }
}
