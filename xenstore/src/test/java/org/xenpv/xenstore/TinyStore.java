package org.xenpv.xenstore;

import java.util.Map;
import java.util.TreeMap;

/** A scripted server's behaviour that keeps values: enough for a program to read, write and commit. */
final class TinyStore implements ScriptedServer.Behaviour {

    final Map<String, String> nodes = new TreeMap<>();
    final Map<String, String> watched = new TreeMap<>();

    /** How many of the next commits conflict. */
    int conflicts;

    private final ScriptedServer server;
    private int transactions;

    TinyStore(ScriptedServer server) {
        this.server = server;
        server.behaviour = this;
    }

    @Override
    public void request(Msg request) {
        String path = request.strings().get(0);
        switch (request.type()) {
            case READ -> {
                if (nodes.containsKey(path)) {
                    server.reply(request, nodes.get(path));
                } else {
                    server.error(request, "ENOENT");
                }
            }
            case WRITE -> {
                nodes.put(path, request.text().substring(path.length() + 1));
                server.ok(request);
                if (watched.containsKey(path)) {
                    server.event(path, watched.get(path));
                }
            }
            case MKDIR -> {
                nodes.putIfAbsent(path, "");
                server.ok(request);
            }
            case RM -> {
                nodes.remove(path);
                server.ok(request);
            }
            case DIRECTORY -> server.reply(request, String.join("|", nodes.keySet()) + "|");
            case GET_PERMS -> server.reply(request, "n0|r5|");
            case SET_PERMS, UNWATCH -> server.ok(request);
            case GET_DOMAIN_PATH -> server.reply(request, "/local/domain/" + path + "|");
            case IS_DOMAIN_INTRODUCED -> server.reply(request, "T|");
            case TRANSACTION_START -> server.reply(request, ++transactions + "|");
            case TRANSACTION_END -> {
                if (path.equals("T") && conflicts > 0) {
                    conflicts--;
                    server.error(request, "EAGAIN");
                } else {
                    server.ok(request);
                }
            }
            case WATCH -> {
                watched.put(path, request.strings().get(1));
                server.ok(request);
            }
            default -> server.error(request, "ENOSYS");
        }
    }
}
