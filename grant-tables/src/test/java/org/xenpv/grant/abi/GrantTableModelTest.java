package org.xenpv.grant.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;
import org.xenpv.grant.GrantLedger;
import org.xenpv.grant.GrantedPages;

/**
 * The table against a plain model, in any order of granting, releasing, revoking, granting again, mapping, unmapping
 * and retrying. After each step: allocated = free + lent + quarantined, no reference in two hands, none handed out
 * while it is mapped, no frame freed or allocated while it is mapped.
 */
class GrantTableModelTest {

    private static final int CAP = 12;
    private static final int BUDGET = 3;

    /** What a step wants is drawn from one number: the action, and what it acts on. */
    @Property(tries = 400)
    void shouldAgreeWithTheModel_version1(@ForAll @Size(max = 150) List<@IntRange(max = 0x7fff_ffff) Integer> steps) {
        run(1, steps);
    }

    @Property(tries = 400)
    void shouldAgreeWithTheModel_version2(@ForAll @Size(max = 150) List<@IntRange(max = 0x7fff_ffff) Integer> steps) {
        run(2, steps);
    }

    private static void run(int version, List<Integer> steps) {
        try (FakeXen xen = new FakeXen().withVersion(version)) {
            Model model = new Model(xen, version);
            for (int step : steps) {
                model.step(step);
                model.check();
            }
            model.letGo();
        }
    }

    private enum State {
        GRANTED,
        KEPT,
        QUARANTINED,
        RETURNED
    }

    private static final class Page {
        final int gref;
        GrantAccess access;
        State state = State.GRANTED;
        /** Version 2 makes no new mappings after a revoke that was refused; version 1 goes on making them. */
        boolean withdrawn;

        final List<Integer> handles = new ArrayList<>();

        Page(int gref, GrantAccess access) {
            this.gref = gref;
            this.access = access;
        }
    }

    private static final class Allocation {
        final GrantedPages pages;
        final int domid;
        final List<Page> list = new ArrayList<>();
        boolean released;

        Allocation(GrantedPages pages, int domid) {
            this.pages = pages;
            this.domid = domid;
        }

        boolean isHeld() {
            return list.stream().anyMatch(page -> page.state == State.QUARANTINED);
        }
    }

    private static final class Model {
        private final FakeXen xen;
        private final int version;
        private final AbiGrantTable table;
        private final List<Allocation> allocations = new ArrayList<>();
        private final Map<Integer, Page> byGref = new TreeMap<>();
        private final Deque<Page> waiting = new ArrayDeque<>();
        private final Map<Page, Allocation> owner = new HashMap<>();
        private long grants;
        private long refusals;

        Model(FakeXen xen, int version) {
            this.xen = xen;
            this.version = version;
            xen.framesMax = 1;
            table = xen.open(new AbiGrantTable.Options(version, 1, CAP, BUDGET));
        }

        void step(int draw) {
            int action = draw % 16;
            int rest = draw / 16;
            if (action < 4 || allocations.isEmpty()) {
                grant(1 + rest % 3, 1 + rest / 3 % 6, (rest / 18 & 1) == 0);
                return;
            }
            Allocation allocation = allocations.get(rest % allocations.size());
            int index = rest / 64 % allocation.list.size();
            Page page = allocation.list.get(index);
            switch (action) {
                case 4, 5 -> release(allocation);
                case 6, 7 -> revoke(allocation, index, page);
                case 8 -> regrant(allocation, index, page, (rest & 1) == 0);
                case 9, 10, 11 -> map(allocation, page, (rest & 2) == 0);
                case 12, 13 -> unmap(page);
                default -> retry();
            }
        }

        private int held(int domid) {
            return allocations.stream()
                    .filter(one -> one.domid == domid && one.isHeld())
                    .mapToInt(one -> one.list.size())
                    .sum();
        }

        private void grant(int domid, int count, boolean readOnly) {
            GrantAccess access = readOnly ? GrantAccess.READ_ONLY : GrantAccess.READ_WRITE;
            if (held(domid) >= CAP) {
                assertThatThrownBy(() -> table.grant(domid, count, access, "model"))
                        .isInstanceOf(GrantExhaustedException.class);
                return;
            }
            Allocation allocation = new Allocation(table.grant(domid, count, access, "model"), domid);
            for (int i = 0; i < count; i++) {
                Page page = new Page(allocation.pages.gref(i), access);
                assertThat(byGref.put(page.gref, page))
                        .as("gref %d in two hands", page.gref)
                        .isNull();
                assertThat(xen.mappings.values())
                        .as("gref %d mapped", page.gref)
                        .noneMatch(mapping -> mapping.gref() == page.gref);
                allocation.list.add(page);
                owner.put(page, allocation);
            }
            allocations.add(allocation);
            grants += count;
        }

        private boolean tryRevoke(Page page) {
            if (page.handles.isEmpty()) {
                return true;
            }
            refusals++;
            page.withdrawn = version == 2;
            return false;
        }

        private void giveBack(Page page) {
            page.state = State.RETURNED;
            byGref.remove(page.gref);
        }

        private void release(Allocation allocation) {
            if (!allocation.released) {
                allocation.released = true;
                for (Page page : allocation.list) {
                    if (page.state == State.KEPT || tryRevoke(page)) {
                        giveBack(page);
                    } else {
                        page.state = State.QUARANTINED;
                        waiting.add(page);
                    }
                }
            }
            assertThat(allocation.pages.release()).isEqualTo(!allocation.isHeld());
            forget(allocation);
        }

        private void forget(Allocation allocation) {
            if (allocation.released && !allocation.isHeld()) {
                allocations.remove(allocation);
            }
        }

        private void revoke(Allocation allocation, int index, Page page) {
            if (allocation.released) {
                assertThatThrownBy(() -> allocation.pages.revokePage(index)).isInstanceOf(IllegalStateException.class);
                return;
            }
            boolean expected = page.state == State.KEPT || tryRevoke(page);
            assertThat(allocation.pages.revokePage(index)).isEqualTo(expected);
            if (expected) {
                page.state = State.KEPT;
            }
        }

        private void regrant(Allocation allocation, int index, Page page, boolean readOnly) {
            GrantAccess access = readOnly ? GrantAccess.READ_ONLY : GrantAccess.READ_WRITE;
            if (allocation.released || page.state != State.KEPT) {
                assertThatThrownBy(() -> allocation.pages.regrantPage(index, access))
                        .isInstanceOf(IllegalStateException.class);
                return;
            }
            allocation.pages.regrantPage(index, access);
            page.state = State.GRANTED;
            page.access = access;
            page.withdrawn = false;
            grants++;
        }

        private void map(Allocation allocation, Page page, boolean writable) {
            if (page.state == State.RETURNED) {
                return;
            }
            boolean valid = page.state != State.KEPT && !page.withdrawn;
            boolean expected = valid && (!writable || page.access == GrantAccess.READ_WRITE);
            int handle = xen.map(page.gref, allocation.domid, writable);
            assertThat(handle > 0).isEqualTo(expected);
            if (expected) {
                page.handles.add(handle);
            }
        }

        private void unmap(Page page) {
            if (!page.handles.isEmpty()) {
                xen.unmap(page.handles.remove(0));
            }
        }

        private void retry() {
            int tries = Math.min(BUDGET, waiting.size());
            for (int i = 0; i < tries; i++) {
                Page page = waiting.remove();
                if (tryRevoke(page)) {
                    giveBack(page);
                    forget(owner.get(page));
                } else {
                    waiting.add(page);
                }
            }
            table.retryQuarantine();
        }

        void check() {
            assertThat(xen.violations).isEmpty();
            int quarantined = waiting.size();
            int lent = byGref.size() - quarantined;
            GrantLedger ledger = table.ledger();
            assertThat(ledger.lent()).as("lent").isEqualTo(lent);
            assertThat(ledger.quarantined()).as("quarantined").isEqualTo(quarantined);
            assertThat(table.freeRefs() + lent + quarantined)
                    .as("allocated = free + lent + quarantined")
                    .isEqualTo((version == 1 ? 512 : 256) - 8);
            assertThat(ledger.grantsTotal()).isEqualTo(grants);
            assertThat(ledger.refusedTotal()).isEqualTo(refusals);
            for (int domid = 1; domid <= 3; domid++) {
                assertThat(table.heldFrames(domid)).as("held by %d", domid).isEqualTo(held(domid));
            }
            assertThat(xen.framesUsed())
                    .isEqualTo(allocations.stream()
                            .mapToInt(one -> one.list.size())
                            .sum());
            List<GrantLedger.Entry> expected = new ArrayList<>();
            byGref.forEach((gref, page) -> expected.add(new GrantLedger.Entry(
                    gref, owner.get(page).domid, page.access, "model", page.state == State.QUARANTINED)));
            assertThat(ledger.entries()).isEqualTo(expected);
        }

        /** The other domains die: everything comes back. */
        void letGo() {
            for (Page page : List.copyOf(byGref.values())) {
                while (!page.handles.isEmpty()) {
                    unmap(page);
                }
            }
            List.copyOf(allocations).forEach(this::release);
            while (!waiting.isEmpty()) {
                retry();
            }
            check();
            assertThat(table.ledger().entries()).isEmpty();
            assertThat(xen.framesUsed()).isZero();
        }
    }
}
