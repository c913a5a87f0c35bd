package org.xenpv.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.PeerFault;
import org.xenpv.memory.ChronicleMemory;

/** Each half of a byte ring against a page that the test writes the peer's words into. */
class ByteRingTest {

    private static final ByteRingLayout OUT = ByteRingLayout.CONSOLE_OUT;
    private static final ByteRingLayout IN = ByteRingLayout.CONSOLE_IN;

    private final ChronicleMemory page = ChronicleMemory.allocatePages(1);

    @AfterEach
    void release() {
        page.close();
    }

    private void indices(ByteRingLayout layout, int cons, int prod) {
        page.putInt(layout.consAt(), cons);
        page.putInt(layout.prodAt(), prod);
    }

    private byte[] data(ByteRingLayout layout) {
        byte[] data = new byte[layout.dataBytes()];
        page.copyOut(layout.dataAt(), data, 0, data.length);
        return data;
    }

    private static byte[] pattern(int lengthBytes) {
        byte[] pattern = new byte[lengthBytes];
        for (int i = 0; i < lengthBytes; i++) {
            pattern[i] = (byte) (1 + i % 251);
        }
        return pattern;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 2047, -1, -1000, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void shouldTakeAsMuchAsFits_whenWriting(int start) {
        indices(OUT, start, start);
        ByteRingProducer ring = ByteRingProducer.attach(page, OUT);
        byte[] bytes = pattern(3000);
        assertThat(ring.free()).isEqualTo(2048);
        assertThat(ring.write(bytes, 0, 0)).isZero();
        assertThat(page.getInt(OUT.prodAt())).isEqualTo(start);
        assertThat(ring.write(bytes, 0, 1000)).isEqualTo(1000);
        assertThat(page.getInt(OUT.prodAt())).isEqualTo(start + 1000);
        assertThat(ring.write(bytes, 1000, 2000)).isEqualTo(1048);
        assertThat(page.getInt(OUT.prodAt())).isEqualTo(start + 2048);
        assertThat(ring.write(bytes, 0, 1)).as("full").isZero();
        assertThat(ring.free()).isZero();
        assertThat(ring.outstanding()).isEqualTo(2048);
        assertThat(page.getInt(OUT.consAt())).as("the peer's").isEqualTo(start);
        byte[] data = data(OUT);
        for (int i = 0; i < 2048; i++) {
            assertThat(data[(start + i) & 2047]).isEqualTo(bytes[i]);
        }
        page.putInt(OUT.consAt(), start + 1);
        assertThat(ring.write(bytes, 0, 5)).isEqualTo(1);
        assertThat(ring.prodPvt()).isEqualTo(start + 2049);
        assertThat(ring.fault()).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 1023, -1, -500, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void shouldGiveWhatIsThere_whenReading(int start) {
        byte[] bytes = pattern(1024);
        for (int i = 0; i < 1024; i++) {
            page.putByte(IN.dataAt() + ((start + i) & 1023), bytes[i]);
        }
        indices(IN, start, start);
        ByteRingConsumer ring = ByteRingConsumer.attach(page, IN);
        byte[] target = new byte[2000];
        assertThat(ring.read(target, 0, 2000)).isZero();
        page.putInt(IN.prodAt(), start + 1024);
        assertThat(ring.queued()).isEqualTo(1024);
        assertThat(ring.read(target, 10, 24)).isEqualTo(24);
        assertThat(page.getInt(IN.consAt())).isEqualTo(start + 24);
        assertThat(ring.read(target, 34, 1966)).isEqualTo(1000);
        assertThat(page.getInt(IN.consAt())).isEqualTo(start + 1024);
        assertThat(ring.consPvt()).isEqualTo(start + 1024);
        assertThat(Arrays.copyOfRange(target, 10, 1034)).isEqualTo(bytes);
        assertThat(target[9]).isZero();
        assertThat(target[1034]).isZero();
        assertThat(page.getInt(IN.prodAt())).as("the peer's").isEqualTo(start + 1024);
        assertThat(ring.fault()).isNull();
    }

    @Test
    void attackX2_shouldDeliverWhatIsQueued_whenTheRingDoesNotStartAtZero() {
        page.putByte(IN.dataAt() + 1023, (byte) 7);
        page.putByte(IN.dataAt(), (byte) 8);
        indices(IN, -1, 1);
        ByteRingConsumer ring = ByteRingConsumer.attach(page, IN);
        byte[] target = new byte[4];
        assertThat(ring.read(target, 0, 4)).isEqualTo(2);
        assertThat(target).containsExactly(7, 8, 0, 0);
        indices(OUT, 100, 2140);
        assertThat(ByteRingProducer.attach(page, OUT).free()).isEqualTo(8);
    }

    @ParameterizedTest
    @CsvSource({"0,1025", "0,2147483647", "0,-2147483648", "0,-1", "-1,1024", "2147483647,-2147482624"})
    void attackC1_shouldBreak_whenInProdIsFurtherThanTheRingIsLong(int inCons, int inProd) {
        indices(IN, inCons, inCons);
        ByteRingConsumer later = ByteRingConsumer.attach(page, IN);
        indices(IN, inCons, inProd);
        ByteRingConsumer atOnce = ByteRingConsumer.attach(page, IN);
        for (ByteRingConsumer ring : new ByteRingConsumer[] {later, atOnce}) {
            byte[] target = new byte[2048];
            page.putInt(IN.prodAt(), inProd);
            assertThat(ring.read(target, 0, 2048)).isEqualTo(ByteRingConsumer.BROKEN);
            assertThat(ring.fault()).isEqualTo(PeerFault.BYTE_RING_INDEX);
            page.putInt(IN.prodAt(), inCons + 1);
            assertThat(ring.queued()).as("sticky").isEqualTo(ByteRingConsumer.BROKEN);
            assertThat(ring.readPacket(target, 0, 1)).isEqualTo(ByteRingConsumer.BROKEN);
            assertThat(target).containsOnly(0);
            assertThat(page.getInt(IN.consAt())).as("not advanced").isEqualTo(inCons);
        }
    }

    @ParameterizedTest
    @CsvSource({"1,0", "2147483647,0", "-2147483648,0", "2,-1", "-2147483648,2147483647"})
    void attackC2_shouldBreak_whenOutConsIsAheadOfOutProd(int outCons, int outProd) {
        indices(OUT, outProd, outProd);
        ByteRingProducer later = ByteRingProducer.attach(page, OUT);
        indices(OUT, outCons, outProd);
        ByteRingProducer atOnce = ByteRingProducer.attach(page, OUT);
        for (ByteRingProducer ring : new ByteRingProducer[] {later, atOnce}) {
            page.putInt(OUT.consAt(), outCons);
            assertThat(ring.write(pattern(10), 0, 10)).isEqualTo(ByteRingProducer.BROKEN);
            assertThat(ring.fault()).isEqualTo(PeerFault.BYTE_RING_INDEX);
            page.putInt(OUT.consAt(), outProd);
            assertThat(ring.free()).as("sticky").isEqualTo(ByteRingProducer.BROKEN);
            assertThat(ring.writePacket(pattern(1), 0, 1)).isEqualTo(ByteRingProducer.BROKEN);
            assertThat(data(OUT)).containsOnly(0);
            assertThat(page.getInt(OUT.prodAt())).as("not advanced").isEqualTo(outProd);
        }
    }

    @Test
    void shouldBreak_whenThePeersIndexIsTooFarBehind() {
        indices(OUT, 0, 2049);
        assertThat(ByteRingProducer.attach(page, OUT).free()).isEqualTo(ByteRingProducer.BROKEN);
        indices(OUT, 0, 2048);
        assertThat(ByteRingProducer.attach(page, OUT).free()).isZero();
        indices(IN, 0, 1024);
        assertThat(ByteRingConsumer.attach(page, IN).queued()).isEqualTo(1024);
    }

    @Test
    void shouldBreak_whenThePeersIndexGoesBackwards() {
        indices(OUT, 0, 0);
        ByteRingProducer producer = ByteRingProducer.attach(page, OUT);
        producer.write(pattern(20), 0, 20);
        page.putInt(OUT.consAt(), 10);
        assertThat(producer.free()).isEqualTo(2038);
        page.putInt(OUT.consAt(), 9);
        assertThat(producer.free()).isEqualTo(ByteRingProducer.BROKEN);
        indices(IN, 0, 10);
        ByteRingConsumer consumer = ByteRingConsumer.attach(page, IN);
        page.putInt(IN.prodAt(), 9);
        assertThat(consumer.queued()).isEqualTo(ByteRingConsumer.BROKEN);
    }

    @Test
    void attackC3_shouldKeepItsCursor_whenThePeerRewritesIt() {
        indices(OUT, 0, 0);
        indices(IN, 0, 0);
        ByteRingProducer producer = ByteRingProducer.attach(page, OUT);
        ByteRingConsumer consumer = ByteRingConsumer.attach(page, IN);
        page.putInt(OUT.prodAt(), 1000);
        page.putInt(IN.consAt(), 1000);
        page.putByte(IN.dataAt(), (byte) 9);
        page.putInt(IN.prodAt(), 1);
        assertThat(producer.free()).isEqualTo(2048);
        assertThat(producer.write(new byte[] {5}, 0, 1)).isEqualTo(1);
        assertThat(data(OUT)[0]).isEqualTo((byte) 5);
        assertThat(page.getInt(OUT.prodAt())).isEqualTo(1);
        byte[] target = new byte[1];
        assertThat(consumer.read(target, 0, 1)).isEqualTo(1);
        assertThat(target[0]).isEqualTo((byte) 9);
        assertThat(page.getInt(IN.consAt())).isEqualTo(1);
    }

    @Test
    void shouldMoveWholePacketsOrNothing_whenPacketsAreAskedFor() {
        indices(OUT, -1, -1);
        ByteRingProducer producer = ByteRingProducer.attach(page, OUT);
        ByteRingConsumer consumer = ByteRingConsumer.attach(page, OUT);
        byte[] bytes = pattern(2048);
        byte[] target = new byte[2049];
        assertThat(producer.writePacket(bytes, 0, 2000)).isEqualTo(2000);
        assertThat(producer.writePacket(bytes, 0, 49)).as("one too many").isZero();
        assertThat(page.getInt(OUT.prodAt())).isEqualTo(1999);
        assertThat(producer.writePacket(bytes, 2000, 48)).isEqualTo(48);
        assertThat(producer.writePacket(bytes, 0, 0)).isZero();
        assertThat(consumer.readPacket(target, 0, 2048)).isEqualTo(2048);
        assertThat(Arrays.copyOf(target, 2048)).isEqualTo(bytes);
        assertThat(consumer.readPacket(target, 0, 1)).as("empty").isZero();
        producer.write(bytes, 0, 3);
        assertThat(consumer.readPacket(target, 0, 4)).as("one too few").isZero();
        assertThat(page.getInt(OUT.consAt())).isEqualTo(2047);
        assertThat(consumer.readPacket(target, 0, 3)).isEqualTo(3);
        assertThatThrownBy(() -> producer.writePacket(new byte[2049], 0, 2049))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lengthBytes=2049");
        assertThatThrownBy(() -> consumer.readPacket(target, 0, 2049))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2048");
    }

    @ParameterizedTest
    @CsvSource({"-1,1", "0,-1", "0,9", "9,0", "8,1", "2147483647,1", "1,2147483647"})
    void shouldRefuseTheRange_whenItLeavesTheArray(int at, int lengthBytes) {
        ByteRingProducer producer = ByteRingProducer.attach(page, OUT);
        ByteRingConsumer consumer = ByteRingConsumer.attach(page, IN);
        page.putInt(IN.prodAt(), 100);
        byte[] array = new byte[8];
        assertThatThrownBy(() -> producer.write(array, at, lengthBytes)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> producer.writePacket(array, at, lengthBytes))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> consumer.read(array, at, lengthBytes)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> consumer.readPacket(array, at, lengthBytes))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(page.getInt(OUT.prodAt())).isZero();
        assertThat(page.getInt(IN.consAt())).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 3, 1000, Integer.MIN_VALUE + 1})
    void shouldRefuseTheLayout_whenItsLengthIsNoPowerOfTwo(int dataBytes) {
        assertThatThrownBy(() -> new ByteRingLayout(0, 4, 8, dataBytes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("dataBytes=" + dataBytes);
    }

    @Test
    void shouldRefuseTheMemory_whenTheLayoutLeavesIt() {
        ByteRingLayout layout = new ByteRingLayout(0, 4, 64, 4096);
        assertThatThrownBy(() -> ByteRingProducer.attach(page, layout)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> ByteRingConsumer.attach(page, layout)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> ByteRingProducer.attach(page.slice(0, 1024), OUT))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }
}
