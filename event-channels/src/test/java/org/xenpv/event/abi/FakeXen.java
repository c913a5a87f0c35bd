package org.xenpv.event.abi;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * The hypervisor's side of one domain's event channels, both ABIs, as far as the domain can see it: ports, the bits and
 * words it sets, argument structs. Its own offsets are written out, so that a wrong one on the other side shows.
 */
final class FakeXen implements EventChannelOp, SchedOp, EventArrayFrames, AutoCloseable {

    static final int EINVAL = 22;
    static final int EEXIST = 17;
    static final int ENOSYS = 38;
    static final int ENOSPC = 28;

    private static final int PENDING = 0x80000000;
    private static final int MASKED = 0x40000000;
    private static final int LINKED = 0x20000000;
    private static final int BUSY = 0x10000000;

    final ChronicleMemory sharedInfo = ChronicleMemory.allocatePages(1);
    final ChronicleMemory args = ChronicleMemory.allocatePages(1);
    final List<String> calls = new ArrayList<>();

    /** 0 closed, 1 unbound, 2 interdomain, 3 virq. */
    private final int[] state = new int[1 << 17];

    private final int[] priority = new int[1 << 17];
    private final boolean[] pendingWithoutWord = new boolean[1 << 17];
    private final Map<Integer, Integer> virqs = new HashMap<>();
    private final Map<Long, ChronicleMemory> frames = new HashMap<>();
    private final List<SharedMemory> array = new ArrayList<>();
    private final int[] tails = new int[16];
    private final int[] queueOf = new int[1 << 17];
    private SharedMemory control;
    private boolean fifo;
    private boolean kicked;
    private long nextGfn = 0x1_0000_0001L;

    boolean hasFifo = true;
    int framesLeft = 1000;
    int linkBits = 17;
    /** Ports below this are taken: for the ends of the tables. */
    int firstPort = 1;

    /** Calls of send by port. */
    final int[] sentBy = new int[1 << 17];
    /** Does not log calls. */
    boolean quiet;

    int maxPorts() {
        return fifo ? 1 << 17 : 4096;
    }

    // ---- hypercalls

    @Override
    public synchronized int eventChannelOp(int cmd, SharedMemory memory, int at) {
        if (memory != args || at % 8 != 0) {
            throw new AssertionError("arguments are not in the args area");
        }
        switch (cmd) {
            case 6: { // alloc_unbound
                calls.add("alloc_unbound " + Integer.toHexString(memory.getShort(at)) + " " + memory.getShort(at + 2));
                int port = freePort(1);
                memory.putInt(at + 4, port);
                return Math.min(port, 0);
            }
            case 0: { // bind_interdomain
                calls.add("bind_interdomain " + memory.getShort(at) + " " + memory.getInt(at + 4));
                if (memory.getInt(at + 4) == 666) {
                    return -EINVAL;
                }
                int port = freePort(2);
                if (port > 0) {
                    raise(port);
                }
                memory.putInt(at + 8, port);
                return Math.min(port, 0);
            }
            case 1: { // bind_virq
                int virq = memory.getInt(at);
                if (virqs.containsKey(virq)) {
                    return -EEXIST;
                }
                calls.add("bind_virq " + virq + " " + memory.getInt(at + 4));
                int port = freePort(3);
                virqs.put(virq, port);
                memory.putInt(at + 8, port);
                return Math.min(port, 0);
            }
            case 3: { // close
                int port = memory.getInt(at);
                if (!isOpen(port)) {
                    return -EINVAL;
                }
                state[port] = 0;
                virqs.values().remove(port);
                clearPending(port);
                return 0;
            }
            case 4: { // send
                int port = memory.getInt(at);
                if (!isOpen(port)) {
                    return -EINVAL;
                }
                sentBy[port]++;
                return 0;
            }
            case 9: // unmask
                if (!quiet) {
                    calls.add("unmask " + memory.getInt(at));
                }
                return unmask(memory.getInt(at));
            case 11: // init_control
                return initControl(memory, at);
            case 12: // expand_array
                return expandArray(memory.getLong(at));
            case 13: { // set_priority
                int port = memory.getInt(at);
                int wanted = memory.getInt(at + 4);
                if (!fifo) {
                    return -ENOSYS;
                }
                if (wanted < 0 || wanted > 15 || !isOpen(port)) {
                    return -EINVAL;
                }
                priority[port] = wanted;
                return 0;
            }
            default:
                return -ENOSYS;
        }
    }

    private boolean isOpen(int port) {
        return port > 0 && port < maxPorts() && state[port] != 0;
    }

    private int freePort(int newState) {
        for (int port = firstPort; port < maxPorts(); port++) {
            if (state[port] == 0) {
                state[port] = newState;
                priority[port] = 7;
                return port;
            }
        }
        return -ENOSPC;
    }

    private int initControl(SharedMemory memory, int at) {
        if (!hasFifo) {
            return -ENOSYS;
        }
        SharedMemory frame = frames.get(memory.getLong(at));
        if (frame == null || memory.getInt(at + 8) != 0 || memory.getInt(at + 12) != 0) {
            return -EINVAL;
        }
        control = frame;
        fifo = true;
        array.clear();
        memory.putByte(at + 16, (byte) linkBits);
        return 0;
    }

    private int expandArray(long gfn) {
        SharedMemory frame = frames.get(gfn);
        if (frame == null || control == null) {
            return -EINVAL;
        }
        int first = array.size() * 1024;
        array.add(frame);
        for (int port = Math.max(first, 1); port < first + 1024; port++) {
            if (pendingWithoutWord[port]) {
                pendingWithoutWord[port] = false;
                raise(port);
            }
        }
        return 0;
    }

    @Override
    public EventArrayFrames.Frame allocate() {
        if (framesLeft == 0) {
            return null;
        }
        framesLeft--;
        ChronicleMemory memory = ChronicleMemory.allocatePages(1);
        memory.putInt(0, 0x55555555);
        long gfn = nextGfn++;
        frames.put(gfn, memory);
        return new EventArrayFrames.Frame(memory, gfn);
    }

    // ---- events

    /** An event of the other end arrives at our port. */
    synchronized void raise(int port) {
        if (!isOpen(port)) {
            return;
        }
        if (fifo) {
            raiseFifo(port);
        } else if (!setBit(2048 + port / 32 * 4, port)
                && (sharedInfo.getIntAcquire(2560 + port / 32 * 4) & 1 << port) == 0) {
            int word = port / 64;
            if (!setBit(8 + word / 32 * 4, word)) {
                announce();
            }
        }
    }

    private int unmask(int port) {
        if (!isOpen(port)) {
            return -EINVAL;
        }
        if (fifo) {
            change(word(port), at(port), MASKED, 0);
            if ((word(port).getIntAcquire(at(port)) & PENDING) != 0) {
                raiseFifo(port);
            }
            return 0;
        }
        throw new AssertionError("the 2-level ABI unmasks without a hypercall");
    }

    private void raiseFifo(int port) {
        SharedMemory word = word(port);
        if (word == null) {
            pendingWithoutWord[port] = true;
            return;
        }
        change(word, at(port), 0, PENDING);
        if ((word.getIntAcquire(at(port)) & MASKED) != 0 || (change(word, at(port), 0, LINKED) & LINKED) != 0) {
            return;
        }
        // The queue whose tail it may still be, from the last time it was linked.
        if (tails[queueOf[port]] == port) {
            tails[queueOf[port]] = 0;
        }
        int queue = priority[port];
        queueOf[port] = queue;
        boolean linked = tails[queue] != 0 && linkTo(tails[queue], port);
        tails[queue] = port;
        if (!linked) {
            control.putIntRelease(8 + queue * 4, port);
            if ((change(control, 0, 0, 1 << queue) & 1 << queue) == 0) {
                announce();
            }
        }
    }

    /** Appends to a tail that is still on its queue. BUSY is held in between, so that nobody unmasks it. */
    private boolean linkTo(int tail, int port) {
        SharedMemory word = word(tail);
        change(word, at(tail), 0, BUSY);
        for (; ; ) {
            int old = word.getIntAcquire(at(tail));
            if ((old & LINKED) == 0) {
                change(word, at(tail), BUSY, 0);
                return false;
            }
            if (word.compareAndSetInt(at(tail), old, old & ~(BUSY | 0x1ffff) | port)) {
                return true;
            }
        }
    }

    private void announce() {
        sharedInfo.putByte(0, (byte) 1);
        sharedInfo.fullFence();
        notifyAll();
    }

    boolean announced() {
        return sharedInfo.getByte(0) != 0;
    }

    private void clearPending(int port) {
        pendingWithoutWord[port] = false;
        if (!fifo) {
            change(sharedInfo, 2048 + port / 32 * 4, 1 << port, 0);
        } else if (word(port) != null) {
            change(word(port), at(port), PENDING, 0);
        }
    }

    /** The event word of a port, as the domain sees it. */
    int eventWord(int port) {
        return word(port).getIntAcquire(at(port));
    }

    /** Damage that no hypervisor would do. */
    void corruptHead(int queue, int port) {
        control.putInt(8 + queue * 4, port);
    }

    /** Damage that no hypervisor would do. */
    void corruptLink(int from, int to) {
        change(word(from), at(from), 0x1ffff, to);
    }

    void holdBusy(int port) {
        change(word(port), at(port), 0, BUSY);
    }

    private SharedMemory word(int port) {
        return port / 1024 < array.size() ? array.get(port / 1024) : null;
    }

    private static int at(int port) {
        return port % 1024 * 4;
    }

    private boolean setBit(int at, int bit) {
        return (change(sharedInfo, at, 0, 1 << bit) & 1 << bit) != 0;
    }

    private static int change(SharedMemory memory, int at, int clear, int set) {
        int old;
        do {
            old = memory.getIntAcquire(at);
        } while (!memory.compareAndSetInt(at, old, old & ~clear | set));
        return old;
    }

    // ---- the virtual CPU

    @Override
    public synchronized void block(long deadlineNs) {
        long leftNs = deadlineNs - System.nanoTime();
        while (!announced() && !kicked && (deadlineNs == Long.MAX_VALUE || leftNs > 0)) {
            try {
                if (deadlineNs == Long.MAX_VALUE) {
                    wait();
                } else {
                    wait(leftNs / 1_000_000, (int) (leftNs % 1_000_000));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
            leftNs = deadlineNs - System.nanoTime();
        }
        kicked = false;
    }

    @Override
    public synchronized void kick() {
        kicked = true;
        notifyAll();
    }

    @Override
    public void close() {
        sharedInfo.close();
        args.close();
        frames.values().forEach(ChronicleMemory::close);
    }
}
