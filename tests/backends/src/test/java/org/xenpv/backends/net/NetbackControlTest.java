package org.xenpv.backends.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_STATUS_SUCCESS;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_KEY;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING;
import static org.xenpv.io.netif.Netif.XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.PeerFault;
import org.xenpv.io.netif.Netif;
import org.xenpv.io.netif.NetifCtrlRequest;
import org.xenpv.io.netif.NetifCtrlResponse;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.ring.BackRing;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;

/** What every control message is answered, and what it does. */
class NetbackControlTest {

    private static final int OK = XEN_NETIF_CTRL_STATUS_SUCCESS;
    private static final int NONE = XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED;
    private static final int INVALID = XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER;
    private static final int OVERFLOW = XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW;
    private static final int QUEUES = 4;

    private final GuestGrants guest = new GuestGrants(4);
    private final ChronicleMemory ringMemory = ChronicleMemory.allocatePages(1);
    private final FrontRing front = FrontRing.init(new SharedRing(ringMemory, Netif.CTRL_SLOT_BYTES));
    private final NetbackHash hash = new NetbackHash();
    private final NetbackCounters counters = new NetbackCounters();
    private int events;
    private PeerFault fault;
    private int data;
    private final NetbackControl control = new NetbackControl(
            BackRing.init(new SharedRing(ringMemory, Netif.CTRL_SLOT_BYTES)),
            GuestGrants.DOMID,
            guest,
            hash,
            QUEUES,
            NetbackConfig.DEFAULT,
            counters,
            new NetbackControl.Host() {
                @Override
                public void sendEvent() {
                    events++;
                }

                @Override
                public void broken(PeerFault found) {
                    fault = found;
                }
            });

    @AfterEach
    void close() {
        control.stop();
        guest.close();
        ringMemory.close();
    }

    private int ask(int type, int first, int second, int third) {
        int id = 0xff00 + (type & 0xff);
        NetifCtrlRequest.put(front.memory(), front.nextRequest(), id, type, first, second, third);
        front.pushRequests();
        assertThat(control.poll(10)).isEqualTo(1);
        assertThat(front.unconsumedResponses()).isEqualTo(1);
        int at = front.nextResponse();
        assertThat(NetifCtrlResponse.id(front.memory(), at)).isEqualTo(id);
        assertThat(NetifCtrlResponse.type(front.memory(), at)).isEqualTo(type);
        data = NetifCtrlResponse.data(front.memory(), at);
        return NetifCtrlResponse.status(front.memory(), at);
    }

    private void useToeplitz() {
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, 1, 0, 0)).isEqualTo(OK);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 0", "2, 2", "-1, 2", "2147483647, 2"})
    void shouldTakeTheAlgorithmsThatItKnows(int algorithm, int status) {
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, algorithm, 0, 0)).isEqualTo(status);
        assertThat(hash.algorithm()).isEqualTo(status == OK ? algorithm : 0);
    }

    @Test
    void shouldTellAndTakeTypes_onlyWithAnAlgorithm() {
        assertThat(ask(XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS, 0, 0, 0)).isEqualTo(NONE);
        assertThat(data).isZero();
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, 1, 0, 0)).isEqualTo(INVALID);
        useToeplitz();
        assertThat(ask(XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS, 0, 0, 0)).isEqualTo(OK);
        assertThat(data).isEqualTo(15);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, 15, 0, 0)).isEqualTo(OK);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, 16, 0, 0)).isEqualTo(INVALID);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, -1, 0, 0)).isEqualTo(INVALID);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, 0, 0, 0)).isEqualTo(OK);
    }

    @ParameterizedTest
    @CsvSource({
        "100, 40, 0",
        "100, 0, 0",
        "100, 1, 0",
        "7, 0, 0",
        "7, 40, 2",
        "100, 41, 3",
        "100, -1, 3",
        "100, 4096, 3"
    })
    void shouldTakeAKeyFromAGrantedPage(int gref, int bytes, int status) {
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, gref, bytes, 0)).isEqualTo(status);
    }

    @Test
    void shouldTakeAMappingFromAGrantedPage_inParts() {
        assertThat(ask(XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE, 0, 0, 0)).isEqualTo(OK);
        assertThat(data).isEqualTo(128);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 129, 0, 0)).isEqualTo(INVALID);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, -1, 0, 0)).isEqualTo(INVALID);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 5, 0, 0)).isEqualTo(OK);
        for (int i = 0; i < 3; i++) {
            guest.memory.putInt(i * 4, QUEUES - 1 - i);
        }
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 100, 3, 2)).isEqualTo(OK);
        assertThat(hash.toString()).contains("mapping=[0, 0, 3, 2, 1]");
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 100, 2, 0)).isEqualTo(OK);
        assertThat(hash.toString()).contains("mapping=[3, 2, 3, 2, 1]");
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, GuestGrants.NOBODY, 0, 5))
                .as("nothing")
                .isEqualTo(OK);
    }

    @ParameterizedTest
    @CsvSource({
        "100, 3, 3, 2",
        "100, 1, 5, 2",
        "100, 0, 6, 2",
        "100, 1, -1, 2",
        "100, 5, 2147483647, 2",
        "7, 3, 0, 2",
        "100, 1025, 0, 3",
        "100, -1, 0, 3",
        "100, -1, 1, 3"
    })
    void shouldRefuseAMapping_thatDoesNotFit(int gref, int entries, int from, int status) {
        ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 5, 0, 0);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, gref, entries, from))
                .isEqualTo(status);
        assertThat(hash.toString()).contains("mapping=[0, 0, 0, 0, 0]");
    }

    @ParameterizedTest
    @ValueSource(ints = {QUEUES, -1, 0x01000000})
    void shouldChangeNothing_whenAMappingNamesAQueueThatThereIsNot(int queue) {
        ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 3, 0, 0);
        guest.memory.putInt(0, 1);
        guest.memory.putInt(4, queue);
        assertThat(ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 100, 2, 0)).isEqualTo(INVALID);
        assertThat(hash.toString()).contains("mapping=[0, 0, 0]");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 11, 255, 65535})
    void shouldNotSupport_whatNobodyKnows(int type) {
        assertThat(ask(type, 1, 2, 3)).isEqualTo(NONE);
        assertThat(data).isZero();
    }

    @Test
    void shouldAnswerManyAtOnce_withOneEvent_andBreakOnAnIndexThatCannotBe() {
        for (int i = 0; i < 100; i++) {
            NetifCtrlRequest.put(front.memory(), front.nextRequest(), i, 3, 7, 40, 0);
        }
        front.pushRequests();
        assertThat(control.poll(70)).isEqualTo(70);
        assertThat(control.poll(70)).isEqualTo(30);
        assertThat(front.unconsumedResponses()).isEqualTo(100);
        assertThat(events).isEqualTo(1);
        assertThat(counters.ctrlRequests).isEqualTo(100);
        ringMemory.putInt(SharedRing.REQ_PROD_OFFSET, 5000);
        assertThat(control.poll(10)).isZero();
        assertThat(fault).isEqualTo(PeerFault.REQ_PROD_OVERFLOW);
    }

    @Test
    void shouldStartAMappingWithZeroes_whenItsSizeIsSetAgain() {
        ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 2, 0, 0);
        guest.memory.putInt(0, 3);
        ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 100, 1, 0);
        ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 2, 0, 0);
        assertThat(hash.toString()).contains("mapping=[0, 0]");
    }
}
