package org.xenpv.xenstore;

/**
 * What only the control domain may ask of xenstored: a toolstack's part in the life of other domains. Xenstored refuses
 * it to everybody else (EACCES).
 */
public interface XenstoreControl {

    /**
     * XS_INTRODUCE: xenstored connects to a domain's ring page.
     *
     * @param gfn the page, for servers that map by frame number; others use grant 1 of the domain
     * @param port an event channel of that domain that is unbound for xenstored
     */
    void introduce(int domid, long gfn, int port, Result<Void> result);

    /** XS_RELEASE: xenstored lets go of a domain. */
    void release(int domid, Result<Void> result);

    /** XS_SET_TARGET: a domain gets all rights that its target has. */
    void setTarget(int domid, int targetDomid, Result<Void> result);

    /** XS_RESUME: the domain's next shutdown shall be announced again, after one that was a suspend. */
    void resume(int domid, Result<Void> result);
}
