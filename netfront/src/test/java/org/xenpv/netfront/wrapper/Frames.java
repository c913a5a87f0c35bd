package org.xenpv.netfront.wrapper;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.xenpv.netfront.NetPacket;
import org.xenpv.netfront.NetworkDevice;

/** Frames that can be told apart, and what was seen of them. */
final class Frames implements NetworkDevice.Receiver {

    final List<byte[]> received = new ArrayList<>();
    int batches;
    int writable;
    int linkChanges;

    /** A frame with its number in the source address and in the last byte. */
    static byte[] numbered(int number, int lengthBytes) {
        byte[] frame = new byte[lengthBytes];
        for (int i = 0; i < lengthBytes; i++) {
            frame[i] = (byte) (i * 7 + number);
        }
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) 0xff;
        }
        frame[6] = 0x02;
        frame[7] = 0;
        for (int i = 0; i < 4; i++) {
            frame[8 + i] = (byte) (number >>> 24 - 8 * i);
        }
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        return frame;
    }

    static int numberOf(byte[] frame) {
        return (frame[8] & 0xff) << 24 | (frame[9] & 0xff) << 16 | (frame[10] & 0xff) << 8 | frame[11] & 0xff;
    }

    static boolean send(NetworkDevice device, byte[] frame, Consumer<NetPacket> extras) {
        NetPacket packet = device.acquire(frame.length);
        assertThat(packet).as("room for a packet").isNotNull();
        packet.copyIn(0, frame, 0, frame.length);
        extras.accept(packet);
        return device.send(packet);
    }

    static boolean send(NetworkDevice device, byte[] frame) {
        return send(device, frame, packet -> {});
    }

    List<Integer> numbers() {
        return received.stream().map(Frames::numberOf).toList();
    }

    @Override
    public void received(NetPacket packet) {
        received.add(packet.toBytes());
        if (packet.length() > 14) {
            packet.pull(14);
            packet.putU8(0, 0x55); // it is the receiver's own
        }
    }

    @Override
    public void receivedAll() {
        batches++;
    }

    @Override
    public void writable() {
        writable++;
    }

    @Override
    public void linkChanged() {
        linkChanges++;
    }
}
