package org.xenpv.io.blkif;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.xenpv.io.Slot.AT;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.io.Slot;
import org.xenpv.memory.SharedMemory;

/** Literal bytes of every block message. */
class BlkifCodecTest {

    private static final String READ_64 = "00 02 3412 00000000" // read, 2 segments, handle
            + "efcdab8967452301" // id
            + "8877665544332211" // sector_number
            + "04030201 00 07 0000" // segment 0
            + "feffffff 03 03 0000"; // segment 1
    private static final String READ_32 =
            "00 02 3412" + "efcdab8967452301" + "8877665544332211" + "04030201 00 07 0000" + "feffffff 03 03 0000";

    @Test
    void shouldBeTheseBytes_whenADirectRequestIsWritten() {
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            BlkifRequest.putHeader(m, AT, 0, 2, 0x1234, 0x0123456789abcdefL, 0x1122334455667788L);
            BlkifRequestSegment.put(m, BlkifRequest.segmentAt(AT, 0), 0x01020304, 0, 7);
            BlkifRequestSegment.put(m, BlkifRequest.segmentAt(AT, 1), -2, 3, 3);
            assertThat(slot.hex()).isEqualTo(READ_64.replace(" ", ""));
        }
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            BlkifX86_32Request.putHeader(m, AT, 0, 2, 0x1234, 0x0123456789abcdefL, 0x1122334455667788L);
            BlkifRequestSegment.put(m, BlkifX86_32Request.segmentAt(AT, 0), 0x01020304, 0, 7);
            BlkifRequestSegment.put(m, BlkifX86_32Request.segmentAt(AT, 1), -2, 3, 3);
            assertThat(slot.hex()).isEqualTo(READ_32.replace(" ", ""));
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldComeOutWhole_whenADirectRequestIsCopied(BlkifAbi abi) {
        try (Slot slot = Slot.of(abi == BlkifAbi.X86_64 ? READ_64 : READ_32)) {
            BlkifRequestCopy copy = new BlkifRequestCopy();
            copy.copyFrom(slot.memory(), AT, abi);
            slot.memory().zero(AT, 112); // the other end can no longer change what we decide on
            assertThat(copy.operation()).isEqualTo(Blkif.BLKIF_OP_READ);
            assertThat(copy.nrSegments()).isEqualTo(2);
            assertThat(copy.segments()).isEqualTo(2);
            assertThat(copy.handle()).isEqualTo(0x1234);
            assertThat(copy.id()).isEqualTo(0x0123456789abcdefL);
            assertThat(copy.sectorNumber()).isEqualTo(0x1122334455667788L);
            assertThat(copy.gref(0)).isEqualTo(0x01020304);
            assertThat(copy.firstSect(0)).isZero();
            assertThat(copy.lastSect(0)).isEqualTo(7);
            assertThat(copy.gref(1)).isEqualTo(-2);
            assertThat(copy.firstSect(1)).isEqualTo(3);
            assertThat(copy.lastSect(1)).isEqualTo(3);
            assertThat(copy.nrSectors()).isZero();
        }
    }

    @Test
    void shouldReadTheSame_whenFieldsOfARequestAreReadOneByOne() {
        try (Slot slot = Slot.of(READ_64)) {
            SharedMemory m = slot.memory();
            assertThat(BlkifRequest.operation(m, AT)).isZero();
            assertThat(BlkifRequest.nrSegments(m, AT)).isEqualTo(2);
            assertThat(BlkifRequest.handle(m, AT)).isEqualTo(0x1234);
            assertThat(BlkifRequest.id(m, AT)).isEqualTo(0x0123456789abcdefL);
            assertThat(BlkifRequest.sectorNumber(m, AT)).isEqualTo(0x1122334455667788L);
            int segment = BlkifRequest.segmentAt(AT, 1);
            assertThat(BlkifRequestSegment.gref(m, segment)).isEqualTo(-2);
            assertThat(BlkifRequestSegment.firstSect(m, segment)).isEqualTo(3);
            assertThat(BlkifRequestSegment.lastSect(m, segment)).isEqualTo(3);
        }
        try (Slot slot = Slot.of(READ_32)) {
            SharedMemory m = slot.memory();
            assertThat(BlkifX86_32Request.operation(m, AT)).isZero();
            assertThat(BlkifX86_32Request.nrSegments(m, AT)).isEqualTo(2);
            assertThat(BlkifX86_32Request.handle(m, AT)).isEqualTo(0x1234);
            assertThat(BlkifX86_32Request.id(m, AT)).isEqualTo(0x0123456789abcdefL);
            assertThat(BlkifX86_32Request.sectorNumber(m, AT)).isEqualTo(0x1122334455667788L);
        }
    }

    @Test
    void shouldBeTheseBytes_whenADiscardIsWritten() {
        String wide = "05 01 ffff 00000000" + "0100000000000080" + "0200000000000000" + "ffffffffffffffff";
        String narrow = "05 01 ffff" + "0100000000000080" + "0200000000000000" + "ffffffffffffffff";
        long id = 0x8000000000000001L;
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            BlkifRequestDiscard.put(m, AT, Blkif.BLKIF_DISCARD_SECURE, 0xffff, id, 2, -1);
            assertThat(slot.hex()).isEqualTo(wide.replace(" ", ""));
            assertThat(BlkifRequestDiscard.operation(m, AT)).isEqualTo(Blkif.BLKIF_OP_DISCARD);
            assertThat(BlkifRequestDiscard.flag(m, AT)).isEqualTo(1);
            assertThat(BlkifRequestDiscard.handle(m, AT)).isEqualTo(0xffff);
            assertThat(BlkifRequestDiscard.id(m, AT)).isEqualTo(id);
            assertThat(BlkifRequestDiscard.sectorNumber(m, AT)).isEqualTo(2);
            assertThat(BlkifRequestDiscard.nrSectors(m, AT)).isEqualTo(-1);
        }
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            BlkifX86_32RequestDiscard.put(m, AT, Blkif.BLKIF_DISCARD_SECURE, 0xffff, id, 2, -1);
            assertThat(slot.hex()).isEqualTo(narrow.replace(" ", ""));
            assertThat(BlkifX86_32RequestDiscard.operation(m, AT)).isEqualTo(Blkif.BLKIF_OP_DISCARD);
            assertThat(BlkifX86_32RequestDiscard.flag(m, AT)).isEqualTo(1);
            assertThat(BlkifX86_32RequestDiscard.handle(m, AT)).isEqualTo(0xffff);
            assertThat(BlkifX86_32RequestDiscard.id(m, AT)).isEqualTo(id);
            assertThat(BlkifX86_32RequestDiscard.sectorNumber(m, AT)).isEqualTo(2);
            assertThat(BlkifX86_32RequestDiscard.nrSectors(m, AT)).isEqualTo(-1);
        }
        for (BlkifAbi abi : BlkifAbi.values()) {
            try (Slot slot = Slot.of(abi == BlkifAbi.X86_64 ? wide : narrow)) {
                BlkifRequestCopy copy = new BlkifRequestCopy();
                copy.copyFrom(slot.memory(), AT, abi);
                assertThat(copy.operation()).isEqualTo(Blkif.BLKIF_OP_DISCARD);
                assertThat(copy.flag()).isEqualTo(1);
                assertThat(copy.handle()).isEqualTo(0xffff);
                assertThat(copy.id()).isEqualTo(id);
                assertThat(copy.sectorNumber()).isEqualTo(2);
                assertThat(copy.nrSectors()).isEqualTo(-1);
                assertThat(copy.nrSegments()).isZero();
                assertThat(copy.segments()).isZero();
            }
        }
    }

    @Test
    void shouldBeTheseBytes_whenAnIndirectRequestIsWritten() {
        String grefs = "0a000000 0b000000 0c000000 0d000000 0e000000 0f000000 10000000 ffffffff";
        String wide = "06 01 0010 00000000" + "0700000000000000" + "0008000000000000" + "3412 0000" + grefs;
        String narrow = "06 01 0010" + "0700000000000000" + "0008000000000000" + "3412 0000" + grefs;
        int[] pages = {10, 11, 12, 13, 14, 15, 16, -1};
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            BlkifRequestIndirect.putHeader(m, AT, Blkif.BLKIF_OP_WRITE, 0x1000, 0x1234, 7, 0x800);
            for (int page = 0; page < pages.length; page++) {
                BlkifRequestIndirect.putIndirectGref(m, AT, page, pages[page]);
            }
            assertThat(slot.hex()).isEqualTo(wide.replace(" ", ""));
            assertThat(BlkifRequestIndirect.operation(m, AT)).isEqualTo(Blkif.BLKIF_OP_INDIRECT);
            assertThat(BlkifRequestIndirect.indirectOp(m, AT)).isEqualTo(Blkif.BLKIF_OP_WRITE);
            assertThat(BlkifRequestIndirect.nrSegments(m, AT)).isEqualTo(0x1000);
            assertThat(BlkifRequestIndirect.handle(m, AT)).isEqualTo(0x1234);
            assertThat(BlkifRequestIndirect.id(m, AT)).isEqualTo(7);
            assertThat(BlkifRequestIndirect.sectorNumber(m, AT)).isEqualTo(0x800);
            assertThat(BlkifRequestIndirect.indirectGref(m, AT, 7)).isEqualTo(-1);
        }
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            BlkifX86_32RequestIndirect.putHeader(m, AT, Blkif.BLKIF_OP_WRITE, 0x1000, 0x1234, 7, 0x800);
            for (int page = 0; page < pages.length; page++) {
                BlkifX86_32RequestIndirect.putIndirectGref(m, AT, page, pages[page]);
            }
            assertThat(slot.hex()).isEqualTo(narrow.replace(" ", ""));
            assertThat(BlkifX86_32RequestIndirect.operation(m, AT)).isEqualTo(Blkif.BLKIF_OP_INDIRECT);
            assertThat(BlkifX86_32RequestIndirect.indirectOp(m, AT)).isEqualTo(Blkif.BLKIF_OP_WRITE);
            assertThat(BlkifX86_32RequestIndirect.nrSegments(m, AT)).isEqualTo(0x1000);
            assertThat(BlkifX86_32RequestIndirect.handle(m, AT)).isEqualTo(0x1234);
            assertThat(BlkifX86_32RequestIndirect.id(m, AT)).isEqualTo(7);
            assertThat(BlkifX86_32RequestIndirect.sectorNumber(m, AT)).isEqualTo(0x800);
            assertThat(BlkifX86_32RequestIndirect.indirectGref(m, AT, 7)).isEqualTo(-1);
        }
        for (BlkifAbi abi : BlkifAbi.values()) {
            try (Slot slot = Slot.of(abi == BlkifAbi.X86_64 ? wide : narrow)) {
                BlkifRequestCopy copy = new BlkifRequestCopy();
                copy.copyFrom(slot.memory(), AT, abi);
                assertThat(copy.operation()).isEqualTo(Blkif.BLKIF_OP_INDIRECT);
                assertThat(copy.indirectOp()).isEqualTo(Blkif.BLKIF_OP_WRITE);
                assertThat(copy.nrSegments()).isEqualTo(0x1000);
                assertThat(copy.segments()).isZero();
                assertThat(copy.handle()).isEqualTo(0x1234);
                assertThat(copy.id()).isEqualTo(7);
                assertThat(copy.sectorNumber()).isEqualTo(0x800);
                assertThat(copy.nrSectors()).isZero();
                for (int page = 0; page < pages.length; page++) {
                    assertThat(copy.indirectGref(page)).isEqualTo(pages[page]);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0,0", "1,1", "11,11", "12,11", "127,11", "128,11", "255,11"})
    void shouldCopyNoMoreSegmentsThanThereAre_whenTheFrontendClaimsMore(int claimed, int copied) {
        for (BlkifAbi abi : BlkifAbi.values()) {
            try (Slot slot = new Slot()) {
                slot.memory().putInt(AT, Blkif.BLKIF_OP_WRITE | claimed << 8);
                BlkifRequestCopy copy = new BlkifRequestCopy();
                copy.copyFrom(slot.memory(), AT, abi);
                assertThat(copy.nrSegments()).isEqualTo(claimed);
                assertThat(copy.segments()).isEqualTo(copied);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                Blkif.BLKIF_OP_READ,
                Blkif.BLKIF_OP_FLUSH_DISKCACHE,
                Blkif.BLKIF_OP_DISCARD,
                Blkif.BLKIF_OP_INDIRECT,
                255
            })
    void attackR5_shouldReadNoByteTwice_whenASlotIsCopied(int operation) {
        for (BlkifAbi abi : BlkifAbi.values()) {
            try (Slot slot = new Slot()) {
                slot.memory().putInt(AT, operation | 0xff << 8);
                int[] reads = new int[SharedMemory.PAGE_BYTES];
                new BlkifRequestCopy().copyFrom(slot.counting(reads), AT, abi);
                assertThat(reads[AT]).isEqualTo(1);
                assertThat(reads).containsOnly(0, 1);
            }
        }
        try (Slot slot = new Slot()) {
            int[] reads = new int[SharedMemory.PAGE_BYTES];
            new BlkifResponse().copyFrom(slot.counting(reads), AT);
            assertThat(Arrays.copyOfRange(reads, AT, AT + 12)).containsOnly(1);
            assertThat(reads).containsOnly(0, 1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldKeepNothingOfTheLastRequest_whenTheCopyIsUsedAgain(BlkifAbi abi) {
        try (Slot discard = new Slot();
                Slot flush = new Slot()) {
            BlkifRequestCopy copy = new BlkifRequestCopy();
            discard.memory().zero(0, SharedMemory.PAGE_BYTES);
            flush.memory().zero(0, SharedMemory.PAGE_BYTES);
            if (abi == BlkifAbi.X86_64) {
                BlkifRequestDiscard.put(discard.memory(), AT, 0, 1, 2, 3, 4);
            } else {
                BlkifX86_32RequestDiscard.put(discard.memory(), AT, 0, 1, 2, 3, 4);
            }
            flush.memory().putInt(AT, Blkif.BLKIF_OP_FLUSH_DISKCACHE);
            copy.copyFrom(discard.memory(), AT, abi);
            assertThat(copy.nrSectors()).isEqualTo(4);
            copy.copyFrom(flush.memory(), AT, abi);
            assertThat(copy.operation()).isEqualTo(Blkif.BLKIF_OP_FLUSH_DISKCACHE);
            assertThat(copy.nrSectors()).isZero();
            assertThat(copy.handle()).isZero();
            assertThat(copy.id()).isZero();
            assertThat(copy.segments()).isZero();
        }
    }

    @Test
    void shouldBeUnsigned_whenAllBitsOfARequestAreSet() {
        try (Slot slot = Slot.of("ff".repeat(112))) {
            SharedMemory m = slot.memory();
            assertThat(BlkifRequest.operation(m, AT)).isEqualTo(255);
            assertThat(BlkifRequest.nrSegments(m, AT)).isEqualTo(255);
            assertThat(BlkifRequest.handle(m, AT)).isEqualTo(65535);
            assertThat(BlkifRequestIndirect.nrSegments(m, AT)).isEqualTo(65535);
            assertThat(BlkifRequestSegment.firstSect(m, AT)).isEqualTo(255);
            assertThat(BlkifRequestSegment.lastSect(m, AT)).isEqualTo(255);
            long segment = BlkifRequestSegment.load(m, AT);
            assertThat(BlkifRequestSegment.gref(segment)).isEqualTo(-1);
            assertThat(BlkifRequestSegment.firstSect(segment)).isEqualTo(255);
            assertThat(BlkifRequestSegment.lastSect(segment)).isEqualTo(255);
            for (BlkifAbi abi : BlkifAbi.values()) {
                BlkifRequestCopy copy = new BlkifRequestCopy();
                copy.copyFrom(m, AT, abi);
                assertThat(copy.operation()).isEqualTo(255);
                assertThat(copy.handle()).isEqualTo(65535);
                assertThat(copy.firstSect(10)).isEqualTo(255);
                assertThat(copy.indirectOp()).isEqualTo(255);
                assertThat(copy.flag()).isEqualTo(255);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0,          0, 0,  0000000000000000 00 00 0000",
        "1,          1, -1, 0100000000000000 01 00 ffff",
        "4294967301, 6, -2, 0500000001000000 06 00 feff",
        "-1,       255, 7,  ffffffffffffffff ff 00 0700",
        "-9223372036854775808, 5, -32768, 0000000000000080 05 00 0080"
    })
    void shouldBeTheseBytes_whenItIsAResponse(long id, int operation, short status, String hex) {
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            BlkifAbi.X86_64.putResponse(m, AT, id, operation, status);
            assertThat(slot.hex()).isEqualTo(hex.replace(" ", "") + "00000000");
            BlkifResponse copy = new BlkifResponse();
            copy.copyFrom(m, AT);
            m.zero(AT, BlkifResponse.SIZEOF);
            assertThat(copy.id()).isEqualTo(id);
            assertThat(copy.operation()).isEqualTo(operation);
            assertThat(copy.status()).isEqualTo(status);
        }
        try (Slot slot = new Slot()) {
            BlkifAbi.X86_32.putResponse(slot.memory(), AT, id, operation, status);
            assertThat(slot.hex()).isEqualTo(hex.replace(" ", ""));
            assertThat(BlkifX86_32Response.id(slot.memory(), AT)).isEqualTo(id);
            assertThat(BlkifX86_32Response.operation(slot.memory(), AT)).isEqualTo(operation);
            assertThat(BlkifX86_32Response.status(slot.memory(), AT)).isEqualTo(status);
        }
        try (Slot slot = Slot.of(hex)) {
            assertThat(BlkifResponse.id(slot.memory(), AT)).isEqualTo(id);
            assertThat(BlkifResponse.operation(slot.memory(), AT)).isEqualTo(operation);
            assertThat(BlkifResponse.status(slot.memory(), AT)).isEqualTo(status);
        }
    }

    @Test
    void shouldRefuseTheSlot_whenACopyWouldLeaveTheMemoryOrIsMisaligned() {
        try (Slot slot = new Slot()) {
            SharedMemory m = slot.memory();
            BlkifRequestCopy request = new BlkifRequestCopy();
            int end = SharedMemory.PAGE_BYTES;
            assertThatThrownBy(() -> request.copyFrom(m, end - 104, BlkifAbi.X86_64))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> request.copyFrom(m, end - 104, BlkifAbi.X86_32))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> request.copyFrom(m, 4, BlkifAbi.X86_64))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> request.copyFrom(m, 2, BlkifAbi.X86_32))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> new BlkifResponse().copyFrom(m, end - 8))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            request.copyFrom(m, end - 112, BlkifAbi.X86_64);
            request.copyFrom(m, end - 108, BlkifAbi.X86_32);
        }
    }

    @Test
    void shouldBeChosenByItsText_whenTheFrontendNamesAnAbi() {
        assertThat(BlkifAbi.parse(null)).isSameAs(BlkifAbi.X86_64);
        assertThat(BlkifAbi.parse("x86_64-abi")).isSameAs(BlkifAbi.X86_64);
        assertThat(BlkifAbi.parse("x86_32-abi")).isSameAs(BlkifAbi.X86_32);
        assertThat(BlkifAbi.parse("arm-abi")).isNull();
        assertThat(BlkifAbi.parse("")).isNull();
        assertThat(BlkifAbi.parse("x86_64-abi ")).isNull();
    }

    @Test
    void shouldNameTheNthOfSeveral_whenAKeyIsNumbered() {
        assertThat(BlkifKeys.ringRef(0)).isEqualTo("ring-ref0");
        assertThat(BlkifKeys.ringRef(15)).isEqualTo("ring-ref15");
        assertThat(BlkifKeys.queue(3)).isEqualTo("queue-3");
    }
}
