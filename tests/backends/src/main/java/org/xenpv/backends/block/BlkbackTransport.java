package org.xenpv.backends.block;

import java.util.ArrayList;
import java.util.List;
import org.xenpv.event.EventChannels;
import org.xenpv.fault.XenConfigException;
import org.xenpv.io.blkif.BlkifAbi;
import org.xenpv.io.blkif.BlkifKeys;
import org.xenpv.xenbus.KeySnapshot;

/**
 * What a frontend published: its rings and how it speaks. Read strictly; whatever lies outside what we offered is
 * refused.
 *
 * @param persistent the frontend reuses its grants
 * @param queues at least one
 */
record BlkbackTransport(BlkifAbi abi, boolean persistent, List<Queue> queues) {

    private static final long UINT32_MAX = 0xffff_ffffL;

    /** @param grefs of the ring's pages, in order */
    record Queue(int[] grefs, int port) {}

    /** The keys of a frontend's directory that {@link #parse} looks at. */
    static String[] keys(BlkbackConfig config) {
        List<String> keys = new ArrayList<>(List.of(
                BlkifKeys.PROTOCOL,
                BlkifKeys.FEATURE_PERSISTENT,
                BlkifKeys.RING_PAGE_ORDER,
                BlkifKeys.NUM_RING_PAGES,
                BlkifKeys.MULTI_QUEUE_NUM_QUEUES));
        addQueueKeys(keys, "", config.ringPageOrderMax());
        if (config.queuesMax() > 1) {
            for (int queue = 0; queue < config.queuesMax(); queue++) {
                addQueueKeys(keys, BlkifKeys.queue(queue) + "/", config.ringPageOrderMax());
            }
        }
        return keys.toArray(new String[0]);
    }

    private static void addQueueKeys(List<String> keys, String directory, int ringPageOrderMax) {
        keys.add(directory + BlkifKeys.EVENT_CHANNEL);
        keys.add(directory + BlkifKeys.RING_REF);
        for (int page = 0; page < 1 << ringPageOrderMax; page++) {
            keys.add(directory + BlkifKeys.ringRef(page));
        }
    }

    /** @throws XenConfigException naming the key, what stood there, and what would have been accepted */
    static BlkbackTransport parse(KeySnapshot frontend, BlkbackConfig config) {
        BlkifAbi abi = BlkifAbi.parse(frontend.text(BlkifKeys.PROTOCOL));
        if (abi == null) {
            throw new XenConfigException(
                    BlkifKeys.PROTOCOL,
                    frontend.text(BlkifKeys.PROTOCOL),
                    BlkifAbi.X86_64.protocol() + " or " + BlkifAbi.X86_32.protocol());
        }
        int pages = ringPages(frontend, config.ringPageOrderMax());
        int queues = (int) frontend.number(BlkifKeys.MULTI_QUEUE_NUM_QUEUES, 1, config.queuesMax(), 1);
        List<Queue> all = new ArrayList<>();
        for (int queue = 0; queue < queues; queue++) {
            all.add(queue(frontend, queues == 1 ? "" : BlkifKeys.queue(queue) + "/", pages));
        }
        return new BlkbackTransport(abi, frontend.flag(BlkifKeys.FEATURE_PERSISTENT), List.copyOf(all));
    }

    private static int ringPages(KeySnapshot frontend, int orderMax) {
        if (frontend.has(BlkifKeys.RING_PAGE_ORDER)) {
            return 1 << frontend.number(BlkifKeys.RING_PAGE_ORDER, 0, orderMax);
        }
        int pages = (int) frontend.number(BlkifKeys.NUM_RING_PAGES, 1, 1L << orderMax, 1);
        if (Integer.bitCount(pages) != 1) {
            throw new XenConfigException(
                    BlkifKeys.NUM_RING_PAGES, frontend.text(BlkifKeys.NUM_RING_PAGES), "a power of two");
        }
        return pages;
    }

    /** A ring of one page has {@code ring-ref}; Linux's backend wants {@code ring-ref0} where an order is given. */
    private static Queue queue(KeySnapshot frontend, String directory, int pages) {
        boolean numbered =
                pages > 1 || frontend.has(BlkifKeys.RING_PAGE_ORDER) && frontend.has(directory + BlkifKeys.ringRef(0));
        int[] grefs = new int[pages];
        for (int page = 0; page < pages; page++) {
            String key = directory + (numbered ? BlkifKeys.ringRef(page) : BlkifKeys.RING_REF);
            grefs[page] = (int) frontend.number(key, 0, UINT32_MAX);
        }
        int port = (int) frontend.number(directory + BlkifKeys.EVENT_CHANNEL, 1, EventChannels.PORTS_MAX - 1);
        return new Queue(grefs, port);
    }
}
