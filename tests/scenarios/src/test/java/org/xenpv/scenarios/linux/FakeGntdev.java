package org.xenpv.scenarios.linux;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.xenpv.linux.Errno;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** An open /dev/xen/gntdev, after linux/drivers/xen/gntdev.c: mmap maps all pages of a range or none. */
final class FakeGntdev extends FakeFile {

    private static final int PAGE = SharedMemory.PAGE_BYTES;

    private record Wanted(int granter, int gref) {}

    private final FakeXen xen;
    private final int domid;
    private final Map<Long, List<Wanted>> ranges = new HashMap<>();
    private final Map<Long, List<FakeXen.Grant>> mappings = new HashMap<>();
    private long nextIndex;

    FakeGntdev(FakeXen xen, int domid) {
        this.xen = xen;
        this.domid = domid;
    }

    @Override
    int ioctl(long request, ChronicleMemory argument) {
        return switch ((int) request) {
            case 0x18_4700 -> reserve(argument);
            case 0x10_4701 -> ranges.remove(argument.getLong(0)) == null ? -Errno.ENOENT.number() : 0;
            case 0x10_4708 -> copy(argument.getInt(0), argument.getLong(8));
            default -> -Errno.ENOTTY.number();
        };
    }

    private int reserve(ChronicleMemory argument) {
        List<Wanted> range = new ArrayList<>();
        for (int i = 0; i < argument.getInt(0); i++) {
            range.add(new Wanted(argument.getInt(16 + i * 8), argument.getInt(20 + i * 8)));
        }
        argument.putLong(8, nextIndex);
        ranges.put(nextIndex, range);
        nextIndex += (long) range.size() * PAGE;
        return 0;
    }

    @Override
    long mmap(int lengthBytes, boolean writable, long offset) {
        List<Wanted> range = ranges.get(offset);
        if (range == null || range.size() * PAGE != lengthBytes) {
            return -Errno.EINVAL.number();
        }
        List<FakeXen.Grant> grants = new ArrayList<>();
        for (Wanted wanted : range) {
            FakeXen.Grant grant = xen.granted(wanted.granter, wanted.gref, domid, writable);
            if (grant == null) {
                return -Errno.EINVAL.number();
            }
            grants.add(grant);
        }
        long address =
                xen.memory.map(grants.stream().mapToInt(grant -> grant.page).toArray(), writable);
        grants.forEach(grant -> grant.mappings++);
        mappings.put(address, grants);
        return address;
    }

    @Override
    boolean munmap(long address) {
        List<FakeXen.Grant> mapped = mappings.remove(address);
        if (mapped == null) {
            return false;
        }
        xen.memory.unmap(address, mapped.size());
        mapped.forEach(xen::unmapped);
        return true;
    }

    private int copy(int count, long segments) {
        for (int i = 0; i < count; i++) {
            copyOne(segments + i * 24L);
        }
        return 0;
    }

    private void copyOne(long at) {
        jnr.ffi.Pointer segment = FakeMachineMemory.pointer(at);
        boolean from = (segment.getShort(18) & 1) != 0;
        int foreign = from ? 0 : 8;
        int length = segment.getShort(16) & 0xffff;
        int granter = segment.getShort(foreign + 6) & 0xffff;
        FakeXen.Grant grant = xen.granted(granter, segment.getInt(foreign), domid, !from);
        if (grant == null) {
            segment.putShort(20, (short) (xen.exists(granter) ? -3 : -2));
            return;
        }
        long page = xen.memory.map(new int[] {grant.page}, true);
        jnr.ffi.Pointer theirs = FakeMachineMemory.pointer(page + (segment.getShort(foreign + 4) & 0xffff));
        jnr.ffi.Pointer ours = FakeMachineMemory.pointer(segment.getLong(8 - foreign));
        byte[] bytes = new byte[length];
        (from ? theirs : ours).get(0, bytes, 0, length);
        (from ? ours : theirs).put(0, bytes, 0, length);
        xen.memory.unmap(page, 1);
        segment.putShort(20, (short) 0);
    }

    @Override
    void close() {
        ranges.clear();
    }
}
