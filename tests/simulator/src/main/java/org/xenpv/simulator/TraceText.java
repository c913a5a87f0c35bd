package org.xenpv.simulator;

import static org.xenpv.simulator.hypervisor.Trace.DOMAIN;
import static org.xenpv.simulator.hypervisor.Trace.EVENT;
import static org.xenpv.simulator.hypervisor.Trace.EVENT_HYPERCALL;
import static org.xenpv.simulator.hypervisor.Trace.FAULT;
import static org.xenpv.simulator.hypervisor.Trace.GRANT_HYPERCALL;
import static org.xenpv.simulator.hypervisor.Trace.MAP;
import static org.xenpv.simulator.hypervisor.Trace.STEP;
import static org.xenpv.simulator.hypervisor.Trace.TIME;
import static org.xenpv.simulator.hypervisor.Trace.UNMAP;

/** One event of a trace as a line of text, e.g. {@code #12 dom2 event, port=3}. */
final class TraceText {

    /** By number (xen/event_channel.h). */
    private static final String[] EVTCHNOP = {
        "bind_interdomain",
        "bind_virq",
        "bind_pirq",
        "close",
        "send",
        "status",
        "alloc_unbound",
        "bind_ipi",
        "bind_vcpu",
        "unmask",
        "reset",
        "init_control",
        "expand_array",
        "set_priority"
    };

    /** By number (xen/grant_table.h). */
    private static final String[] GNTTABOP = {
        "map_grant_ref",
        "unmap_grant_ref",
        "setup_table",
        "dump_table",
        "transfer",
        "copy",
        "query_size",
        "unmap_and_replace",
        "set_version",
        "get_status_frames",
        "get_version",
        "swap_grant_ref",
        "cache_flush"
    };

    private static final String[] DOMAINS = {"destroyed", "created", "restored"};
    private static final String[] FATES = {"delivered", "dropped", "delayed", "doubled"};

    private TraceText() {}

    static void append(StringBuilder line, long number, int what, long domid, long a, long b) {
        line.append('#').append(number);
        if (domid < 0) {
            line.append(" the program ");
        } else {
            line.append(" dom").append(domid).append(' ');
        }
        switch (what) {
            case EVENT -> line.append("event, port=").append(a);
            case EVENT_HYPERCALL ->
                line.append(name("EVTCHNOP_", EVTCHNOP, a)).append(" result=").append(b);
            case GRANT_HYPERCALL ->
                line.append(name("GNTTABOP_", GNTTABOP, a)).append(" result=").append(b);
            case MAP -> grant(line.append("maps "), a).append(" status=").append(b);
            case UNMAP -> grant(line.append("unmaps "), a);
            case STEP -> line.append("runs at ").append(a).append(" ns");
            case TIME -> line.append("waits until ").append(a).append(" ns");
            case DOMAIN -> line.append(name("is ", DOMAINS, a));
            case FAULT ->
                line.append("event ")
                        .append(b < 0 ? "invented" : name("", FATES, b))
                        .append(", port=")
                        .append(a);
            default -> line.append(what).append(' ').append(a).append(' ').append(b);
        }
    }

    private static StringBuilder grant(StringBuilder line, long domidAndRef) {
        return line.append("dom").append(domidAndRef >>> 32).append("'s gref=").append(domidAndRef & 0xffff_ffffL);
    }

    private static String name(String prefix, String[] names, long number) {
        return prefix + (number >= 0 && number < names.length ? names[(int) number] : Long.toString(number));
    }
}
