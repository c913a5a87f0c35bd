package org.xenpv.unikernel;

import org.xenpv.blkfront.BlkData;
import org.xenpv.blkfront.BlkGeometry;
import org.xenpv.blkfront.BlkOp;
import org.xenpv.blkfront.BlkfrontConfig;
import org.xenpv.blkfront.BlkfrontDevice;
import org.xenpv.console.ConsoleConfig;
import org.xenpv.console.ConsoleDevice;
import org.xenpv.fault.XenException;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenGuests;

/**
 * Connects the first disk, the first network interface and the console, writes the checksum of the disk's first sector to the
 * console, flushes the disk, closes all and ends. Until then frames are sent back to where they came from.
 */
public final class Main {

    private static final long DEADLINE_NS = 60_000_000_000L;

    private final XenGuest guest;
    private final ConsoleDevice console;
    private final BlkfrontDevice disk;
    private final FrameEcho echo;
    private boolean done;

    private Main(XenGuest guest) {
        this.guest = guest;
        this.console = ConsoleDevice.primary(guest, ConsoleConfig.DEFAULT, new ConsoleEvents());
        this.disk = new BlkfrontDevice(guest, "device/vbd/51712", BlkfrontConfig.DEFAULT, new DiskEvents());
        this.echo = new FrameEcho(guest, this::say, () -> {
            console.close();
            done = true;
        });
    }

    public static void main(String[] args) {
        XenGuest guest = XenGuests.bare(new MachinePlatform());
        Main main = new Main(guest);
        main.console.start();
        main.disk.start();
        main.echo.start();
        guest.loop().runUntil(() -> main.done, guest.clock().nanoTime() + DEADLINE_NS);
        guest.close();
    }

    private void say(String line) {
        byte[] bytes = new byte[line.length() + 2];
        for (int i = 0; i < line.length(); i++) {
            bytes[i] = (byte) line.charAt(i);
        }
        bytes[line.length()] = '\r';
        bytes[line.length() + 1] = '\n';
        console.write(bytes, 0, bytes.length);
    }

    private final class DiskEvents implements BlkfrontDevice.Listener {

        @Override
        public void connected(BlkGeometry geometry) {
            byte[] sector = new byte[geometry.sectorBytes()];
            disk.submit(BlkOp.read(0, sector.length, BlkData.of(sector, 0), (read, error) -> {
                if (error != null) {
                    say(error.getMessage());
                    disk.close();
                    return;
                }
                int sum = 0;
                for (byte b : sector) {
                    sum = 31 * sum + b;
                }
                say("disk of " + geometry.sectors() + " sectors, first sector sums to " + sum);
                disk.submit(BlkOp.flush((flush, refused) -> disk.close()));
            }));
        }

        @Override
        public void resized(BlkGeometry geometry) {
            say("disk now has " + geometry.sectors() + " sectors");
        }

        @Override
        public void ended(XenException reason) {
            say(reason == null ? "disk closed" : reason.getMessage());
            echo.close();
        }
    }

    private final class ConsoleEvents implements ConsoleDevice.Listener {

        private final byte[] input = new byte[64];

        @Override
        public void connected() {
            say("xenpv without an operating system");
        }

        @Override
        public void readable() {
            int got = console.read(input, 0, input.length);
            console.write(input, 0, got);
        }

        @Override
        public void writable() {}

        @Override
        public void ended(XenException reason) {
            done = true;
        }
    }
}
