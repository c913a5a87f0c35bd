package org.xenpv.scenarios.xenbus;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.fault.XenException;
import org.xenpv.xenbus.BackendDriver;
import org.xenpv.xenbus.KeySnapshot;

/** The backend of a device that has nothing to serve: remembers what it was told, and throws when asked to. */
final class RecordingBackend implements BackendDriver {

    static final String FEATURE = "feature-recording";
    static final String SIZE = "size";

    final List<String> told = new ArrayList<>();
    XenException reason;
    private String throwsAt;
    private Throwable thrown;

    void throwAt(String method, Throwable what) {
        throwsAt = method;
        thrown = what;
    }

    int count(String method) {
        return (int) told.stream().filter(method::equals).count();
    }

    private void tell(String method) {
        told.add(method);
        if (method.equals(throwsAt)) {
            if (thrown instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) thrown;
        }
    }

    @Override
    public String[] backendKeys() {
        return new String[] {"online"};
    }

    @Override
    public void advertise(int frontendId, KeySnapshot backend, KeySnapshot.Writer keys) {
        keys.put(FEATURE, true);
        tell("advertise");
    }

    @Override
    public String[] frontendKeys() {
        return new String[] {"ring-ref"};
    }

    @Override
    public void connect(int frontendId, KeySnapshot frontend, KeySnapshot.Writer keys) {
        keys.put(SIZE, 1);
        tell("connect");
    }

    @Override
    public void disconnect() {
        told.add("disconnect");
    }

    @Override
    public void removed(XenException why) {
        reason = why;
        told.add("removed");
    }
}
