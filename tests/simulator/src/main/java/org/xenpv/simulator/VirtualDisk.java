package org.xenpv.simulator;

/** Names of virtual disks and their numbers (docs/man/xen-vbd-interface). */
final class VirtualDisk {

    private static final int XVD_MAJOR = 202;
    private static final int EXTENDED = 1 << 28;

    private VirtualDisk() {}

    /**
     * The number of a disk or partition.
     *
     * @param vdev {@code xvda}, {@code xvdb3}, or a decimal number
     */
    static int devid(String vdev) {
        if (vdev == null || vdev.isEmpty() || vdev.length() > 16) {
            throw refused(vdev);
        }
        if (!vdev.startsWith("xvd")) {
            return number(vdev, vdev);
        }
        int at = 3;
        int disk = 0;
        while (at < vdev.length() && vdev.charAt(at) >= 'a' && vdev.charAt(at) <= 'z') {
            disk = disk * 26 + vdev.charAt(at) - 'a' + 1;
            at++;
            if (disk > 1 << 20) {
                throw refused(vdev);
            }
        }
        disk--;
        int partition = at == vdev.length() ? 0 : number(vdev.substring(at), vdev);
        if (disk < 0 || partition > 255 || at < vdev.length() && partition == 0) {
            throw refused(vdev);
        }
        return disk < 16 && partition < 16 ? XVD_MAJOR << 8 | disk << 4 | partition : EXTENDED | disk << 8 | partition;
    }

    private static int number(String digits, String vdev) {
        long value = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = digits.charAt(i) - '0';
            if (digit < 0 || digit > 9 || i > 9) {
                throw refused(vdev);
            }
            value = value * 10 + digit;
        }
        if (value > Integer.MAX_VALUE) {
            throw refused(vdev);
        }
        return (int) value;
    }

    private static IllegalArgumentException refused(String vdev) {
        return new IllegalArgumentException("vdev=" + vdev + ", must be like xvda, xvda1 or 51712");
    }
}
