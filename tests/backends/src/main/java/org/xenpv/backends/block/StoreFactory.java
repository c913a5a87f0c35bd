package org.xenpv.backends.block;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.xenpv.fault.XenConfigException;
import org.xenpv.io.blkif.BlkifKeys;

/** Opens the medium that the toolstack named for a device. */
@FunctionalInterface
public interface StoreFactory {

    /** {@code params} is the path of a raw image. */
    StoreFactory RAW_IMAGES = (params, writable) -> {
        Path path;
        try {
            path = Path.of(params);
        } catch (InvalidPathException e) {
            throw new XenConfigException(BlkifKeys.PARAMS, params, "a path");
        }
        return writable ? RawImage.openWritable(path) : RawImage.openReadOnly(path);
    };

    /**
     * @param params the key {@code params} of the backend's directory: the path of an image, mostly; never null
     * @param writable whether the key {@code mode} says so
     * @return a store that the device owns and closes
     * @throws org.xenpv.fault.XenException if there is no such medium
     */
    BlockStore open(String params, boolean writable);
}
