package org.xenpv.grant.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.grant.GrantAccess;
import org.xenpv.grant.GrantExhaustedException;

/** What is settled when a table is opened. */
class GrantVersionTest {

    private final FakeXen xen = new FakeXen();

    @AfterEach
    void close() {
        xen.close();
    }

    private AbiGrantTable open(int wanted) {
        return AbiGrantTable.open(xen, xen, AbiGrantTable.Options.defaults().withVersion(wanted));
    }

    @Test
    void shouldUseVersion2_whenXenHasIt() {
        assertThat(open(2).version()).isEqualTo(2);
        assertThat(xen.version).isEqualTo(2);
    }

    @Test
    void shouldFallBackToVersion1_whenXenRefuses2() {
        xen.knowsVersion2 = false;
        assertThat(open(2).version()).isEqualTo(1);
    }

    @Test
    void shouldFallBackToVersion1_whenXenKnowsNoVersions() {
        xen.knowsVersions = false;
        assertThat(open(2).version()).isEqualTo(1);
        assertThat(open(1).version()).isEqualTo(1);
    }

    /** The one before us left a version 2 table, with grants in use that forbid a change. */
    @Test
    void shouldUseTheVersionInEffect_whenItCannotBeChanged() {
        xen.version = 2;
        GrantTableOp busy = (cmd, args, at, count) -> cmd == 8 ? -16 : xen.grantTableOp(cmd, args, at, count);
        AbiGrantTable table = AbiGrantTable.open(busy, xen, AbiGrantTable.Options.defaults());
        assertThat(table.version()).isEqualTo(2);
    }

    @Test
    void shouldUseVersion1_whenNotTold() {
        assertThat(AbiGrantTable.open(xen, xen).version()).isEqualTo(1);
    }

    @Test
    void shouldAssumeFourFrames_whenXenDoesNotSay() {
        xen.knowsQuerySize = false;
        AbiGrantTable table = open(1);
        for (int i = 0; i < 3; i++) {
            table.grant(1, 512, GrantAccess.READ_ONLY, "pool");
        }
        assertThatThrownBy(() -> table.grant(1, 512, GrantAccess.READ_ONLY, "pool"))
                .isInstanceOf(GrantExhaustedException.class)
                .hasMessageContaining("4 of 4");
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 1", "2, 2", "3, 2"})
    void shouldTakeTheLowerLimit_ofXenAndOurs(int reported, int expected) {
        xen.reportedFramesMax = reported;
        AbiGrantTable table = AbiGrantTable.open(xen, xen, new AbiGrantTable.Options(1, 2, 10, 10));
        if (expected == 2) {
            table.grant(1, 512, GrantAccess.READ_ONLY, "pool");
        }
        assertThatThrownBy(() -> table.grant(1, 505 + (expected - 1) * 7, GrantAccess.READ_ONLY, "pool"))
                .isInstanceOf(GrantExhaustedException.class)
                .hasMessageContaining(expected + " of " + expected);
    }

    /** max_nr_frames is unsigned. */
    @Test
    void shouldTakeOurLimit_whenXenNamesAHugeOne() {
        xen.framesMax = 2;
        GrantTableOp huge = (cmd, args, at, count) -> {
            int error = xen.grantTableOp(cmd, args, at, count);
            if (cmd == 6) {
                args.putInt(at + 8, 0xffff_fff0);
            }
            return error;
        };
        AbiGrantTable table = AbiGrantTable.open(huge, xen, new AbiGrantTable.Options(1, 2, 10, 10));
        table.grant(1, 512, GrantAccess.READ_ONLY, "pool");
        assertThat(table.frames()).isEqualTo(2);
    }

    @Test
    void shouldSaySo_whenThereIsNoPageForArguments() {
        while (xen.allocateFrames(1) != null) {}
        assertThatThrownBy(() -> open(1)).isInstanceOf(GrantExhaustedException.class);
        assertThatThrownBy(() -> AbiGrantMapper.open(xen, xen)).isInstanceOf(GrantExhaustedException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1, 1, 1, version=0",
        "3, 1, 1, 1, version=3",
        "1, 0, 1, 1, framesMax=0",
        "1, 4097, 1, 1, framesMax=4097",
        "1, 1, 0, 1, quarantineCapPerDomain=0",
        "1, 1, 1, 0, retryBudget=0"
    })
    void shouldRefuseOptions_whenOutOfRange(int version, int framesMax, int cap, int budget, String named) {
        assertThatThrownBy(() -> new AbiGrantTable.Options(version, framesMax, cap, budget))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(named);
    }

    @Test
    void shouldAcceptOptions_atTheLimits() {
        assertThat(new AbiGrantTable.Options(2, 4096, 1, 1).framesMax()).isEqualTo(4096);
        assertThat(new AbiGrantTable.Options(1, 1, 1, 1).framesMax()).isEqualTo(1);
    }
}
