package org.xenpv.grant.linux;

import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** Pages that the kernel allocated and granted together. */
public final class LinuxGrantedPages implements GrantedPages {

    private final LinuxGrantTable table;
    private final ChronicleMemory memory;
    private final long index;
    private final int[] grefs;
    private final int domid;
    private final GrantAccess access;
    private final String purpose;
    private boolean released;

    LinuxGrantedPages(
            LinuxGrantTable table,
            ChronicleMemory memory,
            long index,
            int[] grefs,
            int domid,
            GrantAccess access,
            String purpose) {
        this.table = table;
        this.memory = memory;
        this.index = index;
        this.grefs = grefs;
        this.domid = domid;
        this.access = access;
        this.purpose = purpose;
    }

    int domid() {
        return domid;
    }

    GrantAccess access() {
        return access;
    }

    String purpose() {
        return purpose;
    }

    @Override
    public SharedMemory memory() {
        checkHeld();
        return memory;
    }

    @Override
    public int pages() {
        return grefs.length;
    }

    @Override
    public int gref(int page) {
        if (page < 0 || page >= grefs.length) {
            throw new IllegalArgumentException("page=" + page + ", must be 0 to " + (grefs.length - 1));
        }
        return grefs[page];
    }

    /**
     * Has the kernel tell the other domain when a page is granted no more, however that comes about: given back, or because
     * this program died. For protocols that define such a byte or wait for such an event, as libxenvchan's does; those of
     * disks, networks and consoles define none, there the toolstack or xenstore tells.
     *
     * @param at the byte to be cleared (UNMAP_NOTIFY_CLEAR_BYTE), in the page in question
     * @param clear whether to clear it
     * @param port the event channel to notify (UNMAP_NOTIFY_SEND_EVENT), 0 for none; the kernel keeps it open until then
     * @throws org.xenpv.fault.XenOpException if the kernel refuses
     */
    public void notifyWhenGone(int at, boolean clear, int port) {
        checkHeld();
        memory.check(at, 1, 1);
        int action =
                (clear ? Gntalloc.UNMAP_NOTIFY_CLEAR_BYTE : 0) | (port != 0 ? Gntalloc.UNMAP_NOTIFY_SEND_EVENT : 0);
        table.setUnmapNotify(index + at, action, port);
    }

    /** @return true: what the other domain still maps, the kernel keeps from us and everybody */
    @Override
    public boolean release() {
        if (!released) {
            released = true;
            memory.close();
            table.returned(this);
        }
        return true;
    }

    @Override
    public boolean revokePage(int page) {
        throw new UnsupportedOperationException("a page of " + LinuxGrantTable.DEVICE + " is granted while it is ours");
    }

    @Override
    public void regrantPage(int page, GrantAccess pageAccess) {
        throw new UnsupportedOperationException("a page of " + LinuxGrantTable.DEVICE + " is granted while it is ours");
    }

    private void checkHeld() {
        if (released) {
            throw new IllegalStateException("purpose=" + purpose + ", pages have been released");
        }
    }
}
