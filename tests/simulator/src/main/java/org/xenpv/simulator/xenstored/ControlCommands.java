package org.xenpv.simulator.xenstored;

import java.util.List;
import java.util.function.Consumer;

/** CONTROL: what {@code xenstore-control} can ask of this daemon. */
final class ControlCommands {

    private static final String HELP = """
            check
            print           <string>
            quota           [set <name> <val>]
            help
            """;

    private final Store store;
    private final Consumer<String> log;

    /** @param log told what {@code print} prints */
    ControlCommands(Store store, Consumer<String> log) {
        this.store = store;
        this.log = log;
    }

    byte[] run(List<String> words) throws StoreException {
        if (words.isEmpty()) {
            throw StoreException.EINVAL;
        }
        List<String> parameters = words.subList(1, words.size());
        return switch (words.get(0)) {
            case "check" -> check(parameters);
            case "print" -> print(parameters);
            case "quota" -> quota(parameters);
            case "help" -> help(parameters);
            default -> throw StoreException.EINVAL;
        };
    }

    private byte[] check(List<String> parameters) throws StoreException {
        requireCount(parameters, 0);
        String fault = store.check();
        if (fault != null) {
            log.accept("check: " + fault);
            throw StoreException.EIO;
        }
        return Payload.of("OK");
    }

    private byte[] print(List<String> parameters) throws StoreException {
        requireCount(parameters, 1);
        log.accept(parameters.get(0));
        return Payload.of("OK");
    }

    private byte[] quota(List<String> parameters) throws StoreException {
        if (parameters.isEmpty()) {
            StringBuilder text = new StringBuilder("Quota settings:\n");
            for (int i = 0; i < Quotas.names().size(); i++) {
                text.append(Quotas.names().get(i))
                        .append(": ")
                        .append(store.quotas().values().get(i))
                        .append('\n');
            }
            return Payload.of(text.toString());
        }
        requireCount(parameters, 3);
        if (!parameters.get(0).equals("set") || !Quotas.names().contains(parameters.get(1))) {
            throw StoreException.EINVAL;
        }
        store.setQuotas(store.quotas().with(parameters.get(1), positive(parameters.get(2))));
        return Payload.of("OK");
    }

    private static int positive(String text) throws StoreException {
        try {
            int value = Integer.parseInt(text);
            if (value > 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw StoreException.EINVAL;
        }
        throw StoreException.EINVAL;
    }

    private static byte[] help(List<String> parameters) throws StoreException {
        requireCount(parameters, 0);
        return Payload.of(HELP);
    }

    private static void requireCount(List<String> parameters, int count) throws StoreException {
        if (parameters.size() != count) {
            throw StoreException.EINVAL;
        }
    }
}
