package org.xenpv.blkfront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.XenConfigException;
import org.xenpv.xenbus.KeySnapshot;

/** What a backend advertises is read strictly, clamped to our own limits, or refused. */
class AdvertisementTest {

    private static KeySnapshot keys(String... pairs) {
        Map<String, String> keys = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            keys.put(pairs[i], pairs[i + 1]);
        }
        return new KeySnapshot(keys);
    }

    private static BlkfrontFeatures features(String... pairs) {
        return BlkfrontFeatures.parse(keys(pairs), BlkfrontConfig.DEFAULT);
    }

    private static BlkGeometry geometry(SectorUnits units, String... pairs) {
        return BlkGeometry.parse(keys(pairs), units);
    }

    @Test
    void shouldTakeTheMinimum_whenNothingIsAdvertised() {
        assertThat(features()).isEqualTo(new BlkfrontFeatures(0, 1, 0, false, false, false, false, false, 512, 0));
    }

    @Test
    void B5_B6_hugeNumbersAreClampedToOurOwn() {
        BlkfrontFeatures features = features(
                "max-ring-page-order", "4294967295",
                "multi-queue-max-queues", "99999999999999999999999999999999",
                "feature-max-indirect-segments", "4294967295");

        assertThat(features.ringPageOrder()).isEqualTo(BlkfrontConfig.DEFAULT.ringPageOrderMax());
        assertThat(features.queues()).isEqualTo(BlkfrontConfig.DEFAULT.queuesMax());
        assertThat(features.indirectSegments()).isEqualTo(32);
    }

    @ParameterizedTest
    @CsvSource({"11, 0", "12, 12", "1, 0", "0, 0"})
    void indirectSegmentsNoBetterThanDirectOnesAreOff(String advertised, int taken) {
        assertThat(features("feature-max-indirect-segments", advertised).indirectSegments())
                .isEqualTo(taken);
    }

    @Test
    void noQueuesMeansOne() {
        assertThat(features("multi-queue-max-queues", "0").queues()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "+1", " 1", "1 ", "1x", "0x10", "", "\uff11", "1\u0000"})
    void K1_whatIsNoDecimalIsRefused(String value) {
        assertThatThrownBy(() -> features("max-ring-page-order", value))
                .isInstanceOf(XenConfigException.class)
                .hasMessageContaining("max-ring-page-order");
        assertThatThrownBy(() -> features("feature-persistent", value)).isInstanceOf(XenConfigException.class);
        assertThatThrownBy(() -> geometry(SectorUnits.REFUSE, "sectors", value)).isInstanceOf(XenConfigException.class);
    }

    @Test
    void aFlagIsZeroOrOne() {
        assertThat(features("feature-flush-cache", "1").flush()).isTrue();
        assertThat(features("feature-flush-cache", "0").flush()).isFalse();
        assertThatThrownBy(() -> features("feature-flush-cache", "2")).isInstanceOf(XenConfigException.class);
    }

    @Test
    void whatWeDoNotWantIsNotTaken() {
        BlkfrontConfig config = BlkfrontConfig.DEFAULT
                .flush(false)
                .barrier(false)
                .discard(false)
                .persistentGrants(false)
                .indirectSegmentsMax(0)
                .ringPageOrderMax(0);
        KeySnapshot all = keys(
                "feature-flush-cache", "1",
                "feature-barrier", "1",
                "feature-discard", "1",
                "feature-persistent", "1",
                "feature-max-indirect-segments", "256",
                "max-ring-page-order", "4");

        assertThat(BlkfrontFeatures.parse(all, config))
                .isEqualTo(new BlkfrontFeatures(0, 1, 0, false, false, false, false, false, 512, 0));
    }

    @Test
    void B7_discardGranularityThatIsNoMultipleOfASectorSwitchesDiscardOff() {
        assertThat(features("feature-discard", "1", "discard-granularity", "4096", "discard-alignment", "512")
                        .discard())
                .isTrue();
        assertThat(features("feature-discard", "1", "discard-granularity", "1000")
                        .discard())
                .isFalse();
        assertThat(features("feature-discard", "1", "discard-alignment", "7").discard())
                .isFalse();
        assertThat(features("feature-discard", "1", "discard-enable", "0").discard())
                .isFalse();
        assertThat(features("discard-secure", "1").discardSecure()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "511", "3", "513", "1536", "8192", "2147483648"})
    void B1_aSectorSizeThatIsNoPowerOfTwoFrom512To4096IsRefused(String value) {
        assertThatThrownBy(() -> geometry(SectorUnits.SPECIFICATION, "sectors", "8", "sector-size", value))
                .isInstanceOf(XenConfigException.class)
                .hasMessageContaining("sector-size");
    }

    @Test
    void B1_aPhysicalSectorIsAMultipleOfASector() {
        assertThat(geometry(SectorUnits.REFUSE, "sectors", "8", "physical-sector-size", "4096")
                        .physicalSectorBytes())
                .isEqualTo(4096);
        assertThatThrownBy(() -> geometry(SectorUnits.REFUSE, "sectors", "8", "physical-sector-size", "700"))
                .isInstanceOf(XenConfigException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "9223372036854775808", "18446744073709551615", "2251799813685248"})
    void B2_aSizeOfNothingOrMoreThanCanBeCountedIsRefused(String value) {
        assertThatThrownBy(() -> geometry(SectorUnits.REFUSE, "sectors", value)).isInstanceOf(XenConfigException.class);
    }

    @Test
    void B3_anotherSectorSizeIsRefusedUnlessTheUnitIsKnown() {
        String[] disk = {"sectors", "800", "sector-size", "4096"};

        assertThatThrownBy(() -> geometry(SectorUnits.REFUSE, disk))
                .isInstanceOf(XenConfigException.class)
                .hasMessageContaining("SectorUnits");
        assertThat(geometry(SectorUnits.SPECIFICATION, disk).sectors()).isEqualTo(800);
        assertThat(geometry(SectorUnits.FREEBSD, disk).sectors()).isEqualTo(6400);
        assertThat(geometry(SectorUnits.QEMU, disk).sectors()).isEqualTo(6400);
        assertThat(geometry(SectorUnits.MINI_OS, disk).sectors()).isEqualTo(6400);
        assertThatThrownBy(() -> geometry(SectorUnits.SPECIFICATION, "sectors", "801", "sector-size", "4096"))
                .isInstanceOf(XenConfigException.class);
    }

    @Test
    void theNatureOfTheDiskIsRead() {
        BlkGeometry cdrom = geometry(SectorUnits.REFUSE, "sectors", "8", "info", "7");
        assertThat(cdrom).isEqualTo(new BlkGeometry(8, 512, 512, true, true, true));
        assertThat(geometry(SectorUnits.REFUSE, "sectors", "8", "mode", "r").readOnly())
                .isTrue();
        assertThat(geometry(SectorUnits.REFUSE, "sectors", "8", "mode", "w").readOnly())
                .isFalse();
    }

    @Property(tries = 2000)
    void F23_anyTextGivesLimitsWithinOurOwnOrARefusal(@ForAll String order, @ForAll String indirect) {
        try {
            BlkfrontFeatures features =
                    features("max-ring-page-order", order, "feature-max-indirect-segments", indirect);
            assertThat(features.ringPageOrder()).isBetween(0, BlkfrontConfig.DEFAULT.ringPageOrderMax());
            assertThat(features.indirectSegments()).isBetween(0, BlkfrontConfig.DEFAULT.indirectSegmentsMax());
        } catch (XenConfigException refused) {
            assertThat(refused.getMessage().chars()).allMatch(c -> c >= ' ' && c < 0x7f);
        }
    }

    @Test
    void aConfigurationThatMakesNoSenseIsRefusedWithValueAndLimit() {
        BlkfrontConfig config = BlkfrontConfig.DEFAULT;
        assertThatThrownBy(() -> config.ringPageOrderMax(5)).hasMessage("ringPageOrderMax=5, must be 0 to 4");
        assertThatThrownBy(() -> config.ringPageOrderMax(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> config.queuesMax(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> config.indirectSegmentsMax(11)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> config.indirectSegmentsMax(257)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> config.requestsPerQueue(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> config.requestBytes(4097)).hasMessageContaining("requestBytes=4097");
        assertThatThrownBy(() -> config.units(null)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> config.requestNs(0)).isInstanceOf(IllegalArgumentException.class);
        assertThat(config.indirectSegmentsMax(0).indirectSegmentsMax()).isZero();
        assertThat(config.queuesMax(8).queuesMax()).isEqualTo(8);
        assertThat(config.queuesMax()).isEqualTo(1);
    }
}
