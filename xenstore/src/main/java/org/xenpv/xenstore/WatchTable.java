package org.xenpv.xenstore;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.xenpv.fault.XenException;
import org.xenpv.io.xs.XsMessageType;
import org.xenpv.io.xs.XsWire;

/**
 * The watches of a connection, by token.
 *
 * <p>A watch that fires again before its handler was called has one call coming, not two: whatever a server sends, what
 * is kept is one flag and one path per watch.
 */
final class WatchTable {

    private final XenstoreClient client;
    private final Map<String, Watch> byToken = new HashMap<>();
    private int nextToken;

    WatchTable(XenstoreClient client) {
        this.client = client;
        this.nextToken = client.jitter().nextInt();
    }

    XenstoreWatch add(String path, XenstoreWatch.Handler handler) {
        Watch watch = new Watch(path, freeToken(), handler);
        byToken.put(watch.token, watch);
        watch.register(true);
        return watch;
    }

    /** Small, different from any in use, and not to be guessed by counting from zero. */
    private String freeToken() {
        String token;
        do {
            nextToken += 0x61c88647;
            token = Integer.toHexString(nextToken);
        } while (byToken.containsKey(token));
        return token;
    }

    /** Registers every watch with a server that knows none of them. */
    void registerAll() {
        for (Watch watch : sorted()) {
            watch.state = State.NEW;
            watch.register(false);
        }
    }

    /** Registers those that had to wait. */
    void registerNew() {
        for (Watch watch : sorted()) {
            if (watch.state == State.NEW) {
                watch.register(false);
            }
        }
    }

    private List<Watch> sorted() {
        List<Watch> watches = new ArrayList<>(byToken.values());
        watches.sort((a, b) -> Integer.compare(a.order, b.order));
        return watches;
    }

    void event(byte[] body, int length) {
        List<String> strings = XsBody.list(body, length);
        if (strings == null || strings.size() != 2) {
            client.badEvent();
            return;
        }
        client.counters().watchEvents++;
        Watch watch = byToken.get(strings.get(XsWire.XS_WATCH_TOKEN));
        if (watch == null) {
            client.counters().unknownTokens++;
        } else {
            watch.happened(strings.get(XsWire.XS_WATCH_PATH));
        }
    }

    void lost(XenException why) {
        List<Watch> watches = sorted();
        byToken.clear();
        for (Watch watch : watches) {
            watch.over(why);
        }
    }

    void forget() {
        byToken.clear();
    }

    int size() {
        return byToken.size();
    }

    private enum State {
        /** Not sent: there is no open connection. */
        NEW,
        SENT,
        REGISTERED,
        OVER
    }

    private int orders;

    private final class Watch implements XenstoreWatch, XsRequest.Reply {

        private final String path;
        private final String token;
        private final Handler handler;
        private final int order = orders++;
        private final Runnable fire = this::fire;

        private State state = State.NEW;
        private boolean pending;
        private boolean fired;
        private boolean cancelled;
        private String changed;

        Watch(String path, String token, Handler handler) {
            this.path = path;
            this.token = token;
            this.handler = handler;
            this.changed = path;
        }

        @Override
        public String path() {
            return path;
        }

        void register(boolean bounded) {
            if (client.connection().isDead()
                    || client.connection().isOpen() && !client.connection().isHolding()) {
                state = State.SENT;
                fired = false;
                XsRequest request =
                        new XsRequest(XsMessageType.WATCH, 0, XsBody.strings(path, token), "watch " + path, this);
                client.connection().submit(request, bounded);
            }
        }

        @Override
        public void accept(byte[] body, XenException error) {
            if (state == State.OVER) {
                if (error == null) {
                    unwatch();
                }
                return;
            }
            if (error == null) {
                state = State.REGISTERED;
                if (!fired) {
                    happened(path);
                }
            } else if (client.connection().isDead() || client.connection().isOpen()) {
                byToken.remove(token);
                over(error);
            } else {
                state = State.NEW;
            }
        }

        @Override
        public void late(byte[] body) {
            unwatch();
        }

        /** A path that does not belong to this watch is not believed, only that something happened. */
        void happened(String where) {
            changed = XsPath.isValid(where) && XsPath.isBelow(where, path) ? where : path;
            fired = true;
            if (!pending) {
                pending = true;
                client.completions().add(fire);
            }
        }

        private void fire() {
            pending = false;
            if (state != State.OVER) {
                client.counters().watchesFired++;
                handler.fired(changed);
            }
        }

        void over(XenException why) {
            state = State.OVER;
            client.completions().add(() -> {
                if (!cancelled) {
                    handler.lost(why);
                }
            });
        }

        @Override
        public void cancel() {
            client.checkCall();
            cancelled = true;
            State before = state;
            state = State.OVER;
            byToken.remove(token);
            if (before == State.REGISTERED) {
                unwatch();
            }
        }

        private void unwatch() {
            client.connection()
                    .submit(
                            new XsRequest(
                                            XsMessageType.UNWATCH,
                                            0,
                                            XsBody.strings(path, token),
                                            "unwatch " + path,
                                            (body, error) -> {})
                                    .givingBack(),
                            false);
        }
    }
}
