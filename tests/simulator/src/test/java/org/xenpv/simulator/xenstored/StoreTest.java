package org.xenpv.simulator.xenstored;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenpv.simulator.xenstored.Clients.assertRefused;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.simulator.xenstored.Clients.Client;

class StoreTest {

    private Clients clients = new Clients();
    private Client dom0;
    private Client dom1;
    private Client dom2;

    @BeforeEach
    void homes() throws StoreException {
        use(new Clients());
    }

    private void use(Clients fresh) throws StoreException {
        clients = fresh;
        dom0 = clients.dom0;
        dom1 = clients.dom1;
        dom2 = clients.dom2;
        for (int domid = 1; domid <= 2; domid++) {
            dom0.mkdir("/local/domain/" + domid);
            dom0.setPermissions("/local/domain/" + domid, "n" + domid);
        }
    }

    @AfterEach
    void treeIsSound() {
        assertThat(clients.store.check()).isNull();
    }

    @Nested
    class Nodes {

        @Test
        void shouldCreateMissingParents_whenWriting() throws StoreException {
            dom0.write("/a/b/c", "v");
            assertThat(dom0.read("/a/b/c")).isEqualTo("v");
            assertThat(dom0.read("/a")).isEmpty();
            assertThat(dom0.list("/a")).containsExactly("b");
        }

        @Test
        void shouldListChildrenInTheOrderOfCreation() throws StoreException {
            for (String name : List.of("z", "a", "m")) {
                dom0.mkdir("/d/" + name);
            }
            dom0.remove("/d/a");
            dom0.mkdir("/d/a");
            assertThat(dom0.list("/d")).containsExactly("z", "m", "a");
        }

        @Test
        void shouldKeepTheValue_whenMkdirFindsTheNode() throws StoreException {
            dom0.write("/a", "v");
            dom0.mkdir("/a");
            assertThat(dom0.read("/a")).isEqualTo("v");
        }

        @Test
        void shouldRemoveEverythingBelow() throws StoreException {
            dom0.write("/a/b/c", "v");
            dom0.write("/a/d", "v");
            dom0.remove("/a/b");
            assertRefused(StoreException.ENOENT, () -> dom0.read("/a/b/c"));
            assertThat(dom0.list("/a")).containsExactly("d");
        }

        @Test
        void shouldAcceptRemoval_whenOnlyTheNodeIsMissing() throws StoreException {
            dom0.mkdir("/a");
            dom0.remove("/a/b");
            assertRefused(StoreException.ENOENT, () -> dom0.remove("/a/b/c"));
        }

        @Test
        void shouldNeverRemoveTheRoot() {
            assertRefused(StoreException.EINVAL, () -> dom0.remove("/"));
            assertRefused(StoreException.EACCES, () -> dom1.remove("/"));
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "//", "/a//b", "/a/", "/a b", "/a.b", "/ä", "a\u0000b", "@releaseDomain", "/a\n"})
        void shouldRefuseInvalidPaths(String path) {
            assertRefused(StoreException.EINVAL, () -> dom0.read(path));
            assertRefused(StoreException.EINVAL, () -> dom0.write(path, "v"));
            assertRefused(StoreException.EINVAL, () -> dom0.mkdir(path));
            assertRefused(StoreException.EINVAL, () -> dom0.remove(path));
        }

        @Test
        void shouldTakeRelativePathsFromTheDomainsHome() throws StoreException {
            dom1.write("x", "v");
            assertThat(dom0.read("/local/domain/1/x")).isEqualTo("v");
        }

        @Test
        void shouldLimitPaths_notCountingTheDomainsHome() throws StoreException {
            String longest = "x".repeat(1000) + "/" + "x".repeat(1047);
            dom1.write(longest, "v");
            assertThat(dom0.read("/local/domain/1/" + longest)).isEqualTo("v");
            assertRefused(StoreException.EINVAL, () -> dom1.write(longest + "x", "v"));
            dom0.write("/" + "x".repeat(2047), "v");
            assertRefused(StoreException.EINVAL, () -> dom0.write("/" + "x".repeat(2048), "v"));
        }

        @Test
        void shouldRefuseAbsolutePathsAbove3072_whateverTheQuota() throws StoreException {
            use(new Clients(Quotas.defaults().with("path-max", 10_000)));
            dom0.write("/" + "x".repeat(3071), "v");
            assertRefused(StoreException.EINVAL, () -> dom0.write("/" + "x".repeat(3072), "v"));
        }
    }

    @Nested
    class Permissions {

        @Test
        void shouldInheritThem_andGiveUnprivilegedCreatorsTheirNodes() throws StoreException {
            dom0.mkdir("/shared");
            dom0.setPermissions("/shared", "b0", "r2");
            dom1.write("/shared/a/b", "v");
            assertThat(dom1.permissions("/shared/a")).containsExactly("b1", "r2");
            assertThat(dom1.permissions("/shared/a/b")).containsExactly("b1", "r2");
            dom0.write("/local/domain/1/c", "v");
            assertThat(dom0.permissions("/local/domain/1/c")).containsExactly("n1");
        }

        @Test
        void shouldNotTellWhetherANodeExists_whenItsParentIsClosed() throws StoreException {
            dom0.write("/secret/there", "v");
            assertRefused(StoreException.EACCES, () -> dom1.read("/secret/there"));
            assertRefused(StoreException.EACCES, () -> dom1.read("/secret/missing"));
            dom0.setPermissions("/secret", "r0");
            assertRefused(StoreException.EACCES, () -> dom1.read("/secret/there"));
            assertRefused(StoreException.ENOENT, () -> dom1.read("/secret/missing"));
            assertRefused(StoreException.EACCES, () -> dom1.write("/secret/missing", "v"));
        }

        @Test
        void shouldHonourEachLetter() throws StoreException {
            dom0.write("/n", "v");
            for (String letter : List.of("n", "r", "w", "b")) {
                dom0.setPermissions("/n", "n0", letter + "1");
                if (letter.equals("r") || letter.equals("b")) {
                    assertThat(dom1.read("/n")).isEqualTo("v");
                } else {
                    assertRefused(StoreException.EACCES, () -> dom1.read("/n"));
                }
                if (letter.equals("w") || letter.equals("b")) {
                    dom1.write("/n", "v");
                } else {
                    assertRefused(StoreException.EACCES, () -> dom1.write("/n", "v"));
                }
                assertRefused(StoreException.EACCES, () -> dom2.read("/n"));
            }
        }

        @Test
        void shouldLetTheFirstEntryOfADomainCount() throws StoreException {
            dom0.write("/n", "v");
            dom0.setPermissions("/n", "b0", "n1", "b1");
            assertRefused(StoreException.EACCES, () -> dom1.read("/n"));
            assertThat(dom2.read("/n")).isEqualTo("v");
        }

        @Test
        void shouldLetOnlyTheOwnerChangeThem_andNotGiveTheNodeAway() throws StoreException {
            dom1.write("x", "v");
            dom1.setPermissions("x", "n1", "r2");
            assertThat(dom2.read("/local/domain/1/x")).isEqualTo("v");
            assertRefused(StoreException.EPERM, () -> dom1.setPermissions("x", "n2"));
            assertRefused(StoreException.EACCES, () -> dom2.setPermissions("/local/domain/1/x", "n1", "b2"));
            dom0.setPermissions("/local/domain/1/x", "n2");
            assertRefused(StoreException.EACCES, () -> dom1.read("x"));
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "n", "x1", "1", "n1x", "n-1", "n65536", "n999999", "N1", "n 1"})
        void shouldRefuseMalformedOnes(String permission) throws StoreException {
            dom0.mkdir("/n");
            assertRefused(StoreException.EINVAL, () -> dom0.setPermissions("/n", permission));
            assertRefused(StoreException.EINVAL, () -> dom0.setPermissions("/n", "n0", permission));
        }

        @Test
        void shouldNotGrantToADomainThatComesLater() throws StoreException {
            dom0.write("/n", "v");
            assertRefused(StoreException.ENOENT, () -> dom0.setPermissions("/n", "n7"));
            dom0.setPermissions("/n", "n0", "r7");
            assertThat(dom0.permissions("/n")).containsExactly("n0", "r7");
            clients.existing.add(7);
            Client dom7 = new Client(clients.store, 7);
            assertRefused(StoreException.EACCES, () -> dom7.read("/n"));
            dom0.setPermissions("/n", "n0", "r7");
            assertThat(dom7.read("/n")).isEqualTo("v");
        }

        @Test
        void shouldOpenSpecialNodesToPrivilegedOnly_untilTheyArePermitted() throws StoreException {
            assertThat(dom0.permissions("@releaseDomain")).containsExactly("n0");
            assertRefused(StoreException.EACCES, () -> dom1.permissions("@releaseDomain"));
            dom0.setPermissions("@releaseDomain", "n0", "r1");
            assertThat(dom1.permissions("@releaseDomain")).containsExactly("n0", "r1");
        }
    }

    @Nested
    class Watches {

        @Test
        void shouldFireOnceWhenSet_evenIfThereIsNoNode() throws StoreException {
            dom1.watch("missing", "t");
            assertThat(dom1.takeEvents()).containsExactly("missing t");
        }

        @Test
        void shouldFireForTheNodeAndWhatIsBelow_notForNeighbours() throws StoreException {
            dom0.watch("/a", "t");
            dom0.takeEvents();
            dom0.write("/a/b", "1");
            dom0.write("/a", "2");
            dom0.write("/ab", "3");
            dom0.mkdir("/a/b");
            assertThat(dom0.takeEvents()).containsExactly("/a/b t", "/a t");
        }

        @Test
        void shouldReportRelativePaths_whenTheWatchIsRelative() throws StoreException {
            dom1.watch("dev", "rel");
            dom1.watch("/local/domain/1/dev", "abs");
            dom1.takeEvents();
            dom1.write("dev/x", "v");
            assertThat(dom1.takeEvents()).containsExactly("dev/x rel", "/local/domain/1/dev/x abs");
        }

        @Test
        void shouldFireForEachWatchedNodeThatIsRemoved_childrenFirst() throws StoreException {
            dom0.write("/a/b/c", "v");
            dom0.watch("/", "all");
            dom0.watch("/a/b/c", "leaf");
            dom0.watch("/a/b/missing", "none");
            dom0.takeEvents();
            dom0.remove("/a");
            assertThat(dom0.takeEvents()).containsExactly("/a/b/c leaf", "/a all");
        }

        @Test
        void shouldFireWhenPermissionsChange_alsoForTheOneWhoLosesThem() throws StoreException {
            dom0.mkdir("/p");
            dom0.setPermissions("/p", "n0", "r1");
            dom1.watch("/p", "t");
            dom2.watch("/p", "t");
            dom1.takeEvents();
            dom2.takeEvents();
            dom0.setPermissions("/p", "n0");
            assertThat(dom1.takeEvents()).containsExactly("/p t");
            dom0.write("/p", "v");
            assertThat(dom1.takeEvents()).isEmpty();
            assertThat(dom2.takeEvents()).isEmpty();
        }

        @Test
        void shouldTellOfARemoval_whenTheNodeWasReadableThoughItsParentIsNot() throws StoreException {
            dom0.write("/closed/open", "v");
            dom0.setPermissions("/closed/open", "n0", "r1");
            dom1.watch("/closed/open", "t");
            dom1.takeEvents();
            dom0.remove("/closed/open");
            assertThat(dom1.takeEvents()).containsExactly("/closed/open t");
        }

        @Test
        void shouldRefuseTheSamePathAndTokenTwice() throws StoreException {
            dom1.watch("x", "t");
            assertRefused(StoreException.EEXIST, () -> dom1.watch("/local/domain/1/x", "t"));
            dom1.watch("x", "u");
            dom2.watch("/local/domain/1/x", "t");
            dom1.unwatch("/local/domain/1/x", "t");
            assertRefused(StoreException.ENOENT, () -> dom1.unwatch("x", "t"));
        }

        @Test
        void shouldStopFiring_whenUnwatchedOrReset() throws StoreException {
            dom1.watch("x", "t");
            dom1.watch("x", "u");
            dom1.takeEvents();
            dom1.unwatch("x", "t");
            dom1.write("x", "1");
            assertThat(dom1.takeEvents()).containsExactly("x u");
            clients.store.resetWatches(dom1.id);
            dom1.write("x", "2");
            assertThat(dom1.takeEvents()).isEmpty();
        }

        @Test
        void shouldReportDomains_toThoseWhoMayKnow() throws StoreException {
            dom0.watch("@introduceDomain", "i");
            dom0.watch("@releaseDomain", "r");
            dom1.watch("@releaseDomain", "r");
            dom2.watch("@releaseDomain", "r");
            dom0.setPermissions("@releaseDomain", "n0", "r2");
            dom0.takeEvents();
            dom1.takeEvents();
            dom2.takeEvents();
            clients.store.domains().introduce(5);
            clients.store.domains().shutdown(5);
            clients.store.domains().shutdown(5);
            assertThat(dom0.takeEvents()).containsExactly("@introduceDomain i", "@releaseDomain r");
            clients.store.domains().resume(5);
            clients.store.domains().shutdown(5);
            clients.store.domains().release(5);
            clients.store.domains().release(5);
            assertThat(dom0.takeEvents()).containsExactly("@releaseDomain r", "@releaseDomain r");
            assertThat(dom1.takeEvents()).isEmpty();
            assertThat(dom2.takeEvents()).hasSize(3);
        }
    }

    @Nested
    class Transactions {

        @Test
        void shouldHideChangesUntilTheCommit() throws StoreException {
            dom0.write("/a", "1");
            Transaction tx = dom0.start();
            dom0.write(tx, "/a", "2");
            assertThat(dom0.read(tx, "/a")).isEqualTo("2");
            assertThat(dom0.read("/a")).isEqualTo("1");
            dom0.commit(tx);
            assertThat(dom0.read("/a")).isEqualTo("2");
        }

        @Test
        void shouldChangeNothing_whenAborted() throws StoreException {
            Transaction tx = dom0.start();
            dom0.write(tx, "/a/b", "1");
            clients.store.abort(dom0.id, tx);
            assertRefused(StoreException.ENOENT, () -> dom0.read("/a"));
            assertRefused(StoreException.ENOENT, () -> clients.store.transaction(dom0.id, tx.id()));
        }

        @Test
        void shouldConflict_whenSomethingItReadChanged() throws StoreException {
            dom0.write("/a", "1");
            Transaction tx = dom0.start();
            dom0.read(tx, "/a");
            dom0.write(tx, "/b", "1");
            dom0.write("/a", "1");
            assertRefused(StoreException.EAGAIN, () -> dom0.commit(tx));
            assertRefused(StoreException.ENOENT, () -> dom0.read("/b"));
        }

        @Test
        void shouldConflict_whenSomethingItMissedAppeared() throws StoreException {
            Transaction tx = dom0.start();
            assertRefused(StoreException.ENOENT, () -> dom0.read(tx, "/x/y"));
            dom0.write("/x/y", "1");
            assertRefused(StoreException.EAGAIN, () -> dom0.commit(tx));
        }

        @Test
        void shouldConflict_whenSomethingItReadVanishedAndCameBack() throws StoreException {
            dom0.write("/a", "1");
            Transaction tx = dom0.start();
            dom0.read(tx, "/a");
            dom0.remove("/a");
            dom0.write("/a", "1");
            assertRefused(StoreException.EAGAIN, () -> dom0.commit(tx));
        }

        @Test
        void shouldCommitBoth_whenTheyTouchDifferentNodes() throws StoreException {
            dom0.write("/a", "1");
            dom0.write("/b", "1");
            Transaction one = dom0.start();
            Transaction two = dom0.start();
            dom0.write(one, "/a", "2");
            dom0.write(two, "/b", "2");
            dom0.commit(one);
            dom0.commit(two);
            assertThat(dom0.read("/a") + dom0.read("/b")).isEqualTo("22");
        }

        @Test
        void shouldConflict_whenBothAddAChildToTheSameNode() throws StoreException {
            dom0.mkdir("/d");
            Transaction one = dom0.start();
            Transaction two = dom0.start();
            dom0.write(one, "/d/1", "");
            dom0.write(two, "/d/2", "");
            dom0.commit(one);
            assertRefused(StoreException.EAGAIN, () -> dom0.commit(two));
            assertThat(dom0.list("/d")).containsExactly("1");
        }

        @Test
        void shouldFireOnceForEachChangedNode_whenCommitted() throws StoreException {
            dom0.write("/a", "1");
            dom1.watch("x", "t");
            dom0.watch("/a", "t");
            dom1.takeEvents();
            dom0.takeEvents();
            Transaction tx = dom0.start();
            dom0.write(tx, "/a", "2");
            dom0.write(tx, "/local/domain/1/x/y", "2");
            dom0.write(tx, "/a", "3");
            assertThat(dom0.takeEvents()).isEmpty();
            dom0.commit(tx);
            assertThat(dom0.takeEvents()).containsExactly("/a t");
            assertThat(dom1.takeEvents()).containsExactly("x/y t");
        }

        @Test
        void shouldFireForRemovedNodes_whenCommitted() throws StoreException {
            dom0.write("/a/b", "1");
            dom0.watch("/a/b", "t");
            dom0.takeEvents();
            Transaction tx = dom0.start();
            clients.store.remove(dom0.id, tx, "/a");
            dom0.commit(tx);
            assertThat(dom0.takeEvents()).containsExactly("/a/b t");
            assertRefused(StoreException.ENOENT, () -> dom0.read("/a"));
        }

        @Test
        void shouldNotNest() throws StoreException {
            Transaction tx = dom0.start();
            assertRefused(StoreException.EBUSY, () -> clients.store.startTransaction(dom0.id, tx));
        }

        @Test
        void shouldBelongToOneClient() throws StoreException {
            Transaction tx = dom1.start();
            assertRefused(StoreException.ENOENT, () -> clients.store.transaction(dom2.id, tx.id()));
            clients.store.resetWatches(dom1.id);
            assertRefused(StoreException.ENOENT, () -> clients.store.transaction(dom1.id, tx.id()));
        }
    }

    @Nested
    class Limits {

        private void limit(String name, int value) throws StoreException {
            use(new Clients(Quotas.defaults().with(name, value)));
        }

        @Test
        void shouldLimitNodes_andCountThemAgainWhenRemoved() throws StoreException {
            limit("nodes", 4);
            dom1.write("a/b", "");
            dom1.write("c", "");
            assertRefused(StoreException.ENOSPC, () -> dom1.write("d", ""));
            dom1.write("c", "still writable");
            dom0.write("/local/domain/1/by-dom0", "");
            dom1.remove("a");
            dom1.write("d", "");
            assertRefused(StoreException.ENOSPC, () -> dom1.write("e/f", ""));
            assertThat(clients.store.ownedBy(1)).isEqualTo(4);
            assertThat(dom1.list("/local/domain/1")).containsExactly("c", "by-dom0", "d");
        }

        @Test
        void shouldLimitNodesOfATransaction_whenItCommits() throws StoreException {
            limit("nodes", 4);
            Transaction tx = dom1.start();
            for (String name : List.of("a", "b", "c", "d", "e")) {
                dom1.write(tx, name, "");
            }
            assertRefused(StoreException.ENOSPC, () -> dom1.commit(tx));
            assertThat(dom1.list("/local/domain/1")).isEmpty();
            assertThat(clients.store.ownedBy(1)).isEqualTo(1);
        }

        @Test
        void shouldLimitTheNodesATransactionLooksAt() throws StoreException {
            limit("transaction-nodes", 3);
            Transaction tx = dom1.start();
            for (String name : List.of("a", "b")) {
                // The node, and its parent that is asked whether its absence may be told.
                assertRefused(StoreException.ENOENT, () -> dom1.read(tx, name));
            }
            assertRefused(StoreException.ENOSPC, () -> dom1.read(tx, "c"));
            assertRefused(StoreException.ENOMEM, () -> dom1.commit(tx));
        }

        @Test
        void shouldLimitWatches() throws StoreException {
            limit("watches", 2);
            for (int i = 0; i < 3; i++) {
                dom1.watch("x", "t" + i);
                dom0.watch("/x", "t" + i);
            }
            assertRefused(StoreException.E2BIG, () -> dom1.watch("x", "one too many"));
            dom0.watch("/x", "dom0 is exempt");
            dom1.unwatch("x", "t0");
            dom1.watch("x", "t3");
        }

        @Test
        void shouldLimitTransactions() throws StoreException {
            limit("transactions", 2);
            List<Transaction> open = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                open.add(dom1.start());
                dom0.start();
            }
            assertRefused(StoreException.ENOSPC, () -> dom1.start());
            dom0.start();
            dom1.commit(open.get(0));
            dom1.start();
        }

        @Test
        void shouldLimitTheSizeOfANode() throws StoreException {
            String biggest = "x".repeat(2048 - 24 - 8 - 1);
            dom1.write("a", biggest);
            assertRefused(StoreException.ENOSPC, () -> dom1.write("a", biggest + "x"));
            assertRefused(StoreException.ENOSPC, () -> dom1.write("b", biggest + "x"));
            assertRefused(StoreException.ENOENT, () -> dom1.read("b"));
            dom0.write("/local/domain/1/a", biggest + "xx");
        }

        @Test
        void shouldLimitTheSizeOfADirectory() throws StoreException {
            dom1.mkdir("d");
            dom1.mkdir("d/" + "x".repeat(1990));
            assertRefused(StoreException.ENOSPC, () -> dom1.mkdir("d/" + "y".repeat(30)));
            dom1.mkdir("d/y");
        }

        @Test
        void shouldLimitPermissionsOfANode() throws StoreException {
            dom1.mkdir("a");
            dom1.setPermissions("a", "n1", "r2", "r2", "r2", "r2");
            assertRefused(StoreException.ENOSPC, () -> dom1.setPermissions("a", "n1", "r2", "r2", "r2", "r2", "r2"));
            dom0.setPermissions("/local/domain/1/a", "n1", "r2", "r2", "r2", "r2", "r2");
        }
    }

    @Nested
    class Domains {

        @Test
        void shouldForgetEverythingOfAReleasedDomain() throws StoreException {
            clients.store.domains().introduce(1);
            dom1.write("a/b", "v");
            dom0.mkdir("/shared");
            dom0.setPermissions("/shared", "n0", "b1");
            dom1.write("/shared/of1/below", "v");
            dom0.write("/shared/of0", "v");
            dom0.setPermissions("/shared/of0", "n0", "r1", "r2");
            clients.store.disconnect(dom1.id);
            clients.store.domains().release(1);
            assertThat(clients.store.ownedBy(1)).isZero();
            assertThat(dom0.list("/local/domain")).containsExactly("2");
            assertThat(dom0.list("/shared")).containsExactly("of0");
            assertThat(dom0.permissions("/shared/of0")).containsExactly("n0", "r2");
            Client nextOfThatNumber = new Client(clients.store, 1);
            assertRefused(StoreException.EACCES, () -> nextOfThatNumber.read("/shared/of0"));
        }

        @Test
        void shouldMakeOpenTransactionsOfOthersConflict_whenADomainsNodesGo() throws StoreException {
            clients.store.domains().introduce(1);
            dom1.write("a", "v");
            Transaction tx = dom0.start();
            dom0.read(tx, "/local/domain/1/a");
            clients.store.domains().release(1);
            assertRefused(StoreException.EAGAIN, () -> dom0.commit(tx));
        }

        @Test
        void shouldLetADomainActForItsTarget_untilThatIsReleased() throws StoreException {
            clients.store.domains().introduce(1);
            clients.store.domains().introduce(2);
            dom1.write("x", "v");
            assertRefused(StoreException.EACCES, () -> dom2.read("/local/domain/1/x"));
            assertRefused(StoreException.ENOENT, () -> clients.store.domains().setTarget(2, 9));
            clients.store.domains().setTarget(2, 1);
            assertThat(dom2.read("/local/domain/1/x")).isEqualTo("v");
            clients.store.domains().release(1);
            dom0.write("/local/domain/1/x", "of the next domain 1");
            dom0.setPermissions("/local/domain/1/x", "n1");
            assertRefused(StoreException.EACCES, () -> dom2.read("/local/domain/1/x"));
        }

        @Test
        void shouldNotReleaseOrResumeDom0() {
            assertRefused(StoreException.EINVAL, () -> clients.store.domains().checkGuest(0));
            assertRefused(StoreException.EINVAL, () -> clients.store.domains().resume(0));
            assertRefused(StoreException.ENOENT, () -> clients.store.domains().resume(1));
        }
    }
}
