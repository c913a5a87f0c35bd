package org.xenpv.grant;

/** The other side of a grant: mapping and copying pages that another domain granted to us. For backends. */
public interface GrantMapper {

    /**
     * Maps pages of another domain as one contiguous range. All or nothing.
     *
     * @param grefs references; the first {@code count} are mapped, in order
     * @throws GrantMapException with the GNTST_ status if any cannot be mapped; none stays mapped
     */
    MappedPages map(int domid, int[] grefs, int count, GrantAccess access);

    /**
     * Copies between a granted page and our own memory, by the hypervisor, without mapping (GNTTABOP_copy).
     *
     * @param offset in the granted page; {@code offset + lengthBytes} at most 4096
     * @throws GrantMapException with the GNTST_ status
     */
    void copyFrom(int domid, int gref, int offset, byte[] target, int targetAt, int lengthBytes);

    /** The other direction of {@link #copyFrom}. */
    void copyTo(int domid, int gref, int offset, byte[] source, int sourceAt, int lengthBytes);

    /**
     * Allocates pages that a {@link CopyBatch} of this mapper can copy from and to, with whatever is in them.
     *
     * @param pages 1 to 512
     * @throws GrantExhaustedException if there are not so many
     */
    CopyPages copyPages(int pages);

    /**
     * Makes room for gathered copies.
     *
     * @param copiesMax 1 to 1024
     * @throws GrantExhaustedException if there is no memory for it
     */
    CopyBatch copyBatch(int copiesMax);
}
