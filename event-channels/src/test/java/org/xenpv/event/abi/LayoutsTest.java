package org.xenpv.event.abi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Our numbers against those the C compiler has for Xen's headers. */
class LayoutsTest {

    private static final Map<String, Long> GOLDEN = new HashMap<>();

    @BeforeAll
    static void readGoldenNumbers() throws IOException {
        for (String line : Files.readAllLines(Path.of("..", "tests", "golden", "x86_64.txt"))) {
            String[] words = line.split(" ");
            if (words.length == 2 && words[1].matches("-?\\d+")) {
                GOLDEN.put(words[0], Long.parseLong(words[1]));
            }
        }
    }

    private static void same(String name, long ours) {
        assertThat(GOLDEN).containsKey(name);
        assertThat(ours).as(name).isEqualTo(GOLDEN.get(name));
    }

    @Test
    void shouldHaveTheCommandsOfTheHeader() {
        same("EVTCHNOP_bind_interdomain", Evtchnop.BIND_INTERDOMAIN);
        same("EVTCHNOP_bind_virq", Evtchnop.BIND_VIRQ);
        same("EVTCHNOP_close", Evtchnop.CLOSE);
        same("EVTCHNOP_send", Evtchnop.SEND);
        same("EVTCHNOP_alloc_unbound", Evtchnop.ALLOC_UNBOUND);
        same("EVTCHNOP_unmask", Evtchnop.UNMASK);
        same("EVTCHNOP_init_control", Evtchnop.INIT_CONTROL);
        same("EVTCHNOP_expand_array", Evtchnop.EXPAND_ARRAY);
        same("EVTCHNOP_set_priority", Evtchnop.SET_PRIORITY);
        same("DOMID_SELF", Evtchnop.DOMID_SELF);
    }

    @Test
    void shouldHaveTheStructsOfTheHeader() {
        same("evtchn_alloc_unbound.dom", Evtchnop.ALLOC_UNBOUND_DOM);
        same("evtchn_alloc_unbound.remote_dom", Evtchnop.ALLOC_UNBOUND_REMOTE_DOM);
        same("evtchn_alloc_unbound.port", Evtchnop.ALLOC_UNBOUND_PORT);
        same("evtchn_bind_interdomain.remote_dom", Evtchnop.BIND_INTERDOMAIN_REMOTE_DOM);
        same("evtchn_bind_interdomain.remote_port", Evtchnop.BIND_INTERDOMAIN_REMOTE_PORT);
        same("evtchn_bind_interdomain.local_port", Evtchnop.BIND_INTERDOMAIN_LOCAL_PORT);
        same("evtchn_bind_virq.virq", Evtchnop.BIND_VIRQ_VIRQ);
        same("evtchn_bind_virq.vcpu", Evtchnop.BIND_VIRQ_VCPU);
        same("evtchn_bind_virq.port", Evtchnop.BIND_VIRQ_PORT);
        same("evtchn_close.port", Evtchnop.PORT);
        same("evtchn_send.port", Evtchnop.PORT);
        same("evtchn_unmask.port", Evtchnop.PORT);
        same("evtchn_init_control.control_gfn", Evtchnop.INIT_CONTROL_GFN);
        same("evtchn_init_control.offset", Evtchnop.INIT_CONTROL_OFFSET);
        same("evtchn_init_control.vcpu", Evtchnop.INIT_CONTROL_VCPU);
        same("evtchn_init_control.link_bits", Evtchnop.INIT_CONTROL_LINK_BITS);
        same("evtchn_expand_array.array_gfn", Evtchnop.EXPAND_ARRAY_GFN);
        same("evtchn_set_priority.port", Evtchnop.SET_PRIORITY_PORT);
        same("evtchn_set_priority.priority", Evtchnop.SET_PRIORITY_PRIORITY);
        assertThat(GOLDEN.entrySet())
                .filteredOn(entry -> entry.getKey().startsWith("sizeof.evtchn_")
                        && !entry.getKey().equals("sizeof.evtchn_fifo_control_block"))
                .hasSizeGreaterThan(8)
                .allSatisfy(entry ->
                        assertThat(entry.getValue()).as(entry.getKey()).isLessThanOrEqualTo(Evtchnop.ARGS_BYTES));
    }

    @Test
    void shouldHaveTheSharedInfoOfTheHeader() {
        same("shared_info.vcpu_info", 0);
        same("vcpu_info.evtchn_upcall_pending", SharedInfoLayout.EVTCHN_UPCALL_PENDING);
        same("vcpu_info.evtchn_upcall_mask", SharedInfoLayout.EVTCHN_UPCALL_MASK);
        same("vcpu_info.evtchn_pending_sel", SharedInfoLayout.EVTCHN_PENDING_SEL);
        same("sizeof.vcpu_info", SharedInfoLayout.VCPU_INFO_BYTES);
        same("shared_info.evtchn_pending", SharedInfoLayout.EVTCHN_PENDING);
        same("shared_info.evtchn_mask", SharedInfoLayout.EVTCHN_MASK);
        same("shared_info.wc_version", SharedInfoLayout.EVENTS_BYTES);
        same("EVTCHN_2L_NR_CHANNELS", SharedInfoLayout.EVTCHN_2L_NR_CHANNELS);
    }

    @Test
    void shouldHaveTheEventWordsOfTheHeader() {
        same("EVTCHN_FIFO_PRIORITY_MAX", FifoLayout.PRIORITY_MAX);
        same("EVTCHN_FIFO_PRIORITY_DEFAULT", FifoLayout.PRIORITY_DEFAULT);
        same("EVTCHN_FIFO_PRIORITY_MIN", FifoLayout.PRIORITY_MIN);
        same("EVTCHN_FIFO_MAX_QUEUES", FifoLayout.MAX_QUEUES);
        same("EVTCHN_FIFO_PENDING", Integer.numberOfTrailingZeros(FifoLayout.PENDING));
        same("EVTCHN_FIFO_MASKED", Integer.numberOfTrailingZeros(FifoLayout.MASKED));
        same("EVTCHN_FIFO_LINKED", Integer.numberOfTrailingZeros(FifoLayout.LINKED));
        same("EVTCHN_FIFO_BUSY", Integer.numberOfTrailingZeros(FifoLayout.BUSY));
        same("EVTCHN_FIFO_LINK_BITS", FifoLayout.LINK_BITS);
        same("EVTCHN_FIFO_LINK_MASK", FifoLayout.LINK_MASK);
        same("EVTCHN_FIFO_NR_CHANNELS", FifoLayout.NR_CHANNELS);
        same("sizeof.evtchn_fifo_control_block", FifoLayout.CONTROL_BYTES);
        same("evtchn_fifo_control_block.ready", FifoLayout.CONTROL_READY);
        same("evtchn_fifo_control_block.head", FifoLayout.CONTROL_HEAD);
    }
}
