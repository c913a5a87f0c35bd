package org.xenpv.scenarios.hostile;

import java.lang.reflect.Field;
import org.xenpv.netfront.NetfrontDevice;
import org.xenpv.ring.FrontRing;

/**
 * A network interface whose rings have gone round for a long time: their front halves begin at index 0 and nobody can wait until 2^32
 * requests have been made, so their private indices are moved from outside.
 */
final class RingsInUse {

    private static final String[] INDICES = {"reqProdPvt", "reqProd", "rspCons", "rspProdSeen"};

    private RingsInUse() {}

    /** On the loop's thread; the backend moves what stands in the pages ({@link HostileNetback.Wire#advance}). */
    static void advance(NetfrontDevice device, int by) {
        try {
            Object connection = get(device, "connection");
            advance(((Object[]) get(connection, "tx"))[0], by);
            advance(((Object[]) get(connection, "rx"))[0], by);
            advance(get(connection, "control"), by);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    private static void advance(Object queue, int by) throws ReflectiveOperationException {
        FrontRing ring = (FrontRing) get(queue, "ring");
        for (String index : INDICES) {
            Field field = field(ring, index);
            field.setInt(ring, field.getInt(ring) + by);
        }
    }

    private static Object get(Object from, String name) throws ReflectiveOperationException {
        return field(from, name).get(from);
    }

    private static Field field(Object of, String name) throws ReflectiveOperationException {
        Field field = of.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }
}
