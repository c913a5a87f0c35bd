package org.xenpv.layers;

import org.xenpv.memory.ChronicleMemory;

/** A host at one end of a cable, its whole stack, and its time. */
final class Host implements AutoCloseable {

    static final int DATAGRAMS = 4;

    final CableDevice device;
    final ManualAlarms alarms = new ManualAlarms();
    final Ipv4Home home;
    final Ipv4Stack<CableDevice> stack;
    private final ChronicleMemory memory =
            ChronicleMemory.allocatePages(DATAGRAMS * Ipv4Buffers.DATAGRAM_BYTES / ChronicleMemory.PAGE_BYTES);

    Host(CableDevice device, String address) {
        this.device = device;
        this.home = Ipv4Home.parse(address, "");
        this.stack = new Ipv4Stack<>(device, home, alarms, Ipv4Buffers.of(memory));
    }

    int address() {
        return home.address();
    }

    /** Gives back what waits; nothing of the device's may be missing then. */
    @Override
    public void close() {
        stack.close();
        memory.close();
        if (device.freePackets() + device.queued() < 96) {
            throw new AssertionError(
                    "packets of the device are missing: " + (96 - device.freePackets() - device.queued()));
        }
    }
}
