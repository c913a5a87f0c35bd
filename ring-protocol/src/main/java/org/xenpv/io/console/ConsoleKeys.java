package org.xenpv.io.console;

/**
 * The keys of a console in xenstore (Xen's docs/misc/console.txt; console.h names none). The primary console lives in
 * {@code /local/domain/<domid>/console} and is made by the toolstack; further ones are xenbus devices in {@code
 * device/console/<id>}, from 1.
 */
public final class ConsoleKeys {

    /** The primary's directory below the domain's own. */
    public static final String CONSOLE = "console";

    /** Primary: frame number of the page. Xenbus: gref, written by the frontend. */
    public static final String RING_REF = "ring-ref";
    /** Event channel. Xenbus: written by the frontend. */
    public static final String PORT = "port";
    /** Who serves it: {@code xenconsoled} or {@code ioemu}. */
    public static final String TYPE = "type";
    /** Bytes the daemon buffers at most. */
    public static final String LIMIT = "limit";
    /** Where the daemon is to put it: {@code pty}, {@code chardev:<id>}. */
    public static final String OUTPUT = "output";
    /** The terminal a person attaches to, written by the daemon. */
    public static final String TTY = "tty";
    /** Xenbus: {@code vt100}, {@code vt100-8bit}... */
    public static final String PROTOCOL = "protocol";
    /** Xenbus: a name for a person or program to find it by. */
    public static final String NAME = "name";

    private ConsoleKeys() {}
}
