package org.xenpv.simulator.xenstored;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.xenpv.simulator.xenstored.ConnectionRig.ask;
import static org.xenpv.simulator.xenstored.ConnectionRig.message;
import static org.xenpv.simulator.xenstored.ConnectionRig.take;
import static org.xenpv.simulator.xenstored.ConnectionRig.takeBytes;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.xenpv.io.xs.XsMessageType;

class XenstoredFaultsTest {

    private static XenstoredFaults eventFate(long fate) {
        return new XenstoredFaults() {
            @Override
            public long watchEvent(int domid, String path, String token) {
                return fate;
            }
        };
    }

    private static List<String> watch(ConnectionRig rig, StoreConnection connection) {
        return ask(connection, XsMessageType.WATCH, "/a", "t");
    }

    @Test
    void shouldEndTransactionsWithEagain_whenAskedTo() {
        ConnectionRig rig = new ConnectionRig(Quotas.defaults(), new XenstoredFaults() {
            @Override
            public boolean failCommit(int domid) {
                return true;
            }
        });
        StoreConnection dom0 = rig.connect(0);
        for (String how : List.of("T", "F")) {
            ask(dom0, XsMessageType.TRANSACTION_START, "");
            int id = dom0.client().transactions().keySet().iterator().next();
            ConnectionRig.feed(dom0, message(XsMessageType.WRITE.value(), 1, id, Payload.of("/a")));
            take(dom0);
            ConnectionRig.feed(dom0, message(XsMessageType.TRANSACTION_END.value(), 2, id, Payload.of(how)));
            String answer = how.equals("T") ? "ERROR 2 " + id + " EAGAIN|" : "TRANSACTION_END 2 " + id + " OK|";
            assertThat(take(dom0)).containsExactly(answer);
            assertThat(dom0.client().transactions()).isEmpty();
        }
        assertThat(rig.store.peek("/a")).isNull();
    }

    @Test
    void shouldDropDoubleOrDelayWatchEvents() {
        ConnectionRig dropping = new ConnectionRig(Quotas.defaults(), eventFate(XenstoredFaults.DROP));
        assertThat(watch(dropping, dropping.connect(0))).containsExactly("WATCH 7 0 OK|");

        ConnectionRig doubling = new ConnectionRig(Quotas.defaults(), eventFate(XenstoredFaults.TWICE));
        assertThat(watch(doubling, doubling.connect(0)))
                .containsExactly("WATCH 7 0 OK|", "WATCH_EVENT 0 0 /a|t|", "WATCH_EVENT 0 0 /a|t|");

        ConnectionRig delaying = new ConnectionRig(Quotas.defaults(), eventFate(1_000));
        StoreConnection dom0 = delaying.connect(0);
        assertThat(watch(delaying, dom0)).containsExactly("WATCH 7 0 OK|");
        delaying.delayed.forEach(Runnable::run);
        assertThat(take(dom0)).containsExactly("WATCH_EVENT 0 0 /a|t|");
    }

    @Test
    void shouldSayNothingLater_whenTheConnectionDiedMeanwhile() {
        ConnectionRig delaying = new ConnectionRig(Quotas.defaults(), eventFate(1_000));
        StoreConnection dom0 = delaying.connect(0);
        watch(delaying, dom0);
        dom0.close();
        delaying.delayed.forEach(Runnable::run);
        assertThat(dom0.hasOutput()).isFalse();
    }

    @Test
    void shouldSendWhateverTheScriptSays_insteadOfAReply() {
        List<byte[]> script = new ArrayList<>(List.of(new byte[] {1, 2, 3}, new byte[0]));
        List<Integer> asked = new ArrayList<>();
        ConnectionRig rig = new ConnectionRig(Quotas.defaults(), new XenstoredFaults() {
            @Override
            public byte[] reply(int domid, byte[] request, byte[] reply) {
                asked.add(request.length);
                return script.isEmpty() ? reply : script.remove(0);
            }
        });
        StoreConnection dom1 = rig.connect(1);
        byte[] request = message(XsMessageType.GET_DOMAIN_PATH, 1, "1");
        ConnectionRig.feed(dom1, request);
        assertThat(takeBytes(dom1)).containsExactly(1, 2, 3);
        ConnectionRig.feed(dom1, request);
        assertThat(dom1.hasOutput()).isFalse();
        ConnectionRig.feed(dom1, request);
        assertThat(take(dom1)).containsExactly("GET_DOMAIN_PATH 1 0 /local/domain/1|");
        assertThat(asked).containsExactly(request.length, request.length, request.length);
        for (int i = 0; i < 100; i++) {
            script.add(new byte[0]);
            assertThat(ConnectionRig.feed(dom1, request))
                    .as("a lost reply is not outstanding")
                    .isEqualTo(request.length);
        }
    }

    @Test
    void shouldDrawTheSameFaultsFromTheSameSeed_atTheRatiosAskedFor() {
        SeededFaults one = new SeededFaults(42, 300, 200, 100, 50, 1_000);
        SeededFaults same = new SeededFaults(42, 300, 200, 100, 50, 1_000);
        int conflicts = 0;
        int late = 0;
        int twice = 0;
        int lost = 0;
        for (int i = 0; i < 10_000; i++) {
            boolean conflict = one.failCommit(1);
            long fate = one.watchEvent(1, "/a", "t");
            assertThat(same.failCommit(1)).isEqualTo(conflict);
            assertThat(same.watchEvent(1, "/a", "t")).isEqualTo(fate).isLessThanOrEqualTo(1_000);
            conflicts += conflict ? 1 : 0;
            late += fate > 0 ? 1 : 0;
            twice += fate == XenstoredFaults.TWICE ? 1 : 0;
            lost += fate == XenstoredFaults.DROP ? 1 : 0;
        }
        assertThat(conflicts).isBetween(2_800, 3_200);
        assertThat(late).isBetween(1_800, 2_200);
        assertThat(twice).isBetween(900, 1_100);
        assertThat(lost).isBetween(420, 580);
    }

    @Test
    void shouldRefuseRatiosThatCannotBe() {
        assertThatThrownBy(() -> new SeededFaults(1, 1001, 0, 0, 0, 1)).hasMessageContaining("failCommits=1001");
        assertThatThrownBy(() -> new SeededFaults(1, 0, -1, 0, 0, 1)).hasMessageContaining("lateEvents=-1");
        assertThatThrownBy(() -> new SeededFaults(1, 0, 500, 500, 1, 1)).hasMessageContaining("1001");
        assertThatThrownBy(() -> new SeededFaults(1, 0, 0, 0, 0, 0)).hasMessageContaining("lateMaxNs=0");
        assertThatThrownBy(() -> Quotas.defaults().with("nodes", 0)).hasMessageContaining("nodes=0");
        assertThatThrownBy(() -> Quotas.defaults().with("x", 1)).hasMessageContaining("name=x");
    }
}
