package org.xenpv.simulator.xenstored;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenpv.io.xs.XsMessageType;

/** Requests drawn from a seed: mostly sensible ones on few paths by few domains, so that they meet; some nonsense. */
final class RandomScript {

    /** Carries out one request; the answer's text is "txid type body". */
    interface Target {
        String ask(int domid, int type, int txId, byte[] body) throws IOException;
    }

    private static final List<String> NAMES = List.of("a", "b", "c", "d");
    private static final List<String> TOPS =
            List.of("/t", "/t", "/local/domain/1", "/local/domain/2", "", "/local/domain/1/shared");
    private static final List<String> ODD_PATHS = List.of(
            "",
            "/",
            "//",
            "a//b",
            "/t/",
            "/t/a b",
            "/t/a.b",
            "@introduceDomain",
            "@releaseDomain",
            "@other",
            "/t/@a",
            "/local/domain/1",
            "/local/domain",
            "/local/domain/",
            "/tool",
            "/local/domain/1/" + "x".repeat(40),
            "/local/domain/1/" + "x".repeat(41),
            "/" + "y".repeat(40),
            "x".repeat(2048),
            "x".repeat(2049),
            "/" + "z".repeat(3071),
            "/" + "z".repeat(3072));
    /**
     * Requests whose body is not simply one path, for malformed bodies: those that are one path crash 4.17 if they come
     * from domain 0 and the body holds none.
     */
    private static final List<Integer> WITH_MORE = List.of(4, 5, 7, 10, 11, 14, 17, 18, 22);

    private static final String LETTERS = "nrwb";

    private final int domains;
    private final List<List<Integer>> transactions = new ArrayList<>();
    private long state;

    RandomScript(long seed, int domains) {
        this.state = seed;
        this.domains = domains;
        for (int i = 0; i <= domains; i++) {
            transactions.add(new ArrayList<>());
        }
    }

    private int next(int bound) {
        state += 0x9e3779b97f4a7c15L;
        long z = state;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return (int) (((z ^ (z >>> 31)) >>> 1) % bound);
    }

    private <T> T any(List<T> list) {
        return list.get(next(list.size()));
    }

    private String path() {
        if (next(12) == 0) {
            return any(ODD_PATHS);
        }
        StringBuilder path = new StringBuilder(any(TOPS));
        int depth = 1 + next(3);
        for (int i = 0; i < depth; i++) {
            if (path.length() > 0) {
                path.append('/');
            }
            path.append(any(NAMES));
        }
        return path.toString();
    }

    private byte[] value() {
        int length = next(10) == 0 ? 100 + next(200) : next(4);
        byte[] value = new byte[length];
        for (int i = 0; i < length; i++) {
            value[i] = (byte) (next(20) == 0 ? 0 : 'a' + next(26));
        }
        return value;
    }

    private List<String> permissions() {
        List<String> strings = new ArrayList<>();
        int count = next(10) == 0 ? next(8) : 1 + next(3);
        for (int i = 0; i < count; i++) {
            strings.add(LETTERS.charAt(next(4)) + "" + next(domains + 2));
        }
        if (next(25) == 0) {
            strings.add(any(List.of("", "x1", "r", "r1x")));
        }
        return strings;
    }

    private int transaction(int domid) {
        List<Integer> open = transactions.get(domid);
        if (next(60) == 0) {
            return 12345;
        }
        return open.isEmpty() || next(3) == 0 ? 0 : any(open);
    }

    /** Prepares a tree that all domains share, then runs so many requests. */
    void run(Target target, int count) throws IOException {
        for (int domid = 1; domid <= domains; domid++) {
            String home = "/local/domain/" + domid;
            target.ask(0, XsMessageType.MKDIR.value(), 0, Payload.of(home));
            target.ask(0, XsMessageType.SET_PERMS.value(), 0, Payload.of(home, "n" + domid));
        }
        target.ask(0, XsMessageType.MKDIR.value(), 0, Payload.of("/t"));
        target.ask(0, XsMessageType.SET_PERMS.value(), 0, Payload.of("/t", "b0"));
        target.ask(0, XsMessageType.MKDIR.value(), 0, Payload.of("/local/domain/1/shared"));
        target.ask(0, XsMessageType.SET_PERMS.value(), 0, Payload.of("/local/domain/1/shared", "n1", "r2"));
        for (int i = 0; i < count; i++) {
            step(target);
        }
    }

    private void step(Target target) throws IOException {
        int domid = next(domains + 1);
        int tx = transaction(domid);
        switch (next(20)) {
            case 0, 1, 2 -> ask(target, domid, XsMessageType.READ, tx, Payload.of(path()));
            case 3, 4, 5, 6 -> write(target, domid, tx);
            case 7 -> ask(target, domid, XsMessageType.MKDIR, tx, Payload.of(path()));
            case 8, 9 -> ask(target, domid, XsMessageType.RM, tx, Payload.of(path()));
            case 10 -> ask(target, domid, XsMessageType.DIRECTORY, tx, Payload.of(path()));
            case 11 -> ask(target, domid, XsMessageType.DIRECTORY_PART, tx, Payload.of(path(), "" + next(6)));
            case 12 -> getPermissions(target, domid, tx);
            case 13, 14 -> setPermissions(target, domid, tx);
            case 15 -> ask(target, domid, XsMessageType.WATCH, tx, Payload.of(path(), any(NAMES)));
            case 16 -> ask(target, domid, XsMessageType.UNWATCH, tx, Payload.of(path(), any(NAMES)));
            case 17 -> start(target, domid);
            case 18 -> end(target, domid, tx);
            default -> rare(target, domid, tx);
        }
    }

    private static void ask(Target target, int domid, XsMessageType type, int tx, byte[] body) throws IOException {
        target.ask(domid, type.value(), tx, body);
    }

    private void write(Target target, int domid, int tx) throws IOException {
        byte[] path = Payload.of(path());
        byte[] value = value();
        byte[] body = Arrays.copyOf(path, path.length + value.length);
        System.arraycopy(value, 0, body, path.length, value.length);
        ask(target, domid, XsMessageType.WRITE, tx, body);
    }

    private void getPermissions(Target target, int domid, int tx) throws IOException {
        String path = path();
        if (!path.startsWith("@")) {
            ask(target, domid, XsMessageType.GET_PERMS, tx, Payload.of(path));
        }
    }

    private void setPermissions(Target target, int domid, int tx) throws IOException {
        List<String> strings = permissions();
        String path = path();
        if (path.startsWith("@")) {
            // 4.17 keeps permissions of special paths apart, with errors of their own; newer ones treat them as nodes.
            return;
        }
        strings.add(0, path);
        ask(target, domid, XsMessageType.SET_PERMS, tx, Payload.of(strings));
    }

    private void start(Target target, int domid) throws IOException {
        String answer = target.ask(domid, XsMessageType.TRANSACTION_START.value(), 0, new byte[1]);
        if (answer.contains("TRANSACTION_START")) {
            transactions
                    .get(domid)
                    .add(Integer.parseInt(answer.substring(answer.lastIndexOf(' ', answer.length() - 2) + 1)
                            .trim()));
        }
    }

    private void end(Target target, int domid, int tx) throws IOException {
        String how = any(List.of("T", "T", "T", "F", "X"));
        ask(target, domid, XsMessageType.TRANSACTION_END, tx, Payload.of(how));
        if (!how.equals("X")) {
            transactions.get(domid).remove((Integer) tx);
        }
    }

    private void rare(Target target, int domid, int tx) throws IOException {
        switch (next(9)) {
            case 0 -> ask(target, domid, XsMessageType.GET_DOMAIN_PATH, tx, Payload.of("" + next(4)));
            case 1 -> ask(target, domid, XsMessageType.IS_DOMAIN_INTRODUCED, tx, Payload.of("" + next(4)));
            case 2 -> {
                if (next(3) == 0) {
                    ask(target, domid, XsMessageType.RESET_WATCHES, 0, new byte[1]);
                    transactions.get(domid).clear();
                }
            }
            case 3 -> ask(target, domid, XsMessageType.TRANSACTION_START, tx == 0 ? 77 : tx, new byte[1]);
            case 4 -> ask(target, domid, XsMessageType.RESUME, tx, Payload.of("" + next(4)));
            case 5 -> target.ask(domid, any(List.of(15, 16, 20, 23, 24, 99, -1)), tx, Payload.of("x"));
            case 6 -> target.ask(domid, any(WITH_MORE), tx, Payload.bytes("/t/a"));
            case 7 -> target.ask(domid, any(WITH_MORE), tx, Payload.of("/t/a", "n0", "x"));
            default -> target.ask(domid, any(WITH_MORE), tx, new byte[0]);
        }
    }
}
