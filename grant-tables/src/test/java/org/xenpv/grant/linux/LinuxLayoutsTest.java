package org.xenpv.grant.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Our numbers against those the C compiler has for Linux's headers. */
class LinuxLayoutsTest {

    private static final Map<String, Long> GOLDEN = new HashMap<>();

    @BeforeAll
    static void readGoldenNumbers() throws IOException {
        for (String line : Files.readAllLines(Path.of("..", "tests", "golden", "x86_64.txt"))) {
            String[] words = line.split(" ");
            if (words.length == 2 && words[1].matches("-?\\d+")) {
                GOLDEN.put(words[0], Long.parseLong(words[1]));
            }
        }
    }

    private static void same(String name, long ours) {
        assertThat(GOLDEN).containsKey(name);
        assertThat(ours).as(name).isEqualTo(GOLDEN.get(name));
    }

    @Test
    void shouldAgreeWithGntallocsHeader() {
        same("IOCTL_GNTALLOC_ALLOC_GREF", Gntalloc.IOCTL_GNTALLOC_ALLOC_GREF);
        same("IOCTL_GNTALLOC_DEALLOC_GREF", Gntalloc.IOCTL_GNTALLOC_DEALLOC_GREF);
        same("IOCTL_GNTALLOC_SET_UNMAP_NOTIFY", Gntalloc.IOCTL_GNTALLOC_SET_UNMAP_NOTIFY);
        same("GNTALLOC_FLAG_WRITABLE", Gntalloc.GNTALLOC_FLAG_WRITABLE);
        same("UNMAP_NOTIFY_CLEAR_BYTE", Gntalloc.UNMAP_NOTIFY_CLEAR_BYTE);
        same("UNMAP_NOTIFY_SEND_EVENT", Gntalloc.UNMAP_NOTIFY_SEND_EVENT);
        same("ioctl_gntalloc_alloc_gref.domid", Gntalloc.ALLOC_DOMID);
        same("ioctl_gntalloc_alloc_gref.flags", Gntalloc.ALLOC_FLAGS);
        same("ioctl_gntalloc_alloc_gref.count", Gntalloc.ALLOC_COUNT);
        same("ioctl_gntalloc_alloc_gref.index", Gntalloc.ALLOC_INDEX);
        same("ioctl_gntalloc_alloc_gref.gref_ids", Gntalloc.ALLOC_GREF_IDS);
        same("ioctl_gntalloc_dealloc_gref.index", Gntalloc.DEALLOC_INDEX);
        same("ioctl_gntalloc_dealloc_gref.count", Gntalloc.DEALLOC_COUNT);
        same("ioctl_gntalloc_unmap_notify.index", Gntalloc.NOTIFY_INDEX);
        same("ioctl_gntalloc_unmap_notify.action", Gntalloc.NOTIFY_ACTION);
        same("ioctl_gntalloc_unmap_notify.event_channel_port", Gntalloc.NOTIFY_EVENT_CHANNEL_PORT);
    }

    @Test
    void shouldAgreeWithGntdevsHeader() {
        same("IOCTL_GNTDEV_MAP_GRANT_REF", Gntdev.IOCTL_GNTDEV_MAP_GRANT_REF);
        same("IOCTL_GNTDEV_UNMAP_GRANT_REF", Gntdev.IOCTL_GNTDEV_UNMAP_GRANT_REF);
        same("IOCTL_GNTDEV_GRANT_COPY", Gntdev.IOCTL_GNTDEV_GRANT_COPY);
        same("ioctl_gntdev_map_grant_ref.count", Gntdev.MAP_COUNT);
        same("ioctl_gntdev_map_grant_ref.index", Gntdev.MAP_INDEX);
        same("ioctl_gntdev_map_grant_ref.refs", Gntdev.MAP_REFS);
        same("sizeof.ioctl_gntdev_grant_ref", Gntdev.GRANT_REF_SIZEOF);
        same("ioctl_gntdev_grant_ref.domid", Gntdev.GRANT_REF_DOMID);
        same("ioctl_gntdev_grant_ref.ref", Gntdev.GRANT_REF_REF);
        same("ioctl_gntdev_unmap_grant_ref.index", Gntdev.UNMAP_INDEX);
        same("ioctl_gntdev_unmap_grant_ref.count", Gntdev.UNMAP_COUNT);
        same("sizeof.ioctl_gntdev_grant_copy", Gntdev.COPY_SIZEOF);
        same("ioctl_gntdev_grant_copy.count", Gntdev.COPY_COUNT);
        same("ioctl_gntdev_grant_copy.segments", Gntdev.COPY_SEGMENTS);
        same("sizeof.gntdev_grant_copy_segment", Gntdev.SEGMENT_SIZEOF);
        same("gntdev_grant_copy_segment.source.virt", Gntdev.SEGMENT_SOURCE);
        same("gntdev_grant_copy_segment.source.foreign.ref", Gntdev.SEGMENT_SOURCE + Gntdev.FOREIGN_REF);
        same("gntdev_grant_copy_segment.source.foreign.offset", Gntdev.SEGMENT_SOURCE + Gntdev.FOREIGN_OFFSET);
        same("gntdev_grant_copy_segment.source.foreign.domid", Gntdev.SEGMENT_SOURCE + Gntdev.FOREIGN_DOMID);
        same("gntdev_grant_copy_segment.dest.virt", Gntdev.SEGMENT_DEST);
        same("gntdev_grant_copy_segment.len", Gntdev.SEGMENT_LEN);
        same("gntdev_grant_copy_segment.flags", Gntdev.SEGMENT_FLAGS);
        same("gntdev_grant_copy_segment.status", Gntdev.SEGMENT_STATUS);
    }
}
