package org.xenpv.simulator.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.grant.abi.GrantPlatform;
import org.xenpv.grant.abi.GrantPlatform.Frames;
import org.xenpv.memory.ChronicleMemory;
import org.xenpv.memory.SharedMemory;

/** GNTTABOP_* against what xen/common/grant_table.c does. */
class GrantHypercallsTest {

    private static final int OKAY = 0;
    private static final int GENERAL_ERROR = -1;
    private static final int BAD_DOMAIN = -2;
    private static final int BAD_GNTREF = -3;
    private static final int BAD_HANDLE = -4;
    private static final int BAD_VIRT_ADDR = -5;
    private static final int PERMISSION_DENIED = -8;
    private static final int BAD_PAGE = -9;
    private static final int BAD_COPY_ARG = -10;
    private static final int NO_SPACE = -13;

    private static final int EFAULT = -14;
    private static final int EBUSY = -16;
    private static final int EINVAL = -22;
    private static final int ENOSYS = -38;

    private static final int PERMIT = 1;
    private static final int ACCEPT_TRANSFER = 2;
    private static final int READONLY = 4;
    private static final int READING = 8;
    private static final int WRITING = 16;
    private static final int SUB_PAGE = 256;

    private static final int HOST_MAP = 2;
    private static final int MAP_READONLY = 4;

    private static final int REF = 20;
    private static final int SELF = RawHost.SELF;

    private final RawHost host = new RawHost();
    private final Domain front = host.dom1;
    private final Domain back = host.dom2;
    private final GrantPlatform backPlatform = back.grantPlatform();
    private final Frames page = front.memory().allocate(3);

    @AfterEach
    void closeHost() {
        host.close();
    }

    private long space(int pages) {
        return backPlatform.reserveMapSpace(pages);
    }

    private void grant(int flags) {
        host.grantV1(front, REF, flags, back.domid(), page.firstFrame());
    }

    // ---- map and unmap

    @Test
    void shouldShowTheGrantersPage_andMarkTheEntryInUse() {
        grant(PERMIT);
        page.memory().putInt(8, 4711);
        long at = space(1);

        assertThat(host.map(back, at, HOST_MAP, REF, 1)).isEqualTo(OKAY);
        int handle = host.mappedHandle();
        SharedMemory mapped = backPlatform.mapped(at, 1);

        assertThat(mapped).isInstanceOf(ChronicleMemory.class);
        assertThat(mapped.getInt(8)).isEqualTo(4711);
        mapped.putInt(12, 42);
        assertThat(page.memory().getInt(12)).isEqualTo(42);
        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT | READING | WRITING);
        assertThat(front.pinnedGrants()).isEqualTo(1);
        assertThat(back.strayMappings()).containsExactly("gref=20 of dom1");

        assertThat(host.unmap(back, at, handle)).isEqualTo(OKAY);

        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT);
        assertThat(back.strayMappings()).isEmpty();
        assertThatThrownBy(() -> mapped.check(0, 4, 4)).isInstanceOf(IllegalStateException.class);
        backPlatform.releaseMapSpace(at, 1);
    }

    @Test
    void shouldMarkOnlyReading_whenMappedReadOnly() {
        grant(PERMIT | READONLY);
        long at = space(1);

        assertThat(host.map(back, at, HOST_MAP | MAP_READONLY, REF, 1)).isEqualTo(OKAY);

        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT | READONLY | READING);
    }

    @Test
    void shouldRefuseToMapAReadOnlyGrantForWriting() {
        grant(PERMIT | READONLY);

        assertThat(host.map(back, space(1), HOST_MAP, REF, 1)).isEqualTo(GENERAL_ERROR);

        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT | READONLY);
        assertThat(front.pinnedGrants()).isZero();
    }

    @Test
    void shouldKeepWritingSet_untilTheLastWritableMappingIsGone() {
        grant(PERMIT);
        long at = space(3);
        host.map(back, at, HOST_MAP | MAP_READONLY, REF, 1);
        int reader = host.mappedHandle();
        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT | READING);
        host.map(back, at + 4096, HOST_MAP, REF, 1);
        int writer = host.mappedHandle();
        host.map(back, at + 8192, HOST_MAP, REF, 1);
        int otherWriter = host.mappedHandle();
        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT | READING | WRITING);

        host.unmap(back, at + 4096, writer);
        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT | READING | WRITING);
        host.unmap(back, at + 8192, otherWriter);
        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT | READING);
        host.unmap(back, at, reader);
        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, ACCEPT_TRANSFER, 3, PERMIT | SUB_PAGE})
    void shouldRefuseAnEntryThatGrantsNoMapping(int flags) {
        grant(flags);

        assertThat(host.map(back, space(1), HOST_MAP, REF, 1)).isEqualTo(GENERAL_ERROR);

        assertThat(host.flagsV1(front, REF)).isEqualTo(flags);
    }

    @Test
    void shouldRefuseAnEntryForAnotherDomain() {
        host.grantV1(front, REF, PERMIT, 0, page.firstFrame());

        assertThat(host.map(back, space(1), HOST_MAP, REF, 1)).isEqualTo(GENERAL_ERROR);
        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT);
    }

    @Test
    void shouldRefuseAFrameThatIsNotTheGranters() {
        Frames own = back.memory().allocate(1);
        host.grantV1(front, REF, PERMIT, back.domid(), own.firstFrame());
        assertThat(host.map(back, space(1), HOST_MAP, REF, 1)).isEqualTo(BAD_PAGE);
        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT);

        host.grantV1(front, REF, PERMIT, back.domid(), -1);
        assertThat(host.map(back, space(1), HOST_MAP, REF, 1)).isEqualTo(BAD_PAGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 100_000, -1, Integer.MIN_VALUE})
    void shouldRefuseAReferenceOutsideTheTable(int ref) {
        assertThat(host.map(back, space(1), HOST_MAP, ref, 1)).isEqualTo(BAD_GNTREF);
    }

    @Test
    void shouldRefuseADomainThatIsNone() {
        assertThat(host.map(back, space(1), HOST_MAP, REF, 77)).isEqualTo(BAD_DOMAIN);
        assertThat(host.map(back, space(1), HOST_MAP, REF, SELF)).isEqualTo(BAD_DOMAIN);
    }

    @Test
    void shouldRefuseFlagsThatMapNothingOrADevice() {
        grant(PERMIT);

        assertThat(host.map(back, space(1), 0, REF, 1)).isEqualTo(BAD_GNTREF);
        assertThat(host.map(back, space(1), HOST_MAP | 1, REF, 1)).isEqualTo(GENERAL_ERROR);
        assertThat(host.map(back, space(1), HOST_MAP | 16, REF, 1)).isEqualTo(GENERAL_ERROR);
    }

    @Test
    void shouldRefuseAnAddressThatCannotTakeAPage() {
        grant(PERMIT);
        long at = space(1);
        assertThat(host.map(back, at, HOST_MAP, REF, 1)).isEqualTo(OKAY);

        assertThat(host.map(back, at, HOST_MAP, REF, 1)).isEqualTo(BAD_VIRT_ADDR);
        assertThat(host.map(back, at + 1, HOST_MAP, REF, 1)).isEqualTo(BAD_VIRT_ADDR);
        assertThat(host.map(back, at + 4096, HOST_MAP, REF, 1)).isEqualTo(BAD_VIRT_ADDR);
        assertThat(host.map(back, 0, HOST_MAP, REF, 1)).isEqualTo(BAD_VIRT_ADDR);
        assertThat(front.pinnedGrants()).isEqualTo(1);
    }

    @Test
    void shouldGiveEachStructOfABatchItsOwnStatus() {
        grant(PERMIT);
        long at = space(2);
        host.putMap(0, at, HOST_MAP, REF + 1, 1);
        host.putMap(32, at + 4096, HOST_MAP, REF, 1);

        assertThat(host.grantOp(back, 0, 2)).isZero();

        assertThat(host.args.getShort(18)).isEqualTo((short) GENERAL_ERROR);
        assertThat(host.args.getShort(32 + 18)).isEqualTo((short) OKAY);
    }

    @Test
    void shouldRefuseAHandleThatIsNone() {
        grant(PERMIT);
        long at = space(2);
        host.map(back, at, HOST_MAP, REF, 1);
        int handle = host.mappedHandle();

        assertThat(host.unmap(back, at, handle + 1)).isEqualTo(BAD_HANDLE);
        assertThat(host.unmap(back, at, -1)).isEqualTo(BAD_HANDLE);
        assertThat(host.unmap(back, at + 4096, handle)).isEqualTo(GENERAL_ERROR);
        assertThat(host.unmap(back, at, handle)).isEqualTo(OKAY);
        assertThat(host.unmap(back, at, handle)).isEqualTo(BAD_HANDLE);
    }

    @Test
    void shouldMapTheReservedPagesOfAGuest() {
        Domain dom0 = host.dom0;
        long at = dom0.grantPlatform().reserveMapSpace(2);

        assertThat(host.map(dom0, at, HOST_MAP, 1, 1)).isEqualTo(OKAY);
        assertThat(host.map(dom0, at + 4096, HOST_MAP, 0, 1)).isEqualTo(OKAY);

        SharedMemory store = dom0.grantPlatform().mapped(at, 1);
        front.page(front.startInfo().storeGfn()).putInt(4, 5);
        assertThat(store.getInt(4)).isEqualTo(5);
        SharedMemory console = dom0.grantPlatform().mapped(at + 4096, 1);
        console.putInt(4, 6);
        assertThat(front.page(front.startInfo().consoleGfn()).getInt(4)).isEqualTo(6);
        assertThat(host.map(back, space(1), HOST_MAP, 1, 1)).isEqualTo(GENERAL_ERROR);
        assertThat(dom0.strayMappings()).isEmpty();
        assertThat(dom0.mappedPages()).isEqualTo(2);
    }

    @Test
    void shouldShowPagesInTheOrderTheyWereMapped_whenTheyAreNotNeighbours() {
        for (int i = 0; i < 3; i++) {
            host.grantV1(front, REF + i, PERMIT, back.domid(), page.firstFrame() + i);
            page.memory().putInt(i * 4096, 100 + i);
        }
        long at = space(3);
        host.map(back, at, HOST_MAP, REF + 2, 1);
        int handle = host.mappedHandle();
        host.map(back, at + 4096, HOST_MAP, REF, 1);
        host.map(back, at + 8192, HOST_MAP, REF + 1, 1);

        SharedMemory mapped = backPlatform.mapped(at, 3);

        assertThat(mapped).isInstanceOf(StitchedMemory.class);
        assertThat(mapped.getInt(0)).isEqualTo(102);
        assertThat(mapped.getInt(4096)).isEqualTo(100);
        assertThat(mapped.getInt(8192)).isEqualTo(101);
        host.unmap(back, at, handle);
        assertThatThrownBy(() -> mapped.check(8192, 4, 4)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> backPlatform.mapped(at, 3)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldUnmapEverything_whenTheMapperIsDestroyed() {
        grant(PERMIT);
        long at = space(1);
        host.map(back, at, HOST_MAP, REF, 1);
        SharedMemory mapped = backPlatform.mapped(at, 1);

        host.xen.destroy(back);

        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT);
        assertThatThrownBy(() -> mapped.check(0, 4, 4)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldKeepAMappedPage_whenTheGranterIsDestroyed() {
        grant(PERMIT);
        long at = space(1);
        host.map(back, at, HOST_MAP, REF, 1);
        int handle = host.mappedHandle();
        SharedMemory mapped = backPlatform.mapped(at, 1);

        host.xen.destroy(front);

        mapped.putInt(0, 1);
        assertThat(host.unmap(back, at, handle)).isEqualTo(OKAY);
        assertThat(host.map(back, at, HOST_MAP, REF, 1)).isEqualTo(BAD_DOMAIN);
    }

    @Test
    void shouldUnmapFromTheOldTable_whenTheGranterWasRestored() {
        grant(PERMIT);
        long at = space(1);
        host.map(back, at, HOST_MAP, REF, 1);
        int handle = host.mappedHandle();

        host.xen.restore(front);

        assertThat(front.pinnedGrants()).isZero();
        assertThat(host.flagsV1(front, REF)).isZero();
        assertThat(host.unmap(back, at, handle)).isEqualTo(OKAY);
        assertThat(host.map(back, at, HOST_MAP, 1, front.domid())).isEqualTo(GENERAL_ERROR);
    }

    @Test
    void shouldFindNoSpace_whenAFaultSaysSo() {
        grant(PERMIT);
        host.xen.faults(new HypervisorFaults() {
            @Override
            public boolean refuseMap(Domain mapper) {
                return mapper == back;
            }
        });
        long at = space(1);
        assertThat(host.map(back, at, HOST_MAP, REF, 1)).isEqualTo(NO_SPACE);
        host.xen.faults(HypervisorFaults.NONE);
        assertThat(host.map(back, at, HOST_MAP, REF, 1)).isEqualTo(OKAY);
    }

    // ---- the table itself

    @Test
    void shouldGrowTheTableToItsLimit() {
        assertThat(querySize(front, SELF)).isEqualTo(OKAY);
        assertThat(host.args.getInt(4)).isEqualTo(1);
        assertThat(host.args.getInt(8)).isEqualTo(4);

        assertThat(setup(front, SELF, 5)).isEqualTo(GENERAL_ERROR);
        assertThat(setup(front, SELF, -1)).isEqualTo(GENERAL_ERROR);
        assertThat(setup(front, SELF, 4)).isEqualTo(OKAY);

        assertThat(querySize(front, SELF)).isEqualTo(OKAY);
        assertThat(host.args.getInt(4)).isEqualTo(4);
        host.grantV1(front, 2047, PERMIT, 2, page.firstFrame());
        assertThat(host.map(back, space(1), HOST_MAP, 2047, 1)).isEqualTo(OKAY);
    }

    @Test
    void shouldNameFramesThatAreNobodysMemory_inTheFrameList() {
        Frames list = front.memory().allocate(1);
        assertThat(setup(front, SELF, 2)).isEqualTo(OKAY);
        assertThat(lastList(front)).isNotEqualTo(0);
        host.grantV1(front, REF, PERMIT, 2, lastList(front));
        assertThat(host.map(back, space(1), HOST_MAP, REF, 1)).isEqualTo(BAD_PAGE);
        front.memory().free(list);
    }

    @Test
    void shouldFail_whenTheFrameListIsNotTheCallersMemory() {
        host.args.zero(0, 24);
        host.args.putShort(0, (short) SELF);
        host.args.putInt(4, 1);
        host.args.putLong(16, 4096);

        assertThat(host.grantOp(front, 2, 1)).isEqualTo(EFAULT);
    }

    @Test
    void shouldAnswerForOthers_onlyToThePrivileged() {
        assertThat(querySize(back, 1)).isEqualTo(PERMISSION_DENIED);
        assertThat(querySize(host.dom0, 1)).isEqualTo(OKAY);
        assertThat(querySize(host.dom0, 77)).isEqualTo(BAD_DOMAIN);
        assertThat(setup(back, 1, 1)).isEqualTo(PERMISSION_DENIED);
    }

    @Test
    void shouldRefuseCallsThatMakeNoSense() {
        assertThat(host.grantOp(front, 6, 2)).isEqualTo(EINVAL);
        assertThat(host.grantOp(front, 0, -1)).isEqualTo(EINVAL);
        assertThat(host.grantOp(front, 3, 1)).isEqualTo(ENOSYS);
        assertThat(host.grantOp(front, 99, 1)).isEqualTo(ENOSYS);
        assertThat(host.grantOp(front, 0, 100_000)).isEqualTo(EFAULT);
        assertThat(host.grantOp(front, 0, Integer.MAX_VALUE)).isEqualTo(EFAULT);
        assertThat(front.grantTableOp().grantTableOp(0, null, 0, 1)).isEqualTo(EFAULT);
        assertThat(host.grantOp(front, 0, 0)).isZero();
    }

    // ---- versions

    @Test
    void shouldKeepTheReservedEntries_whenTheVersionChanges() {
        grant(PERMIT);
        long at = host.dom0.grantPlatform().reserveMapSpace(1);
        assertThat(host.map(host.dom0, at, HOST_MAP, 1, 1)).isEqualTo(OKAY);
        int handle = host.mappedHandle();

        assertThat(host.setVersion(front, 2)).isZero();

        assertThat(host.args.getInt(0)).isEqualTo(2);
        SharedMemory table = front.grantPlatform().sharedFrames(1);
        assertThat(table.getInt(16)).isEqualTo(PERMIT);
        assertThat(table.getLong(16 + 8)).isEqualTo(front.startInfo().storeGfn());
        assertThat(host.statusV2(front, 1)).isEqualTo(READING | WRITING);
        assertThat(table.getInt(REF * 16)).isZero();
        assertThat(host.unmap(host.dom0, at, handle)).isEqualTo(OKAY);
        assertThat(host.statusV2(front, 1)).isZero();

        assertThat(host.setVersion(front, 1)).isZero();
        assertThat(front.grantPlatform().sharedFrames(1).getInt(8)).isEqualTo(PERMIT);
    }

    @Test
    void shouldRefuseToChangeTheVersion_whileAGrantIsMapped() {
        grant(PERMIT);
        host.map(back, space(1), HOST_MAP, REF, 1);

        assertThat(host.setVersion(front, 2)).isEqualTo(EBUSY);
        assertThat(host.args.getInt(0)).isEqualTo(1);
        assertThat(host.setVersion(front, 1)).isZero();
        assertThat(host.setVersion(front, 3)).isEqualTo(EINVAL);
        assertThat(host.setVersion(front, 0)).isEqualTo(EINVAL);
    }

    @Test
    void shouldTellTheVersion() {
        host.setVersion(front, 2);
        host.args.putShort(0, (short) 1);
        assertThat(host.grantOp(host.dom0, 10, 1)).isZero();
        assertThat(host.args.getInt(4)).isEqualTo(2);
        assertThat(host.grantOp(back, 10, 1)).isEqualTo(-1);
        host.args.putShort(0, (short) 77);
        assertThat(host.grantOp(host.dom0, 10, 1)).isEqualTo(-3);
    }

    @Test
    void shouldHaveStatusFramesOnlyInVersion2() {
        assertThat(getStatusFrames(front, 1)).isEqualTo(GENERAL_ERROR);
        host.setVersion(front, 2);
        assertThat(getStatusFrames(front, 1)).isEqualTo(OKAY);
        assertThat(getStatusFrames(front, 2)).isEqualTo(GENERAL_ERROR);
    }

    @Test
    void shouldMarkUseInTheStatusWord_whenVersion2() {
        host.setVersion(front, 2);
        host.grantV2(front, REF, PERMIT, 2, page.firstFrame());
        long at = space(1);

        assertThat(host.map(back, at, HOST_MAP, REF, 1)).isEqualTo(OKAY);

        assertThat(host.statusV2(front, REF)).isEqualTo(READING | WRITING);
        assertThat(front.grantPlatform().sharedFrames(1).getInt(REF * 16)).isEqualTo(PERMIT | 2 << 16);
        assertThat(host.unmap(back, at, host.mappedHandle())).isEqualTo(OKAY);
        assertThat(host.statusV2(front, REF)).isZero();
        assertThat(host.statusV2(front, REF + 1)).isZero();
    }

    @Test
    void shouldLeaveNoStatusBehind_whenVersion2Refuses() {
        host.setVersion(front, 2);
        host.grantV2(front, REF, PERMIT | READONLY, 2, page.firstFrame());
        assertThat(host.map(back, space(1), HOST_MAP, REF, 1)).isEqualTo(GENERAL_ERROR);
        host.grantV2(front, REF, PERMIT, 2, 1L << 40);
        assertThat(host.map(back, space(1), HOST_MAP, REF, 1)).isEqualTo(BAD_PAGE);
        assertThat(host.statusV2(front, REF)).isZero();
        assertThat(host.map(back, space(1), HOST_MAP, 256, 1)).isEqualTo(BAD_GNTREF);
    }

    // ---- copy

    @Test
    void shouldCopyFromAGrantAndLeaveItUnused() {
        grant(PERMIT | READONLY);
        page.memory().putInt(100, 4711);
        Frames own = back.memory().allocate(1);

        assertThat(host.copy(back, REF, 1, 100, own.firstFrame(), SELF, 4092, 4, 1))
                .isEqualTo(OKAY);

        assertThat(own.memory().getInt(4092)).isEqualTo(4711);
        assertThat(host.flagsV1(front, REF)).isEqualTo(PERMIT | READONLY);
        assertThat(front.pinnedGrants()).isZero();
    }

    @Test
    void shouldCopyIntoAGrant_onlyWhenItIsWritable() {
        grant(PERMIT);
        Frames own = back.memory().allocate(1);
        own.memory().putInt(0, 7);
        assertThat(host.copy(back, own.firstFrame(), SELF, 0, REF, 1, 8, 4, 2)).isEqualTo(OKAY);
        assertThat(page.memory().getInt(8)).isEqualTo(7);

        grant(PERMIT | READONLY);
        assertThat(host.copy(back, own.firstFrame(), SELF, 0, REF, 1, 8, 4, 2)).isEqualTo(GENERAL_ERROR);
    }

    @Test
    void shouldCopyBetweenTwoGrants() {
        Frames other = host.dom0.memory().allocate(1);
        other.memory().putInt(0, 99);
        host.grantV1(host.dom0, 9, PERMIT, 2, other.firstFrame());
        grant(PERMIT);

        assertThat(host.copy(back, 9, 0, 0, REF, 1, 16, 4, 3)).isEqualTo(OKAY);

        assertThat(page.memory().getInt(16)).isEqualTo(99);
    }

    @Test
    void shouldRefuseACopyThatCrossesAPage() {
        grant(PERMIT);
        long own = back.memory().allocate(1).firstFrame();

        assertThat(host.copy(back, REF, 1, 4093, own, SELF, 0, 4, 1)).isEqualTo(BAD_COPY_ARG);
        assertThat(host.copy(back, REF, 1, 0, own, SELF, 4093, 4, 1)).isEqualTo(BAD_COPY_ARG);
        assertThat(host.copy(back, REF, 1, 0xffff, own, SELF, 0, 0xffff, 1)).isEqualTo(BAD_COPY_ARG);
        assertThat(host.copy(back, REF, 1, 0, own, SELF, 0, 4096, 1)).isEqualTo(OKAY);
    }

    @Test
    void shouldRefuseACopyByFrameOfAnotherDomain() {
        long own = back.memory().allocate(1).firstFrame();

        assertThat(host.copy(back, page.firstFrame(), 1, 0, own, SELF, 0, 4, 0)).isEqualTo(PERMISSION_DENIED);
        assertThat(host.copy(back, page.firstFrame(), SELF, 0, own, SELF, 0, 4, 0))
                .isEqualTo(BAD_PAGE);
        assertThat(host.copy(back, REF, 77, 0, own, SELF, 0, 4, 1)).isEqualTo(BAD_DOMAIN);
        assertThat(host.copy(back, 9999, 1, 0, own, SELF, 0, 4, 1)).isEqualTo(BAD_GNTREF);
        assertThat(host.copy(back, REF, 1, 0, own, SELF, 0, 4, 1)).isEqualTo(GENERAL_ERROR);
    }

    @Test
    void shouldCopyOnlyThePartOfThePage_whenTheGrantIsForASubPage() {
        host.setVersion(front, 2);
        SharedMemory table = front.grantPlatform().sharedFrames(1);
        table.putShort(REF * 16 + 4, (short) 512);
        table.putShort(REF * 16 + 6, (short) 128);
        host.grantV2(front, REF, PERMIT | SUB_PAGE, 2, page.firstFrame());
        page.memory().putInt(512 + 124, 31);
        Frames own = back.memory().allocate(1);

        assertThat(host.copy(back, REF, 1, 512 + 124, own.firstFrame(), SELF, 0, 4, 1))
                .isEqualTo(OKAY);
        assertThat(own.memory().getInt(0)).isEqualTo(31);
        assertThat(host.copy(back, REF, 1, 511, own.firstFrame(), SELF, 0, 4, 1))
                .isEqualTo(GENERAL_ERROR);
        assertThat(host.copy(back, REF, 1, 512 + 125, own.firstFrame(), SELF, 0, 4, 1))
                .isEqualTo(GENERAL_ERROR);
        assertThat(host.map(back, space(1), HOST_MAP, REF, 1)).isEqualTo(GENERAL_ERROR);
        assertThat(host.statusV2(front, REF)).isZero();
    }

    private int querySize(Domain caller, int owner) {
        host.args.zero(0, 16);
        host.args.putShort(0, (short) owner);
        assertThat(host.grantOp(caller, 6, 1)).isZero();
        return host.args.getShort(12);
    }

    /** GNTTABOP_setup_table with its frame list in the caller's last page. */
    private int setup(Domain caller, int owner, int frames) {
        host.args.zero(0, 24);
        host.args.putShort(0, (short) owner);
        host.args.putInt(4, frames);
        host.args.putLong(16, listAddress(caller));
        assertThat(host.grantOp(caller, 2, 1)).isZero();
        return host.args.getShort(8);
    }

    private static long listAddress(Domain caller) {
        return caller.memory().addressOf(caller.memory().endGfn() - 1);
    }

    private static long lastList(Domain caller) {
        return caller.page(caller.memory().endGfn() - 1).getLong(0);
    }

    private int getStatusFrames(Domain caller, int frames) {
        host.args.zero(0, 16);
        host.args.putInt(0, frames);
        host.args.putShort(4, (short) SELF);
        host.args.putLong(8, listAddress(caller));
        assertThat(host.grantOp(caller, 9, 1)).isZero();
        return host.args.getShort(6);
    }
}
