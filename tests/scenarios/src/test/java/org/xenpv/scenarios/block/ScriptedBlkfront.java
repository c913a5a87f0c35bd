package org.xenpv.scenarios.block;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.xenpv.event.EventLoop;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifAbi;
import org.xenpv.io.blkif.BlkifKeys;
import org.xenpv.io.blkif.BlkifRequest;
import org.xenpv.io.blkif.BlkifRequestSegment;
import org.xenpv.io.blkif.BlkifResponse;
import org.xenpv.io.blkif.BlkifX86_32Request;
import org.xenpv.io.blkif.BlkifX86_32Response;
import org.xenpv.memory.SharedMemory;
import org.xenpv.ring.FrontRing;
import org.xenpv.ring.SharedRing;
import org.xenpv.simulator.SimDevice;
import org.xenpv.simulator.SimDomain;
import org.xenpv.xenbus.XenbusState;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * A block frontend that does nothing by itself: a test writes its keys, fills its rings and looks for answers. It knows
 * only the wire, so it checks a backend independently of the real frontend, and can misbehave.
 *
 * <p>For a deterministic host, from the test's thread.
 */
final class ScriptedBlkfront {

    static final Duration SOON = Duration.ofSeconds(5);
    private static final int DATA_PAGES = 16;

    record Answer(long id, int operation, short status) {}

    /** One ring and its port. */
    final class Queue {
        final GrantedPages ring;
        final FrontRing front;
        final int port;
        private final EventLoop.Registration registration;
        int events;

        private Queue(int pages) {
            ring = domain.call(
                    guest -> guest.grants().grant(device.backendId(), pages, GrantAccess.READ_WRITE, "ring"));
            front = FrontRing.init(new SharedRing(ring.memory(), abi.slotBytes()));
            port = domain.call(guest -> guest.events().allocUnbound(device.backendId()));
            registration = domain.call(guest -> guest.loop().register(port, "scripted vbd", budget -> {
                events++;
                return 0;
            }));
        }

        void release() {
            domain.run(guest -> {
                registration.cancel();
                guest.events().close(port);
                ring.release();
            });
        }

        void push() {
            domain.run(guest -> {
                if (front.pushRequestsAndCheckNotify()) {
                    guest.events().send(port);
                }
            });
        }

        /** Stages one request over whole data pages, the first {@code pages} of them. */
        void stage(int operation, long id, long sector, int pages) {
            SharedMemory m = front.memory();
            int at = front.nextRequest();
            boolean wide = abi == BlkifAbi.X86_64;
            if (wide) {
                BlkifRequest.putHeader(m, at, operation, pages, device.devid(), id, sector);
            } else {
                BlkifX86_32Request.putHeader(m, at, operation, pages, device.devid(), id, sector);
            }
            for (int i = 0; i < pages; i++) {
                int segAt = wide ? BlkifRequest.segmentAt(at, i) : BlkifX86_32Request.segmentAt(at, i);
                BlkifRequestSegment.put(m, segAt, data.gref(i), 0, 7);
            }
        }

        List<Answer> takeAnswers() {
            List<Answer> answers = new ArrayList<>();
            SharedMemory m = front.memory();
            for (int ready = front.unconsumedResponses(); ready > 0; ready--) {
                int at = front.nextResponse();
                answers.add(
                        abi == BlkifAbi.X86_64
                                ? new Answer(
                                        BlkifResponse.id(m, at),
                                        BlkifResponse.operation(m, at),
                                        BlkifResponse.status(m, at))
                                : new Answer(
                                        BlkifX86_32Response.id(m, at),
                                        BlkifX86_32Response.operation(m, at),
                                        BlkifX86_32Response.status(m, at)));
            }
            front.finalCheckForResponses();
            return answers;
        }

        List<Answer> awaitAnswers(int count) {
            List<Answer> answers = new ArrayList<>();
            domain.await(
                    () -> {
                        answers.addAll(takeAnswers());
                        return answers.size() >= count;
                    },
                    SOON);
            return answers;
        }

        short perform(int operation, long sector, int pages) {
            stage(operation, 77, sector, pages);
            push();
            List<Answer> answers = awaitAnswers(1);
            if (answers.size() != 1 || answers.get(0).id != 77 || answers.get(0).operation != operation) {
                throw new AssertionError("expected one answer: " + answers);
            }
            return answers.get(0).status;
        }
    }

    final SimDomain domain;
    final SimDevice device;
    final BlkifAbi abi;
    final GrantedPages data;
    final List<Queue> queues = new ArrayList<>();
    private final XenstoreWatch watch;
    int stateWatchFired;

    ScriptedBlkfront(SimDomain domain, SimDevice device, BlkifAbi abi) {
        this.domain = domain;
        this.device = device;
        this.abi = abi;
        this.data = domain.call(
                guest -> guest.grants().grant(device.backendId(), DATA_PAGES, GrantAccess.READ_WRITE, "data"));
        this.watch = domain.call(
                guest -> guest.store().watch(device.backendPath() + "/state", changed -> stateWatchFired++));
    }

    ScriptedBlkfront(SimDomain domain, SimDevice device) {
        this(domain, device, BlkifAbi.X86_64);
    }

    void write(String... pairs) {
        String[] absolute = pairs.clone();
        for (int i = 0; i < absolute.length; i += 2) {
            absolute[i] = device.nodename() + "/" + absolute[i];
        }
        boolean[] done = new boolean[1];
        domain.run(guest -> guest.store().writeAll((ok, error) -> done[0] = error == null, absolute));
        if (!domain.await(() -> done[0], SOON)) {
            throw new AssertionError("not written: " + List.of(pairs));
        }
    }

    void state(XenbusState state) {
        write("state", Integer.toString(state.value()));
    }

    String backend(String key) {
        String[][] found = new String[1][];
        domain.run(
                guest -> guest.store().readAll((values, error) -> found[0] = values, device.backendPath() + "/" + key));
        domain.await(() -> found[0] != null, SOON);
        return found[0][0];
    }

    boolean awaitBackend(XenbusState wanted) {
        for (int look = 0; look < 1000; look++) {
            if (XenbusState.parse(backend("state")) == wanted) {
                return true;
            }
            domain.await(() -> false, Duration.ofMillis(1));
        }
        return false;
    }

    /** Makes rings and publishes them; the state is left to the caller. */
    void publish(int order, int queueCount, boolean persistent) {
        for (int i = 0; i < queueCount; i++) {
            queues.add(new Queue(1 << order));
        }
        write(BlkifKeys.PROTOCOL, abi.protocol(), BlkifKeys.FEATURE_PERSISTENT, persistent ? "1" : "0");
        if (order > 0) {
            write(BlkifKeys.RING_PAGE_ORDER, Integer.toString(order));
        }
        if (queueCount > 1) {
            write(BlkifKeys.MULTI_QUEUE_NUM_QUEUES, Integer.toString(queueCount));
        }
        for (int i = 0; i < queueCount; i++) {
            Queue queue = queues.get(i);
            String directory = queueCount > 1 ? BlkifKeys.queue(i) + "/" : "";
            write(directory + BlkifKeys.EVENT_CHANNEL, Integer.toString(queue.port));
            for (int page = 0; page < 1 << order; page++) {
                String key = order > 0 ? BlkifKeys.ringRef(page) : BlkifKeys.RING_REF;
                write(directory + key, Integer.toString(queue.ring.gref(page)));
            }
        }
    }

    /** The whole handshake. */
    ScriptedBlkfront connect(int order, int queueCount, boolean persistent) {
        if (!awaitBackend(XenbusState.INIT_WAIT)) {
            throw new AssertionError("backend is " + backend("state"));
        }
        publish(order, queueCount, persistent);
        state(XenbusState.INITIALISED);
        if (!awaitBackend(XenbusState.CONNECTED)) {
            throw new AssertionError("backend is " + backend("state"));
        }
        state(XenbusState.CONNECTED);
        return this;
    }

    Queue queue(int index) {
        return queues.get(index);
    }

    short read(long sector, int pages) {
        return queue(0).perform(Blkif.BLKIF_OP_READ, sector, pages);
    }

    byte[] data(int pages) {
        byte[] bytes = new byte[pages * SharedMemory.PAGE_BYTES];
        data.memory().copyOut(0, bytes, 0, bytes.length);
        return bytes;
    }

    void data(byte[] bytes) {
        data.memory().copyIn(0, bytes, 0, bytes.length);
    }

    /** Gives the rings back, as a frontend does that has crashed and is started again. */
    void releaseRings() {
        queues.forEach(Queue::release);
        queues.clear();
    }

    /** Closes in an orderly way and gives everything back. */
    void close() {
        state(XenbusState.CLOSING);
        awaitBackend(XenbusState.CLOSING);
        state(XenbusState.CLOSED);
        awaitBackend(XenbusState.CLOSED);
        release();
    }

    void release() {
        releaseRings();
        domain.run(guest -> {
            watch.cancel();
            data.release();
        });
    }
}
