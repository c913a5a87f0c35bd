package org.xenpv.realxen;

import java.util.LinkedHashMap;
import java.util.Map;

/** All scenarios by name, in the order in which they are run. tests/real-xen/scenarios.txt says in what kind of guest. */
final class Scenarios {

    private Scenarios() {}

    static Map<String, Scenario> all() {
        Map<String, Scenario> all = new LinkedHashMap<>();
        all.put("blk-read", new BlkRead());
        all.put("blk-mixed", BlkMixed.everyConnection());
        all.put("blk-soak", BlkMixed.hundredThousand());
        all.put("blk-edges", new BlkEdges());
        all.put("blk-detach", new BlkDetach());
        all.put("blk-kill", new BlkKill());
        all.put("blk-pause", new BlkPause());
        all.put("blk-unbind", new BlkUnbind());
        all.put("blk-qemu", new BlkQemu());
        all.put("xenstore", new XenstoreStory());
        all.put("xenstored-hangs", new XenstoredHangs());
        all.put("xenstored-update", new XenstoredUpdate(false));
        all.put("xenstored-force", new XenstoredUpdate(true));
        all.put("blkback-ext4", new BlkbackExt4());
        all.put("blkback-verify", new BlkbackVerify());
        all.put("netback-ping", new NetbackPing());
        all.put("netback-iperf3", new NetbackIperf3());
        all.put("console-back", ConsoleBack.ofTheKernels());
        all.put("console-both-ends", ConsoleBack.ofOurs());
        all.put("console-qemu", new ConsoleQemu());
        all.put("both-ends", new BothEnds());
        all.put("blkback-kill", new BlkbackKill());
        all.put("net-ping", NetPing.plain());
        all.put("net-soak", new NetSoak());
        all.put("net-features", NetPing.features());
        all.put("net-tcp", new NetTcp());
        all.put("net-multicast", new NetMulticast());
        all.put("net-queues", new NetQueues());
        all.put("side-by-side-blk", new SideBySideBlk());
        all.put("side-by-side-net", new SideBySideNet());
        all.put("net-detach", new NetDetach());
        all.put("save-restore", new SaveRestore());
        return all;
    }
}
