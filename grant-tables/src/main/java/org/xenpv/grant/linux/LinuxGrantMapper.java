package org.xenpv.grant.linux;

import org.xenpv.fault.XenException;
import org.xenpv.fault.XenOpException;
import org.xenpv.grant.CopyBatch;
import org.xenpv.grant.CopyPages;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantMapException;
import org.xenpv.grant.GrantMapper;
import org.xenpv.grant.MappedPages;
import org.xenpv.grant.abi.Gnttab;
import org.xenpv.linux.DeviceFile;
import org.xenpv.linux.LinuxCalls;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * Maps and copies other domains' pages through {@code /dev/xen/gntdev}.
 *
 * <p>Owned by the thread of the domain's event loop. Mapped pages stay mapped when this is closed, until they are closed
 * themselves.
 */
public final class LinuxGrantMapper implements GrantMapper, AutoCloseable {

    private static final String DEVICE = "/dev/xen/gntdev";
    private static final String MODULE = "xen-gntdev";
    private static final int PAGES_MAX = 512;
    private static final int PAGE = SharedMemory.PAGE_BYTES;

    private final DeviceFile device;
    private final ChronicleMemory args = ChronicleMemory.allocatePages(2);
    private final ChronicleMemory bounce = ChronicleMemory.allocatePages(1);
    private boolean closed;

    private LinuxGrantMapper(DeviceFile device) {
        this.device = device;
    }

    /** @throws XenOpException if there is no such device, or it is not ours to open */
    public static LinuxGrantMapper open(LinuxCalls calls) {
        return new LinuxGrantMapper(DeviceFile.open(calls, DEVICE, MODULE));
    }

    @Override
    public MappedPages map(int domid, int[] grefs, int count, GrantAccess access) {
        checkOpen();
        Gnttab.checkDomid(domid);
        if (access == null) {
            throw new IllegalArgumentException("access=null, must be READ_ONLY or READ_WRITE");
        }
        if (count < 1 || count > PAGES_MAX) {
            throw new IllegalArgumentException("count=" + count + ", must be 1 to " + PAGES_MAX);
        }
        if (grefs == null || grefs.length < count) {
            throw new IllegalArgumentException("grefs, must hold at least count=" + count + " references");
        }
        try {
            return mapRange(domid, grefs, 0, count, access);
        } catch (XenOpException refused) {
            throw culprit(domid, grefs, count, access, refused);
        }
    }

    /** The kernel reserves a range; the mapping itself is done, or refused as a whole, by mmap. */
    private LinuxMappedPages mapRange(int domid, int[] grefs, int first, int count, GrantAccess access) {
        args.check(0, Gntdev.MAP_REFS + count * Gntdev.GRANT_REF_SIZEOF, 8);
        args.putInt(Gntdev.MAP_COUNT, count);
        args.putLong(Gntdev.MAP_INDEX, 0);
        for (int i = 0; i < count; i++) {
            int at = Gntdev.MAP_REFS + i * Gntdev.GRANT_REF_SIZEOF;
            args.putInt(at + Gntdev.GRANT_REF_DOMID, domid);
            args.putInt(at + Gntdev.GRANT_REF_REF, grefs[first + i]);
        }
        String arguments = "domid=" + domid + ", count=" + count;
        device.ioctl("IOCTL_GNTDEV_MAP_GRANT_REF", Gntdev.IOCTL_GNTDEV_MAP_GRANT_REF, args, arguments);
        long index = args.getLong(Gntdev.MAP_INDEX);
        int protection =
                access == GrantAccess.READ_ONLY ? LinuxCalls.PROT_READ : LinuxCalls.PROT_READ | LinuxCalls.PROT_WRITE;
        try {
            return new LinuxMappedPages(device.mmap(count * PAGE, protection, index, () -> unmap(index, count)), count);
        } catch (XenOpException refused) {
            unmap(index, count);
            throw refused;
        }
    }

    /** The grants go with the last of the mapping and this; closing the device has done this for all of them. */
    private void unmap(long index, int count) {
        if (!closed) {
            args.putLong(Gntdev.UNMAP_INDEX, index);
            args.putInt(Gntdev.UNMAP_COUNT, count);
            device.calls().ioctl(device.fd(), Gntdev.IOCTL_GNTDEV_UNMAP_GRANT_REF, args);
        }
    }

    /** Which reference it was, for the kernel does not say: each is tried alone. */
    private XenException culprit(int domid, int[] grefs, int count, GrantAccess access, XenOpException refused) {
        for (int i = 0; i < count; i++) {
            try {
                mapRange(domid, grefs, i, 1, access).close();
            } catch (XenOpException alone) {
                int status = copy(domid, grefs[i], 0, 1, true);
                return new GrantMapException(
                        domid, grefs[i], status == Gnttab.GNTST_okay ? Gnttab.GNTST_bad_gntref : status);
            }
        }
        return refused;
    }

    @Override
    public void copyFrom(int domid, int gref, int offset, byte[] target, int targetAt, int lengthBytes) {
        checkCopy(domid, offset, target, targetAt, lengthBytes);
        if (lengthBytes > 0) {
            checked(domid, gref, copy(domid, gref, offset, lengthBytes, true));
            bounce.copyOut(0, target, targetAt, lengthBytes);
        }
    }

    @Override
    public void copyTo(int domid, int gref, int offset, byte[] source, int sourceAt, int lengthBytes) {
        checkCopy(domid, offset, source, sourceAt, lengthBytes);
        if (lengthBytes > 0) {
            bounce.copyIn(0, source, sourceAt, lengthBytes);
            checked(domid, gref, copy(domid, gref, offset, lengthBytes, false));
        }
    }

    private void checkCopy(int domid, int offset, byte[] bytes, int at, int lengthBytes) {
        checkOpen();
        Gnttab.checkCopy(domid, offset, lengthBytes);
        Gnttab.checkOwn("arrayAt", at, lengthBytes, bytes.length);
    }

    private static void checked(int domid, int gref, int status) {
        if (status != Gnttab.GNTST_okay) {
            throw new GrantMapException(domid, gref, status);
        }
    }

    /** Between the bounce page's beginning and a granted page. @return GNTST_* */
    private int copy(int domid, int gref, int offset, int lengthBytes, boolean from) {
        int segment = Gntdev.COPY_SIZEOF;
        GrantCopySegment.write(args, segment, gref, offset, domid, bounce.address(), lengthBytes, from);
        run(device, args, 1, args.address() + segment);
        return GrantCopySegment.status(args, segment);
    }

    /** IOCTL_GNTDEV_GRANT_COPY of segments; the struct that names them is written at the beginning of the memory. */
    static void run(DeviceFile device, ChronicleMemory args, int count, long segments) {
        args.check(0, Gntdev.COPY_SIZEOF, 8);
        args.putLong(Gntdev.COPY_COUNT, count);
        args.putLong(Gntdev.COPY_SEGMENTS, segments);
        device.ioctl("IOCTL_GNTDEV_GRANT_COPY", Gntdev.IOCTL_GNTDEV_GRANT_COPY, args, "count=" + count);
    }

    @Override
    public CopyPages copyPages(int pages) {
        checkOpen();
        if (pages < 1 || pages > PAGES_MAX) {
            throw new IllegalArgumentException("pages=" + pages + ", must be 1 to " + PAGES_MAX);
        }
        return new LinuxCopyPages(pages);
    }

    @Override
    public CopyBatch copyBatch(int copiesMax) {
        checkOpen();
        return new LinuxCopyBatch(device, copiesMax);
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("grant mapper is closed");
        }
    }

    /** Idempotent, never throws. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            device.close();
            args.close();
            bounce.close();
        }
    }
}
