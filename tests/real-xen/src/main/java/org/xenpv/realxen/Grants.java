package org.xenpv.realxen;

import java.util.Set;
import java.util.TreeSet;

/**
 * Which pages of guests are mapped by another domain right now, as Xen itself knows it ({@code xl debug-keys g}, which prints every
 * grant that is in use; xl dmesg). What a guest has for all its life, its console and its xenstore ring, is among them.
 */
final class Grants {

    /** Runs a command of dom0. */
    interface Command {
        String run(String command) throws Exception;
    }

    private Grants() {}

    /** @return a line each: the owner, the reference, who has mapped it */
    static Set<String> mapped(Command dom0) throws Exception {
        Set<String> lines = new TreeSet<>();
        for (String line : dom0.run("grants").split("\n")) {
            if (!line.isBlank()) {
                lines.add(line);
            }
        }
        return lines;
    }

    /** Fails unless what is mapped now was mapped before, too. */
    static void checkNoMoreThan(Set<String> before, Command dom0) throws Exception {
        Set<String> left = mapped(dom0);
        left.removeAll(before);
        RealGuest.check(left.isEmpty(), "still mapped (owner, reference, mapped by): " + left);
    }
}
