package org.xenpv.scenarios.xenbus;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.fault.XenException;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantedPages;
import org.xenpv.xenbus.FrontendDriver;
import org.xenpv.xenbus.KeySnapshot;
import org.xenpv.xenbus.XenGuest;

/** A device of one page and one port that remembers what it was told, and throws when asked to. */
final class RecordingDriver implements FrontendDriver {

    static final String KEY = "size";

    private final XenGuest guest;
    final List<String> told = new ArrayList<>();
    XenException reason;
    private String throwsAt;
    private Throwable thrown;
    private GrantedPages pages;
    private int port = -1;

    RecordingDriver(XenGuest guest) {
        this.guest = guest;
    }

    /** @param method of this class, which throws at its end */
    void throwAt(String method, Throwable what) {
        throwsAt = method;
        thrown = what;
    }

    private void tell(String method, String what) {
        told.add(what);
        if (method.equals(throwsAt)) {
            if (thrown instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) thrown;
        }
    }

    boolean holdsAnything() {
        return pages != null || port >= 0;
    }

    @Override
    public String[] backendKeys() {
        if ("backendKeys".equals(throwsAt)) {
            tell("backendKeys", "backendKeys");
        }
        return new String[] {KEY};
    }

    @Override
    public String[] frontendKeys() {
        return new String[0];
    }

    @Override
    public void publish(int otherendId, KeySnapshot backend, KeySnapshot frontend, KeySnapshot.Writer keys) {
        pages = guest.grants().grant(otherendId, 1, GrantAccess.READ_WRITE, "recording");
        port = guest.events().allocUnbound(otherendId);
        keys.put("ring-ref", Integer.toUnsignedLong(pages.gref(0)));
        keys.put("event-channel", port);
        tell("publish", "publish");
    }

    @Override
    public void connected(KeySnapshot backend) {
        tell("connected", "connected " + backend.text(KEY));
    }

    @Override
    public void refresh(KeySnapshot backend) {
        tell("refresh", "refresh " + backend.text(KEY));
    }

    @Override
    public void failed(XenException why) {
        tell("failed", "failed");
    }

    @Override
    public void drain(Runnable drained) {
        drained.run();
    }

    @Override
    public void stop() {}

    @Override
    public void release(boolean resumed) {
        if (port >= 0 && !resumed) {
            guest.events().close(port);
        }
        port = -1;
        if (pages != null) {
            pages.release();
            pages = null;
        }
    }

    @Override
    public void ended(XenException why) {
        reason = why;
        tell("ended", "ended");
    }
}
