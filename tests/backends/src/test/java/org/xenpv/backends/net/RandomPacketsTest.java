package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.xenpv.backends.net.RxBench.Got;
import org.xenpv.backends.net.TxBench.Answer;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifExtraInfo;

/**
 * Random packets, good and bad, cut at random, through a transmit ring and through a receive ring, against plain lists: every slot is
 * answered, good packets come out once, in order, with every byte; the rings' indices pass 2^31 or 2^32 on the way.
 */
class RandomPacketsTest {

    private static final int[] STARTS = {-60, 0x7fff_ffff - 60};

    private record Sent(byte[] bytes, boolean blank, int gsoSize) {}

    @Property(tries = 150)
    void shouldTakeWhatIsTransmitted(@ForAll long seed) {
        Random random = new Random(seed);
        int start = STARTS[random.nextInt(STARTS.length)];
        try (TxBench bench = new TxBench(start, TxBench.ALL)) {
            List<Sent> sent = new ArrayList<>();
            for (int batch = 0; batch < 40; batch++) {
                List<Integer> ids = new ArrayList<>(); // -1: an extra
                List<Boolean> fine = new ArrayList<>();
                int page = 0;
                while (page < 40 && bench.front.freeRequests() > 30 && random.nextInt(6) != 0) {
                    page += stage(bench, random, page, sent, ids, fine);
                }
                List<Answer> answers = bench.run();
                assertThat(answers).as("seed %d", seed).hasSize(ids.size());
                for (int i = 0; i < ids.size(); i++) {
                    int id = ids.get(i);
                    Answer answer = answers.get(i);
                    assertThat(answer.id()).as("seed %d", seed).isEqualTo(Math.max(id, 0));
                    int expected =
                            id < 0 ? Netif.NETIF_RSP_NULL : fine.get(i) ? Netif.NETIF_RSP_OKAY : Netif.NETIF_RSP_ERROR;
                    assertThat(answer.status()).as("seed %d", seed).isEqualTo((short) expected);
                }
            }
            assertThat(bench.frames).as("seed %d", seed).hasSize(sent.size());
            for (int i = 0; i < sent.size(); i++) {
                assertThat(bench.frames.get(i).bytes())
                        .as("seed %d", seed)
                        .isEqualTo(sent.get(i).bytes());
                assertThat(bench.frames.get(i).csumBlank())
                        .isEqualTo(sent.get(i).blank());
                assertThat(bench.frames.get(i).gsoSize()).isEqualTo(sent.get(i).gsoSize());
            }
            int end = bench.front.reqProdPvt();
            assertThat(end - start).as("seed %d", seed).isGreaterThan(60);
            assertThat(Integer.signum(end)).as("it wrapped, seed %d", seed).isNotEqualTo(Integer.signum(start));
        }
    }

    /** Stages a packet over pages from one on. @return pages used */
    private static int stage(
            TxBench bench, Random random, int page, List<Sent> sent, List<Integer> ids, List<Boolean> fine) {
        boolean gso = random.nextInt(3) == 0;
        int further = random.nextInt(3) == 0 ? random.nextInt(19) : random.nextInt(3);
        further = Math.min(further, 62 - page);
        byte[] bytes = gso
                ? Frames.tcp(random.nextBoolean(), random.nextInt(3000), 0x10, true, random.nextLong())
                : Frames.raw(random.nextLong(), random.nextLong(), 14 + random.nextInt(4000), random.nextLong());
        int bad = random.nextInt(5) == 0 ? random.nextInt(further + 1) : -1; // a piece that is not granted
        int[] cuts = random.ints(further, 14, bytes.length + 1).sorted().toArray();
        int at = 0;
        for (int i = 0; i <= further; i++) {
            int end = i < further ? cuts[i] : bytes.length;
            int offset = random.nextInt(4096 - (end - at) + 1);
            bench.guest.fill(page + i, offset, bytes, at, end - at);
            int flags = i < further ? Netif.NETTXF_MORE_DATA : 0;
            if (i == 0 && gso) {
                flags |= Netif.NETTXF_EXTRA_INFO | Netif.NETTXF_CSUM_BLANK;
            }
            int gref = i == bad ? GuestGrants.NOBODY : GuestGrants.BASE + page + i;
            int id = random.nextInt(0x10000);
            bench.request(gref, offset, flags, id, i == 0 ? bytes.length : end - at);
            ids.add(id);
            fine.add(i != bad);
            if (i == 0 && gso) {
                bench.gso(0, 100, bytes[12] == 8 ? 1 : 2);
                ids.add(-1);
                fine.add(true);
            }
            at = end;
        }
        if (bad < 0) {
            sent.add(new Sent(bytes, gso, gso ? 100 : 0));
        }
        return further + 1;
    }

    @Property(tries = 150)
    void shouldReceiveWhatIsSent(@ForAll long seed) {
        Random random = new Random(seed);
        int start = STARTS[random.nextInt(STARTS.length)];
        int headroom = random.nextBoolean() ? 0 : random.nextInt(2048);
        try (RxBench bench = new RxBench(start, RxBench.STALL_NS)) {
            bench.queue.xdpHeadroom(headroom);
            Deque<Sent> expected = new ArrayDeque<>();
            int slots = 0;
            for (int step = 0; step < 300; step++) {
                switch (random.nextInt(4)) {
                    case 0 -> bench.post(Math.min(bench.front.freeRequests(), random.nextInt(40)));
                    case 1 -> bench.queue.poll(1 + random.nextInt(5));
                    case 2 -> {
                        bench.queue.flush();
                        slots += check(bench.take(headroom), headroom, expected, seed);
                    }
                    default -> send(bench, random, expected);
                }
            }
            while (!expected.isEmpty()) { // what still waits comes when there are buffers
                bench.post(bench.front.freeRequests());
                bench.queue.poll(1000);
                bench.queue.flush();
                slots += check(bench.take(headroom), headroom, expected, seed);
            }
            assertThat(bench.queue.backlogged()).isZero();
            assertThat(slots).as("seed %d", seed).isGreaterThan(60);
            int end = bench.front.rspCons();
            assertThat(Integer.signum(end)).as("it wrapped, seed %d", seed).isNotEqualTo(Integer.signum(start));
        }
    }

    private static void send(RxBench bench, Random random, Deque<Sent> expected) {
        int length = random.nextInt(3) == 0 ? 14 + random.nextInt(20_000) : 14 + random.nextInt(1500);
        byte[] bytes = Frames.raw(1, 2, length, random.nextLong());
        NetFrame frame = random.nextInt(4) == 0 ? Frames.frame(bytes) : bench.frame(bytes);
        boolean blank = random.nextBoolean();
        int gsoSize = random.nextBoolean() ? 0 : 1 + random.nextInt(65535);
        frame.csumBlank(blank);
        frame.gso(gsoSize == 0 ? 0 : 1, gsoSize);
        if (bench.queue.send(frame)) {
            expected.add(new Sent(bytes, blank, gsoSize));
        } else {
            assertThat(bench.dropped(NetbackDrop.RX_NO_BUFFERS)).isPositive();
        }
        if (random.nextInt(3) == 0 || frame.pages() == null) {
            bench.queue.flush(); // or the next frame of the bench would lie over this one
        }
    }

    /** @return data slots */
    private static int check(List<Got> all, int headroom, Deque<Sent> expected, long seed) {
        int slots = 0;
        for (Got got : all) {
            Sent sent = expected.remove();
            assertThat(got.bytes).as("seed %d", seed).isEqualTo(sent.bytes());
            assertThat((got.flags & Netif.NETRXF_CSUM_BLANK) != 0).isEqualTo(sent.blank());
            int extras = (sent.gsoSize() > 0 ? 1 : 0) + (headroom > 0 ? 1 : 0);
            assertThat(got.extras).as("seed %d", seed).hasSize(extras);
            if (sent.gsoSize() > 0) {
                assertThat(NetifExtraInfo.gsoSize(got.extras.get(0))).isEqualTo(sent.gsoSize());
            }
            slots += got.slots + extras;
        }
        return slots;
    }
}
