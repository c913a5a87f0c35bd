package org.xenpv.backends.block;

import java.io.IOException;
import org.xenpv.backends.ServedDevice;
import org.xenpv.fault.PeerFault;
import org.xenpv.fault.XenConfigException;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenProtocolException;
import org.xenpv.io.blkif.Blkif;
import org.xenpv.io.blkif.BlkifKeys;
import org.xenpv.xenbus.BackendDriver;
import org.xenpv.xenbus.KeySnapshot;
import org.xenpv.xenbus.XenGuest;
import org.xenpv.xenbus.XenbusBackend;
import org.xenpv.xenbus.XenbusState;

/**
 * The backend of one virtual block device: advertises a disk, connects to the frontend's rings and serves them until
 * the frontend or the device goes away; again if the frontend comes back.
 *
 * <p>The medium is opened when the device is advertised, from the keys {@code params} and {@code mode} that the toolstack
 * wrote, and closed with the device. When a frontend comes back it is opened anew: the toolstack may have put another
 * medium in its place. Owned by the thread of the domain's event loop.
 */
public final class Blkback implements ServedDevice, AutoCloseable {

    private static final String REMOVABLE = "removable";

    private final XenGuest guest;
    private final String nodename;
    private final StoreFactory stores;
    private final BlkbackConfig config;
    private final XenbusBackend xenbus;
    private final BlkbackCounters counters = new BlkbackCounters();

    private ServiceModel model = ServiceModel.PROMPT;
    private BlkbackDisk disk;
    private int info;
    private BlkbackConnection connection;
    private Runnable removal;
    private XenException reason;
    private boolean ended;
    private long connections;

    /** @param nodename our directory, relative to the domain's: {@code backend/vbd/<frontend-id>/<vdev>} */
    public Blkback(XenGuest guest, String nodename, StoreFactory stores, BlkbackConfig config) {
        this.guest = guest;
        this.nodename = nodename;
        this.stores = stores;
        this.config = config;
        this.xenbus = new XenbusBackend(guest, nodename, new Driver());
    }

    /** How the disk behaves from the next connection on; {@link ServiceModel#PROMPT} if never called. */
    public Blkback serviceModel(ServiceModel behaviour) {
        model = behaviour;
        return this;
    }

    /** Called once when the device has ended by itself (not by {@link #kill}); see {@link #reason()}. */
    public Blkback onRemoved(Runnable action) {
        removal = action;
        return this;
    }

    /** Opens the medium, advertises it and waits for the frontend. */
    @Override
    public void start() {
        xenbus.start();
    }

    public String nodename() {
        return nodename;
    }

    public XenbusState state() {
        return xenbus.state();
    }

    /** Why the device does not serve, or null. */
    public XenException reason() {
        return reason;
    }

    @Override
    public boolean isEnded() {
        return ended;
    }

    public BlkbackStats stats() {
        return counters.snapshot();
    }

    /** Rings being served. */
    public int queues() {
        return connection == null ? 0 : connection.queues();
    }

    /** Requests taken and not answered. */
    public int outstanding() {
        return connection == null ? 0 : connection.outstanding();
    }

    /** Pages of the frontend kept mapped. */
    public int persistentGrants() {
        return connection == null ? 0 : connection.persistentCount();
    }

    /** How often a frontend has been connected. */
    public long connections() {
        return connections;
    }

    /** The medium, or null before it is opened. For tests; its owner is this device. */
    public BlockStore store() {
        return disk == null ? null : disk.store();
    }

    /**
     * Looks how large the medium is now, and tells a connected frontend (online resize): {@code sectors} is written
     * anew, and {@code state} with it, so that its watch fires.
     *
     * @throws BlockStoreException if the medium's size has become impossible; nothing is changed
     */
    public void resize() {
        if (disk == null) {
            throw new IllegalStateException(nodename + " has not been started");
        }
        try {
            disk.store().remeasure();
        } catch (IOException e) {
            throw new BlockStoreException(disk.store().toString(), "cannot be measured: " + e.getMessage(), e);
        }
        if (state() == XenbusState.CONNECTED) {
            xenbus.announce(new KeySnapshot.Writer().put(BlkifKeys.SECTORS, disk.sectors()));
        }
    }

    /** Carries out and answers every request that the {@link ServiceModel} holds back. */
    public void answerParked() {
        if (connection != null) {
            connection.serviceAll();
        }
    }

    /** Dies as a driver domain does that crashes: unmaps, answers nothing, writes nothing. Idempotent. */
    @Override
    public void kill() {
        if (!ended) {
            ended = true;
            xenbus.kill();
            disconnect();
            closeStore();
        }
    }

    /** The same as {@link #kill}: an orderly end is the toolstack's to begin, and the frontend's to agree to. */
    @Override
    public void close() {
        kill();
    }

    private void disconnect() {
        if (connection != null) {
            connection.close();
            connection = null;
        }
    }

    private void closeStore() {
        if (disk != null) {
            disk.store().close();
            disk = null;
        }
    }

    private void broken(int queue, PeerFault fault) {
        reason = new XenProtocolException(fault, nodename + " queue " + queue + ": the frontend's request producer");
        xenbus.fail(reason);
    }

    private void openStore(KeySnapshot backend) {
        String params = backend.text(BlkifKeys.PARAMS);
        if (params == null) {
            throw new XenConfigException(BlkifKeys.PARAMS, null, "the medium's path");
        }
        String mode = backend.text(BlkifKeys.MODE);
        if (mode != null && !mode.equals("r") && !mode.equals("w")) {
            throw new XenConfigException(BlkifKeys.MODE, mode, "r or w");
        }
        boolean writable = "w".equals(mode);
        closeStore();
        boolean discard = backend.number(BlkifKeys.DISCARD_ENABLE, 0, 1, 1) == 1;
        disk = new BlkbackDisk(stores.open(params, writable), config, !writable, discard, counters);
        info = config.info() & ~Blkif.VDISK_READONLY
                | (disk.readOnly() ? Blkif.VDISK_READONLY : 0)
                | ("cdrom".equals(backend.text(BlkifKeys.DEVICE_TYPE)) ? Blkif.VDISK_CDROM : 0)
                | (backend.flag(REMOVABLE) ? Blkif.VDISK_REMOVABLE : 0);
    }

    /** What the handshake asks of us. */
    private final class Driver implements BackendDriver {

        @Override
        public String[] backendKeys() {
            return new String[] {
                BlkifKeys.PARAMS, BlkifKeys.MODE, BlkifKeys.DEVICE_TYPE, REMOVABLE, BlkifKeys.DISCARD_ENABLE
            };
        }

        @Override
        public void advertise(int frontendId, KeySnapshot backend, KeySnapshot.Writer keys) {
            try {
                openStore(backend);
            } catch (XenException e) {
                reason = e;
                throw e;
            }
            // A backend before us may have offered more; what it left would be believed.
            keys.remove(BlkifKeys.FEATURE_MAX_INDIRECT_SEGMENTS)
                    .remove(BlkifKeys.MAX_RING_PAGE_ORDER)
                    .remove(BlkifKeys.MAX_RING_PAGES)
                    .remove(BlkifKeys.MULTI_QUEUE_MAX_QUEUES)
                    .remove(BlkifKeys.DISCARD_GRANULARITY)
                    .remove(BlkifKeys.DISCARD_ALIGNMENT)
                    .remove(BlkifKeys.DISCARD_SECURE)
                    .remove(BlkifKeys.FEATURE_PERSISTENT)
                    .remove(BlkifKeys.FEATURE_FLUSH_CACHE)
                    .remove(BlkifKeys.FEATURE_BARRIER)
                    .remove(BlkifKeys.FEATURE_DISCARD);
            if (!config.lateFeatures()) {
                putFeatures(keys);
            }
            if (config.indirectSegmentsMax() > 0) {
                keys.put(BlkifKeys.FEATURE_MAX_INDIRECT_SEGMENTS, config.indirectSegmentsMax());
            }
            if (config.ringPageOrderMax() > 0) {
                keys.put(BlkifKeys.MAX_RING_PAGE_ORDER, config.ringPageOrderMax())
                        .put(BlkifKeys.MAX_RING_PAGES, 1 << config.ringPageOrderMax());
            }
            if (config.queuesMax() > 1) {
                keys.put(BlkifKeys.MULTI_QUEUE_MAX_QUEUES, config.queuesMax());
            }
        }

        private void putFeatures(KeySnapshot.Writer keys) {
            keys.put(BlkifKeys.FEATURE_PERSISTENT, config.persistent())
                    .put(BlkifKeys.FEATURE_FLUSH_CACHE, config.flush())
                    .put(BlkifKeys.FEATURE_BARRIER, config.barrier())
                    .put(BlkifKeys.FEATURE_DISCARD, disk.discards());
            if (disk.discards()) {
                keys.put(BlkifKeys.DISCARD_GRANULARITY, config.discardGranularityBytes())
                        .put(BlkifKeys.DISCARD_ALIGNMENT, config.discardAlignmentBytes())
                        .put(BlkifKeys.DISCARD_SECURE, config.discardSecure());
            }
        }

        @Override
        public String[] frontendKeys() {
            return BlkbackTransport.keys(config);
        }

        @Override
        public void connect(int frontendId, KeySnapshot frontend, KeySnapshot.Writer keys) {
            disconnect();
            try {
                BlkbackTransport transport = BlkbackTransport.parse(frontend, config);
                boolean persistent = config.persistent() && transport.persistent();
                connection = BlkbackConnection.open(
                        guest,
                        nodename,
                        frontendId,
                        transport,
                        persistent ? config.persistentGrantsMax() : 0,
                        new BlkbackQueue.Traits(disk, model, guest.clock(), config.responseBatch(), counters),
                        Blkback.this::broken);
            } catch (XenException e) {
                reason = e;
                throw e;
            }
            connections++;
            reason = null;
            if (config.lateFeatures()) {
                putFeatures(keys);
            }
            keys.put(BlkifKeys.SECTORS, disk.sectors())
                    .put(BlkifKeys.SECTOR_SIZE, disk.store().sectorBytes())
                    .put(BlkifKeys.PHYSICAL_SECTOR_SIZE, disk.store().physicalSectorBytes())
                    .put(BlkifKeys.INFO, info);
        }

        @Override
        public void disconnect() {
            Blkback.this.disconnect();
        }

        @Override
        public void removed(XenException why) {
            if (ended) {
                return;
            }
            ended = true;
            if (why != null) {
                reason = why;
            }
            Blkback.this.disconnect();
            closeStore();
            if (removal != null) {
                removal.run();
            }
        }
    }
}
