package org.xenpv.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.xenpv.backends.block.MemoryStore;
import org.xenpv.backends.block.StoreFactory;
import org.xenpv.blkfront.Blkfront;
import org.xenpv.xenbus.XenGuest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Example: a disk as the JDK sees it, a channel of bytes. */
@Command(
        name = "disk-cat",
        description = "A guest prints what is on a disk. Without FILE it is a disk in memory, and the guest writes"
                + " standard input on it before.",
        mixinStandardHelpOptions = true)
final class DiskCat implements Callable<Integer> {

    private static final int SECTOR_BYTES = 512;
    private static final int RAM_DISK_MAX = 64 << 20;

    @Parameters(arity = "0..1", paramLabel = "FILE", description = "the image; it is only read")
    private Path file;

    @Mixin
    private HostOptions options;

    private final InputStream in;
    private final OutputStream out;

    DiskCat() {
        this(System.in, System.out);
    }

    DiskCat(InputStream in, OutputStream out) {
        this.in = in;
        this.out = out;
    }

    @Override
    public Integer call() throws IOException {
        byte[] content = file == null ? input() : null;
        if (file != null) {
            Image.existing(file); // a sentence for what cannot be a disk
        }
        try (ExampleHost host = options.open()) {
            if (file != null) {
                String disk = host.attachDisk(StoreFactory.RAW_IMAGES, file.toString(), false);
                cat(host.guest(), disk);
            } else {
                int sectors = content.length / SECTOR_BYTES + 1;
                StoreFactory ram = (params, writable) -> MemoryStore.of(new byte[sectors * SECTOR_BYTES]);
                catThroughRamDisk(host.guest(), host.attachDisk(ram, "ram", true), content);
            }
            host.checkNothingLeft();
        }
        return 0;
    }

    private byte[] input() throws IOException {
        byte[] content = in.readNBytes(RAM_DISK_MAX + 1);
        if (content.length > RAM_DISK_MAX) {
            throw CommandFailure.refused(
                    "standard input has more than " + RAM_DISK_MAX + " bytes, what the disk holds");
        }
        return content;
    }

    private void cat(XenGuest guest, String nodename) throws IOException {
        try (Blkfront disk = Blkfront.connect(guest, nodename);
                InputStream bytes = Channels.newInputStream(disk.channel())) {
            bytes.transferTo(out);
            out.flush();
        }
    }

    private void catThroughRamDisk(XenGuest guest, String nodename, byte[] content) throws IOException {
        try (Blkfront disk = Blkfront.connect(guest, nodename)) {
            SeekableByteChannel bytes = disk.channel();
            for (ByteBuffer rest = ByteBuffer.wrap(content); rest.hasRemaining(); ) {
                bytes.write(rest);
            }
            disk.flush().join();
            bytes.position(0);
            out.write(Channels.newInputStream(bytes).readNBytes(content.length));
            out.flush();
        }
    }
}
