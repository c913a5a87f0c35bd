package org.xenpv.cli;

import java.nio.file.Path;

/**
 * What the main job is to do.
 *
 * @param disk the user's image, or null for a fresh one
 * @param write whether the user's image itself may be written
 * @param sizeMib of a fresh image
 * @param scratchMib how much to rewrite at most
 * @param blocks random blocks of 4096 bytes to read
 * @param packets short packets to send to another guest, and as many or fewer of the longer ones
 * @param depth operations in flight
 * @param requestKib of a sequential operation
 */
record DemoOptions(
        Path disk,
        boolean write,
        int sizeMib,
        int scratchMib,
        int blocks,
        int packets,
        int depth,
        int requestKib,
        long seed,
        Path workDir) {

    DemoOptions {
        within("--size", sizeMib, 1, 1 << 16);
        within("--scratch", scratchMib, 1, 1 << 16);
        within("--blocks", blocks, 1, 100_000);
        within("--packets", packets, 1, 100_000_000);
        within("--depth", depth, 1, 256);
        within("--request", requestKib, 4, 1024);
        if (requestKib % 4 != 0) {
            throw CommandFailure.refused("--request=" + requestKib + " must be a multiple of 4");
        }
        if (write && disk == null) {
            throw CommandFailure.refused("--write needs --disk: the fresh image is not worth keeping");
        }
    }

    private static void within(String name, int value, int min, int max) {
        if (value < min || value > max) {
            throw CommandFailure.refused(name + "=" + value + " must be " + min + " to " + max);
        }
    }

    int requestBytes() {
        return requestKib << 10;
    }

    long scratchBytes() {
        return (long) scratchMib << 20;
    }
}
