package org.xenpv.grant.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.xenpv.fault.XenOpException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.GrantLedger;
import org.xenpv.grant.GrantTable;
import org.xenpv.grant.GrantedPages;
import org.xenpv.grant.abi.Gnttab;
import org.xenpv.linux.DeviceFile;
import org.xenpv.linux.Errno;
import org.xenpv.linux.LinuxCalls;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/**
 * Grants of a Linux guest, from {@code /dev/xen/gntalloc}. The kernel allocates the pages, zeroed, and grants them in one go;
 * a page is granted for as long as it is ours, so drivers keep theirs for the life of a connection and copy.
 *
 * <p>There are only so many: the module's parameter {@code limit}, 1024 for the whole guest unless it is raised. It is
 * read again whenever it stands in the way.
 *
 * <p>When pages are given back, and also when this program dies, the kernel ends the grants. A page that the other domain still
 * maps it keeps from everybody until that lets go; nobody is told, so there is no quarantine here and {@link
 * GrantedPages#release} is always true.
 *
 * <p>Owned by the thread of the domain's event loop.
 */
public final class LinuxGrantTable implements GrantTable, AutoCloseable {

    static final String DEVICE = "/dev/xen/gntalloc";
    private static final String MODULE = "xen-gntalloc";
    private static final Path LIMIT = Path.of("/sys/module/xen_gntalloc/parameters/limit");
    private static final int PAGES_MAX = 512;

    private final DeviceFile device;
    private final Path limitFile;
    private final ChronicleMemory args = ChronicleMemory.allocatePages(1);
    private final LinuxGrantLedger ledger = new LinuxGrantLedger();
    private int limit;
    private boolean closed;

    private LinuxGrantTable(DeviceFile device, Path limitFile) {
        this.device = device;
        this.limitFile = limitFile;
        readLimit();
    }

    /** @throws XenOpException if there is no such device, or it is not ours to open */
    public static LinuxGrantTable open(LinuxCalls calls) {
        return open(calls, LIMIT);
    }

    /** @param limitFile holds the number of pages that the kernel gives out */
    public static LinuxGrantTable open(LinuxCalls calls, Path limitFile) {
        return new LinuxGrantTable(DeviceFile.open(calls, DEVICE, MODULE), limitFile);
    }

    private void readLimit() {
        try {
            limit = Integer.parseInt(Files.readString(limitFile).trim());
        } catch (IOException | NumberFormatException unknown) {
            limit = Integer.MAX_VALUE; // the kernel knows it
        }
    }

    /** How many pages the kernel gives out to all programs of this guest; as many as fit an int if it does not say. */
    public int limit() {
        return limit;
    }

    @Override
    public GrantedPages grant(int domid, int pages, GrantAccess access, String purpose) {
        Gnttab.checkDomid(domid);
        if (access == null) {
            throw new IllegalArgumentException("access=null, must be READ_ONLY or READ_WRITE");
        }
        if (pages < 1 || pages > PAGES_MAX) {
            throw new IllegalArgumentException("pages=" + pages + ", must be 1 to " + PAGES_MAX);
        }
        if (purpose == null) {
            throw new IllegalArgumentException("purpose=null, must say what the pages are for");
        }
        if (closed) {
            throw new IllegalStateException("the grant table is closed");
        }
        if (pages > limit - ledger.lent()) {
            readLimit();
            if (pages > limit - ledger.lent()) {
                throw exhausted(pages);
            }
        }
        int flags = access == GrantAccess.READ_WRITE ? Gntalloc.GNTALLOC_FLAG_WRITABLE : 0;
        args.check(0, Gntalloc.ALLOC_GREF_IDS + pages * Integer.BYTES, 8);
        args.putShort(Gntalloc.ALLOC_DOMID, (short) domid);
        args.putShort(Gntalloc.ALLOC_FLAGS, (short) flags);
        args.putInt(Gntalloc.ALLOC_COUNT, pages);
        args.putLong(Gntalloc.ALLOC_INDEX, 0);
        int returned = device.calls().ioctl(device.fd(), Gntalloc.IOCTL_GNTALLOC_ALLOC_GREF, args);
        if (returned < 0) {
            throw refused(-returned, domid, pages);
        }
        return mapped(domid, pages, access, purpose);
    }

    private LinuxGrantedPages mapped(int domid, int pages, GrantAccess access, String purpose) {
        long index = args.getLong(Gntalloc.ALLOC_INDEX);
        int[] grefs = new int[pages];
        for (int page = 0; page < pages; page++) {
            grefs[page] = args.getInt(Gntalloc.ALLOC_GREF_IDS + page * Integer.BYTES);
        }
        ChronicleMemory memory;
        try {
            int protection = LinuxCalls.PROT_READ | LinuxCalls.PROT_WRITE;
            memory = device.mmap(pages * SharedMemory.PAGE_BYTES, protection, index, () -> dealloc(index, pages));
        } catch (XenOpException e) {
            dealloc(index, pages);
            throw e;
        }
        LinuxGrantedPages granted = new LinuxGrantedPages(this, memory, index, grefs, domid, access, purpose);
        ledger.lend(granted);
        return granted;
    }

    private RuntimeException refused(int errno, int domid, int pages) {
        if (errno == Errno.ENOSPC.number()) {
            readLimit();
            return exhausted(pages);
        }
        String arguments = "domid=" + domid + ", count=" + pages;
        if (errno == Errno.ENOMEM.number()) {
            return new GrantExhaustedException(
                    "IOCTL_GNTALLOC_ALLOC_GREF(" + arguments + "): the kernel has no memory or no references left");
        }
        return device.refused("IOCTL_GNTALLOC_ALLOC_GREF", errno, arguments);
    }

    private GrantExhaustedException exhausted(int pages) {
        return new GrantExhaustedException("pages: wanted=" + pages + ", lent=" + ledger.lent() + ", limit="
                + (limit == Integer.MAX_VALUE ? "unknown" : Integer.toString(limit))
                + " for all programs of this guest; raise it with: echo 4096 > " + limitFile);
    }

    private void dealloc(long index, int pages) {
        args.putLong(Gntalloc.DEALLOC_INDEX, index);
        args.putInt(Gntalloc.DEALLOC_COUNT, pages);
        device.calls().ioctl(device.fd(), Gntalloc.IOCTL_GNTALLOC_DEALLOC_GREF, args);
    }

    void returned(LinuxGrantedPages pages) {
        ledger.giveBack(pages);
    }

    void setUnmapNotify(long index, int action, int port) {
        args.putLong(Gntalloc.NOTIFY_INDEX, index);
        args.putInt(Gntalloc.NOTIFY_ACTION, action);
        args.putInt(Gntalloc.NOTIFY_EVENT_CHANNEL_PORT, port);
        device.ioctl(
                "IOCTL_GNTALLOC_SET_UNMAP_NOTIFY",
                Gntalloc.IOCTL_GNTALLOC_SET_UNMAP_NOTIFY,
                args,
                "index=" + index + ", action=" + action + ", port=" + port);
    }

    /** What other programs of this guest hold is not known, and not taken off. */
    @Override
    public int pagesLeft() {
        readLimit();
        return limit == Integer.MAX_VALUE ? limit : Math.max(0, limit - ledger.lent());
    }

    @Override
    public boolean canRegrant() {
        return false;
    }

    @Override
    public boolean seesMappings() {
        return false;
    }

    /** The kernel does that. */
    @Override
    public void retryQuarantine() {}

    @Override
    public GrantLedger ledger() {
        return ledger;
    }

    /** Takes back whatever was not given back: nobody may touch its memory any more. Idempotent, never throws. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            for (LinuxGrantedPages pages : ledger.held()) {
                pages.release();
            }
            device.close();
            args.close();
        }
    }
}
