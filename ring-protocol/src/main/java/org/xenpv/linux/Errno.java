package org.xenpv.linux;

/** What Linux's error numbers mean (asm-generic/errno-base.h, errno.h): those that the calls used here can end with. */
public enum Errno {
    EPERM(1, "not permitted, are you root?"),
    ENOENT(2, "no such file or entry"),
    ESRCH(3, "no such domain"),
    EINTR(4, "interrupted"),
    EIO(5, "input/output error"),
    ENXIO(6, "no such device or port"),
    E2BIG(7, "too long"),
    EBADF(9, "the file is closed"),
    EAGAIN(11, "nothing at the moment"),
    ENOMEM(12, "out of memory"),
    EACCES(13, "permission denied, are you root?"),
    EFAULT(14, "bad address"),
    EBUSY(16, "busy"),
    EEXIST(17, "exists already"),
    ENODEV(19, "no such device: is this a guest of Xen?"),
    EISDIR(21, "is a directory"),
    EINVAL(22, "invalid argument"),
    EMFILE(24, "too many open files"),
    ENOTTY(25, "the file does not know this request"),
    EFBIG(27, "overflow"),
    ENOSPC(28, "no space left"),
    EROFS(30, "read-only"),
    ENOSYS(38, "not implemented"),
    ENOTEMPTY(39, "not empty"),
    EISCONN(106, "connected already"),
    ENOTCONN(107, "not connected");

    private final int number;
    private final String meaning;

    Errno(int number, String meaning) {
        this.number = number;
        this.meaning = meaning;
    }

    public int number() {
        return number;
    }

    /** The error with this number, or null. */
    public static Errno of(int number) {
        for (Errno errno : values()) {
            if (errno.number == number) {
                return errno;
            }
        }
        return null;
    }

    /** Name and meaning, for a message; empty for a number that is not here. */
    public static String meaning(int number) {
        Errno errno = of(number);
        return errno == null ? "" : errno.name() + ": " + errno.meaning;
    }
}
