package org.xenpv.simulator.xenstored;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.statistics.StatisticsReport;

/**
 * The tree and its transactions against a sorted map. What a committed transaction was told must be what it would have
 * been told had it run whole at the moment of its commit; one that met no other change must commit.
 */
class StoreModelTest {

    private static final List<String> PATHS = List.of("/a", "/a/b", "/a/b/c", "/a/d", "/e", "/e/f");

    /** @param slot 0 is outside any transaction */
    record Step(int slot, int action, String path, String value) {}

    /** A map of paths to values; a parent is there if a child is. */
    private static final class Model {
        private final TreeMap<String, String> nodes = new TreeMap<>(Map.of("/", ""));

        String apply(Step step) {
            String path = step.path();
            switch (step.action()) {
                case 0:
                    return nodes.getOrDefault(path, "ENOENT");
                case 1:
                    create(path);
                    nodes.put(path, step.value());
                    return "OK";
                case 2:
                    create(path);
                    return "OK";
                case 3:
                    if (!nodes.containsKey(StorePath.parent(path)) && !nodes.containsKey(path)) {
                        return "ENOENT";
                    }
                    nodes.keySet().removeIf(node -> StorePath.isWithin(node, path));
                    return "OK";
                default:
                    return nodes.containsKey(path) ? children(path) : "ENOENT";
            }
        }

        private void create(String path) {
            if (!nodes.containsKey(path)) {
                create(StorePath.parent(path));
                nodes.put(path, "");
            }
        }

        private String children(String path) {
            List<String> names = new ArrayList<>();
            for (String node : nodes.keySet()) {
                if (!node.equals(StorePath.ROOT) && StorePath.parent(node).equals(path)) {
                    names.add(StorePath.name(node));
                }
            }
            return names.toString();
        }
    }

    private static String apply(Clients clients, Transaction tx, Step step) {
        StoreClient dom0 = clients.dom0.id;
        try {
            switch (step.action()) {
                case 0:
                    return clients.dom0.read(tx, step.path());
                case 1:
                    clients.dom0.write(tx, step.path(), step.value());
                    return "OK";
                case 2:
                    clients.store.mkdir(dom0, tx, step.path());
                    return "OK";
                case 3:
                    clients.store.remove(dom0, tx, step.path());
                    return "OK";
                default:
                    List<String> names = new ArrayList<>(
                            clients.store.get(dom0, tx, step.path(), false).children());
                    names.sort(null);
                    return names.toString();
            }
        } catch (StoreException e) {
            return e.error().name();
        }
    }

    @Provide
    Arbitrary<List<Step>> scripts() {
        Arbitrary<Integer> slots = Arbitraries.integers().between(0, 3);
        // 0 read, 1 write, 2 mkdir, 3 remove, 4 directory, 5 commit
        Arbitrary<Integer> actions = Arbitraries.of(0, 0, 1, 1, 2, 3, 4, 5);
        Arbitrary<String> values = Arbitraries.strings().withCharRange('a', 'z').ofMaxLength(2);
        return Combinators.combine(slots, actions, Arbitraries.of(PATHS), values)
                .as(Step::new)
                .list()
                .ofMinSize(5)
                .ofMaxSize(80);
    }

    private static final class Open {
        final Transaction transaction;
        final List<Step> steps = new ArrayList<>();
        final List<String> answers = new ArrayList<>();
        boolean alone = true;

        Open(Transaction transaction) {
            this.transaction = transaction;
        }
    }

    @Property(tries = 500)
    @StatisticsReport(StatisticsReport.StatisticsReportMode.OFF)
    void shouldCommitOnlyWhatCouldHaveHappenedAtOnce(@ForAll("scripts") List<Step> script) throws StoreException {
        Clients clients = new Clients();
        Model model = new Model();
        Map<Integer, Open> open = new LinkedHashMap<>();
        int committed = 0;
        int conflicts = 0;
        for (Step step : script) {
            if (step.slot() == 0) {
                if (step.action() < 5) {
                    assertThat(apply(clients, null, step)).as("%s", step).isEqualTo(model.apply(step));
                    open.values().forEach(other -> other.alone &= step.action() == 0 || step.action() == 4);
                }
                continue;
            }
            Open current = open.get(step.slot());
            if (current == null) {
                current = new Open(clients.dom0.start());
                open.put(step.slot(), current);
            }
            if (step.action() < 5) {
                current.steps.add(step);
                current.answers.add(apply(clients, current.transaction, step));
                continue;
            }
            open.remove(step.slot());
            if (commit(clients, current)) {
                committed++;
                for (int i = 0; i < current.steps.size(); i++) {
                    assertThat(current.answers.get(i))
                            .as("%s of %s", current.steps.get(i), current.steps)
                            .isEqualTo(model.apply(current.steps.get(i)));
                }
                open.values().forEach(other -> other.alone = false);
            } else {
                conflicts++;
                assertThat(current.alone).as("%s met no change", current.steps).isFalse();
            }
        }
        assertThat(contents(clients)).isEqualTo(model.nodes);
        assertThat(clients.store.check()).isNull();
        Statistics.label("committed").collect(committed > 0);
        Statistics.label("conflicts").collect(conflicts > 0);
        Statistics.label("committed").coverage(checker -> checker.check(true).percentage(p -> p > 30.0));
        Statistics.label("conflicts").coverage(checker -> checker.check(true).percentage(p -> p > 30.0));
    }

    private static boolean commit(Clients clients, Open transaction) throws StoreException {
        try {
            clients.dom0.commit(transaction.transaction);
            return true;
        } catch (StoreException e) {
            assertThat(e).isSameAs(StoreException.EAGAIN);
            return false;
        }
    }

    private static TreeMap<String, String> contents(Clients clients) {
        TreeMap<String, String> found = new TreeMap<>();
        collect(clients, StorePath.ROOT, found);
        found.keySet().removeIf(path -> path.startsWith("/tool"));
        return found;
    }

    private static void collect(Clients clients, String path, TreeMap<String, String> found) {
        StoreNode node = clients.store.peek(path);
        found.put(path, Payload.text(node.value(), 0, node.value().length));
        for (String child : node.children()) {
            collect(clients, StorePath.child(path, child), found);
        }
    }
}
