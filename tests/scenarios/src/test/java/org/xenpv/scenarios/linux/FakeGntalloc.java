package org.xenpv.scenarios.linux;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.xenpv.linux.Errno;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** An open /dev/xen/gntalloc, after linux/drivers/xen/gntalloc.c. */
final class FakeGntalloc extends FakeFile {

    private static final int PAGE = SharedMemory.PAGE_BYTES;

    /** A granted page: lives while it is in the file's list or mapped. */
    private static final class Gref {
        final int reference;
        final int page;
        boolean listed = true;
        int mapped;
        int notifyAt = -1;
        int notifyPort;

        Gref(int reference, int page) {
            this.reference = reference;
            this.page = page;
        }
    }

    private final FakeXen xen;
    private final FakeLinux linux;
    /** By index in the file, in pages. */
    private final TreeMap<Long, Gref> listed = new TreeMap<>();

    private final Map<Long, List<Gref>> mappings = new HashMap<>();
    private long nextIndex = 1;

    FakeGntalloc(FakeXen xen, FakeLinux linux) {
        this.xen = xen;
        this.linux = linux;
    }

    @Override
    int ioctl(long request, ChronicleMemory argument) {
        return switch ((int) request) {
            case 0x18_4705 -> alloc(argument);
            case 0x10_4706 -> dealloc(argument.getLong(0) / PAGE, argument.getInt(8));
            case 0x10_4707 -> setNotify(argument.getLong(0), argument.getInt(8), argument.getInt(12));
            default -> -Errno.ENOTTY.number();
        };
    }

    private int alloc(ChronicleMemory argument) {
        int count = argument.getInt(4);
        if (linux.gntallocPages + count > linux.gntallocLimit) {
            return -Errno.ENOSPC.number();
        }
        if (xen.memory.freePages() < count) {
            return -Errno.ENOMEM.number();
        }
        argument.putLong(8, nextIndex * PAGE);
        for (int i = 0; i < count; i++) {
            int page = xen.memory.allocate();
            boolean writable = (argument.getShort(2) & 1) != 0;
            int reference = xen.grant(linux.domid, argument.getShort(0), page, writable);
            listed.put(nextIndex++, new Gref(reference, page));
            argument.putInt(16 + i * 4, reference);
            linux.gntallocPages++;
        }
        return 0;
    }

    private List<Gref> find(long index, int count) {
        List<Gref> found = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Gref gref = listed.get(index + i);
            if (gref == null) {
                return null;
            }
            found.add(gref);
        }
        return found;
    }

    private int dealloc(long index, int count) {
        List<Gref> found = find(index, count);
        if (found == null) {
            return -Errno.EINVAL.number();
        }
        for (int i = 0; i < count; i++) {
            listed.remove(index + i);
            found.get(i).listed = false;
        }
        found.forEach(this::endIfOver);
        return 0;
    }

    private int setNotify(long index, int action, int port) {
        Gref gref = listed.get(index / PAGE);
        if (gref == null) {
            return -Errno.ENOENT.number();
        }
        gref.notifyAt = (action & 1) != 0 ? (int) (index % PAGE) : -1;
        gref.notifyPort = (action & 2) != 0 ? port : 0;
        return 0;
    }

    private void endIfOver(Gref gref) {
        if (!gref.listed && gref.mapped == 0) {
            if (gref.notifyAt >= 0) {
                long address = xen.memory.map(new int[] {gref.page}, true);
                FakeMachineMemory.pointer(address).putByte(gref.notifyAt, (byte) 0);
                xen.memory.unmap(address, 1);
            }
            FakeXen.Port port = gref.notifyPort == 0 ? null : xen.port(linux.domid, gref.notifyPort);
            if (port != null && port.remote != null) {
                port.remote.owner.fire(port.remote);
            }
            xen.end(linux.domid, gref.reference);
            linux.gntallocPages--;
        }
    }

    @Override
    long mmap(int lengthBytes, boolean writable, long offset) {
        List<Gref> found = find(offset / PAGE, lengthBytes / PAGE);
        if (found == null) {
            return -Errno.ENOENT.number();
        }
        long address = xen.memory.map(found.stream().mapToInt(gref -> gref.page).toArray(), writable);
        found.forEach(gref -> gref.mapped++);
        mappings.put(address, found);
        return address;
    }

    @Override
    boolean munmap(long address) {
        List<Gref> mapped = mappings.remove(address);
        if (mapped == null) {
            return false;
        }
        xen.memory.unmap(address, mapped.size());
        for (Gref gref : mapped) {
            gref.mapped--;
            endIfOver(gref);
        }
        return true;
    }

    /** As when a program closes it, or dies: whatever it mapped goes as well. */
    @Override
    void close() {
        new ArrayList<>(mappings.keySet()).forEach(this::munmap);
        for (Gref gref : new ArrayList<>(listed.values())) {
            gref.listed = false;
            endIfOver(gref);
        }
        listed.clear();
    }
}
