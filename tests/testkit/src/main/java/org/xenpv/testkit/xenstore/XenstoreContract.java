package org.xenpv.testkit.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.event.EventLoop;
import org.xenpv.xenstore.BlockingXenstore;
import org.xenpv.xenstore.XenstoreException;
import org.xenpv.xenstore.XenstorePermissions;
import org.xenpv.xenstore.XenstorePermissions.Access;
import org.xenpv.xenstore.XenstoreWatch;

/**
 * What {@link org.xenpv.xenstore.Xenstore} promises, seen from two connections to a real or simulated xenstored.
 * Subclass it and open a pair.
 */
@Timeout(120)
public abstract class XenstoreContract {

    private static final long PATIENCE_NS = 20_000_000_000L;

    private XenstorePair pair;
    private BlockingXenstore control;
    private BlockingXenstore guest;
    private String base;

    /** A fresh pair for one test; its base directory is there and empty. */
    protected abstract XenstorePair open() throws Exception;

    @BeforeEach
    void openPair() throws Exception {
        pair = open();
        control = new BlockingXenstore(pair.control(), pair.controlLoop(), PATIENCE_NS);
        guest = new BlockingXenstore(pair.guest(), pair.guestLoop(), PATIENCE_NS);
        base = pair.base();
    }

    @AfterEach
    void closePair() {
        if (pair != null) {
            pair.close().run();
        }
    }

    private static void until(EventLoop loop, BooleanSupplier done) {
        assertThat(loop.runUntil(done, loop.clock().nanoTime() + PATIENCE_NS))
                .as("in time")
                .isTrue();
    }

    private static void assertErrno(String errno, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        XenstoreException.class,
                        refused -> assertThat(refused.error()).isEqualTo(errno));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "4", "with blanks and /slashes", "\0", "a\0b\0", "\u0001\u007f\u0080\u00ff"})
    void shouldReadWhatTheOtherWrote_byteForByte(String value) {
        guest.write(base + "/value", value);
        assertThat(control.read(base + "/value")).isEqualTo(value);
        control.write(base + "/value", value + "!");
        assertThat(guest.read(base + "/value")).isEqualTo(value + "!");
    }

    @Test
    void shouldCarryTheLongestPayload() {
        String path = base + "/long";
        String value = "x".repeat(4096 - path.length() - 1);
        control.write(path, value);
        assertThat(control.read(path)).isEqualTo(value);
        assertThatThrownBy(() -> control.write(path, value + "x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4097");
        assertThat(guest.readOrNull(base + "/nothing")).isNull();
    }

    @Test
    void shouldTellThatANodeIsMissing() {
        assertErrno("ENOENT", () -> guest.read(base + "/nothing"));
        assertErrno("ENOENT", () -> guest.directory(base + "/nothing"));
        assertErrno("ENOENT", () -> control.permissions(base + "/nothing"));
        guest.write(base + "/something", "1");
        assertThat(guest.readAll(base + "/something", base + "/nothing", base + "/something"))
                .containsExactly("1", null, "1");
    }

    @Test
    void shouldMakeParents_andKeepValues() {
        guest.write(base + "/a/b/c", "deep");
        assertThat(guest.read(base + "/a/b")).isEmpty();
        guest.write(base + "/a", "value");
        guest.mkdir(base + "/a");
        guest.mkdir(base + "/a/b/d");
        assertThat(guest.read(base + "/a")).isEqualTo("value");
        assertThat(guest.directory(base + "/a/b")).containsExactlyInAnyOrder("c", "d");
        assertThat(guest.directory(base + "/a/b/c")).isEmpty();
    }

    @Test
    void shouldRemoveWithAllBelow() {
        guest.write(base + "/a/b/c", "deep");
        guest.remove(base + "/a");
        assertThat(guest.readAll(base + "/a", base + "/a/b", base + "/a/b/c")).containsOnlyNulls();
        guest.remove(base + "/a");
        guest.remove(base + "/neither/this/nor/that");
    }

    @Test
    void shouldListMoreChildren_thanAMessageHolds() {
        Set<String> names = new HashSet<>();
        List<String> writes = new ArrayList<>();
        for (int i = 0; i < pair.longNames(); i++) {
            String name = "child-" + i + "-" + "n".repeat(60);
            names.add(name);
            writes.add(base + "/many/" + name);
            writes.add("");
        }
        assertThat(String.join("|", names)).hasSizeGreaterThan(8192);
        control.writeAll(writes.toArray(new String[0]));
        assertThat(new HashSet<>(control.directory(base + "/many"))).isEqualTo(names);
        assertThat(control.directory(base + "/many")).hasSize(names.size());
    }

    @Test
    void shouldKeepPermissions() {
        XenstorePermissions wanted = new XenstorePermissions(
                pair.guestDomid(), Access.READ, List.of(new XenstorePermissions.Entry(0, Access.BOTH)));
        guest.write(base + "/p", "1");
        guest.setPermissions(base + "/p", wanted);
        assertThat(control.permissions(base + "/p")).isEqualTo(wanted);
    }

    @Test
    void shouldRefuse_whatPermissionsForbid() {
        assumeTrue(pair.isGuestUnprivileged(), "both connections are privileged");
        control.write(base + "/secret", "1");
        control.setPermissions(base + "/secret", new XenstorePermissions(0, Access.NONE, List.of()));
        assertErrno("EACCES", () -> guest.read(base + "/secret"));
        assertErrno("EACCES", () -> guest.write(base + "/secret", "2"));
        control.setPermissions(base + "/secret", XenstorePermissions.readableBy(0, pair.guestDomid()));
        assertThat(guest.read(base + "/secret")).isEqualTo("1");
        assertErrno("EACCES", () -> guest.write(base + "/secret", "2"));
        assertErrno(
                "EACCES",
                () -> guest.setPermissions(base + "/secret", XenstorePermissions.readableBy(pair.guestDomid(), 0)));
    }

    @Test
    void shouldResolveRelativePaths() {
        assumeTrue(pair.isGuestUnprivileged(), "only a domain has a home");
        String home = guest.domainPath(pair.guestDomid());
        assertThat(home).isEqualTo("/local/domain/" + pair.guestDomid());
        assertThat(base).startsWith(home + "/");
        guest.write(base.substring(home.length() + 1) + "/rel", "1");
        assertThat(control.read(base + "/rel")).isEqualTo("1");
        assertThat(control.isDomainIntroduced(pair.guestDomid())).isTrue();
        assertThat(control.isDomainIntroduced(pair.guestDomid() + 1000)).isFalse();
    }

    @Test
    void shouldFireWatches_atFirstAndOnEachChangeBelow() {
        List<String> fired = new ArrayList<>();
        XenstoreWatch watch = guest.watch(base + "/w", fired::add);
        until(pair.guestLoop(), () -> fired.size() >= 1);
        assertThat(fired).containsOnly(base + "/w");

        quiet(fired);
        control.write(base + "/w/x/y", "1");
        until(pair.guestLoop(), () -> fired.contains(base + "/w/x/y"));

        quiet(fired);
        control.write(base + "/wx", "1");
        control.write(base + "/w", "2");
        until(pair.guestLoop(), () -> fired.contains(base + "/w"));
        assertThat(fired).doesNotContain(base + "/wx");

        quiet(fired);
        control.remove(base + "/w");
        until(pair.guestLoop(), () -> !fired.isEmpty());

        watch.cancel();
        quiet(fired);
        control.write(base + "/w", "3");
        guest.read(base);
        assertThat(fired).isEmpty();
    }

    /** Takes in what is still on its way. */
    private void quiet(List<String> fired) {
        guest.read(base);
        guest.read(base);
        fired.clear();
    }

    @Test
    void shouldTellRelativePaths_toAWatchThatWasSetSo() {
        assumeTrue(pair.isGuestUnprivileged(), "only a domain has a home");
        String home = guest.domainPath(pair.guestDomid());
        String relative = base.substring(home.length() + 1);
        List<String> fired = new ArrayList<>();
        XenstoreWatch watch = guest.watch(relative, fired::add);
        until(pair.guestLoop(), () -> fired.contains(relative));
        quiet(fired);
        control.write(base + "/x", "1");
        until(pair.guestLoop(), () -> fired.contains(relative + "/x"));
        watch.cancel();
    }

    @Test
    void shouldAwaitAValue() {
        control.write(base + "/state", "1");
        EventLoop loop = pair.guestLoop();
        loop.at(
                loop.clock().nanoTime() + 50_000_000L,
                () -> pair.guest().write(base + "/state", "4", (ok, error) -> {}));
        assertThat(guest.awaitValue(PATIENCE_NS, base + "/state", "4")).isEqualTo("4");
    }

    @Test
    void shouldIsolateTransactions() {
        guest.write(base + "/a", "before");
        guest.transaction(tx -> {
            tx.write(base + "/a", "inside");
            tx.write(base + "/new", "inside");
            assertThat(tx.read(base + "/a")).isEqualTo("inside");
            assertThat(control.read(base + "/a")).isEqualTo("before");
            assertThat(control.readOrNull(base + "/new")).isNull();
            return null;
        });
        assertThat(control.readAll(base + "/a", base + "/new")).containsExactly("inside", "inside");
    }

    @Test
    void shouldLeaveNothing_whenATransactionAborts() {
        IllegalStateException mine = new IllegalStateException("mine");
        for (int i = 0; i < 50; i++) {
            assertThatThrownBy(() -> guest.transaction(tx -> {
                        tx.write(base + "/a", "inside");
                        throw mine;
                    }))
                    .as("more often than any quota of open transactions")
                    .isSameAs(mine);
        }
        assertThat(control.readOrNull(base + "/a")).isNull();
        assertThat(guest.<String>transaction(tx -> "fine")).isEqualTo("fine");
    }

    @Test
    void shouldRunATransactionAgain_whenAnotherWroteWhatItRead() {
        guest.write(base + "/n", "0");
        AtomicInteger runs = new AtomicInteger();
        guest.transaction(tx -> {
            int n = Integer.parseInt(tx.read(base + "/n"));
            if (runs.incrementAndGet() == 1) {
                control.write(base + "/n", "10");
            }
            tx.write(base + "/n", Integer.toString(n + 1));
            return null;
        });
        assertThat(runs.get()).isEqualTo(2);
        assertThat(control.read(base + "/n")).isEqualTo("11");
    }

    @Test
    void shouldGiveUp_whenATransactionAlwaysConflicts() {
        guest.write(base + "/n", "0");
        AtomicInteger runs = new AtomicInteger();
        assertErrno(
                "EAGAIN",
                () -> guest.transaction(tx -> {
                    tx.read(base + "/n");
                    control.write(base + "/n", "run " + runs.incrementAndGet());
                    tx.write(base + "/n", "mine");
                    return null;
                }));
        assertThat(runs.get()).isEqualTo(10);
        assertThat(control.read(base + "/n")).isEqualTo("run 10");
    }

    @Test
    void shouldKeepManyRequestsInFlight() {
        int count = 200;
        AtomicInteger done = new AtomicInteger();
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String path = base + "/flight/k" + i % 20;
            String value = "v" + i + "-".repeat(i);
            pair.guest().write(path, value, (ok, error) -> {
                if (error != null) {
                    wrong.add(error.getMessage());
                }
            });
            pair.guest().read(path, (read, error) -> {
                done.incrementAndGet();
                if (!value.equals(read)) {
                    wrong.add(path + "=" + read + ", " + error);
                }
            });
        }
        until(pair.guestLoop(), () -> done.get() == count);
        assertThat(wrong).isEmpty();
    }

    @Test
    void shouldRefuseAnOperationOfTheControlDomain_toAnybodyElse() {
        assumeTrue(pair.isGuestUnprivileged(), "both connections are privileged");
        assertThatThrownBy(() -> guest.isDomainIntroduced(0)).isInstanceOf(XenstoreException.class);
        assertThat(guest.readOrNull(base + "/alive")).isNull();
    }
}
