package org.xenpv.grant.linux;

import org.xenpv.fault.XenException;
import org.xenpv.fault.XenOpException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantMapException;
import org.xenpv.grant.GrantedPages;
import org.xenpv.linux.LinuxCalls;

/**
 * Tells whether this program still runs in the domain in which the mark was made. One that was restored from a file or has come
 * from another host is a new domain, perhaps of the same number, with an empty grant table; the kernel tells nobody. The mark is a
 * page that the domain has granted to itself: it can be read as long as the table is the same.
 */
public final class DomainMark implements AutoCloseable {

    private static final String PURPOSE = "mark of the domain";

    private final int domid;
    private final LinuxGrantTable table;
    private final LinuxGrantMapper mapper;
    private final GrantedPages page;
    private final byte[] content = new byte[Long.BYTES];

    private DomainMark(int domid, LinuxGrantTable table, LinuxGrantMapper mapper) {
        this.domid = domid;
        this.table = table;
        this.mapper = mapper;
        this.page = table.grant(domid, 1, GrantAccess.READ_ONLY, PURPOSE);
    }

    /**
     * Takes one of gntalloc's pages, and opens gntdev.
     *
     * @param domid our own
     * @return null if that cannot be had: then nobody can tell
     */
    public static DomainMark make(LinuxCalls calls, int domid) {
        LinuxGrantTable table = null;
        LinuxGrantMapper mapper = null;
        try {
            table = LinuxGrantTable.open(calls);
            mapper = LinuxGrantMapper.open(calls);
            DomainMark mark = new DomainMark(domid, table, mapper);
            if (mark.stands()) {
                return mark;
            }
        } catch (XenException none) {
            // Closed below.
        }
        if (mapper != null) {
            mapper.close();
        }
        if (table != null) {
            table.close();
        }
        return null;
    }

    /** Whether this is the same domain; one system call. */
    public boolean stands() {
        try {
            mapper.copyFrom(domid, page.gref(0), 0, content, 0, content.length);
            return true;
        } catch (GrantMapException gone) {
            return false;
        } catch (XenOpException unknown) {
            return true;
        }
    }

    @Override
    public void close() {
        mapper.close();
        table.close();
    }
}
