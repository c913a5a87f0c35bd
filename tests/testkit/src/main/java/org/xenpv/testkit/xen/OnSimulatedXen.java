package org.xenpv.testkit.xen;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Test methods below may have a parameter of type {@link org.xenpv.simulator.SimulatedXen}: each gets a host of its
 * own. For {@code @ParameterizedTest} and {@code @RepeatedTest}; a plain test is a {@link SimulatedXenTest}.
 *
 * <p>The seed is {@code -Dsim.seed=} if given, else {@link #seed} if not 0, else made from the test's id, so that every
 * test has another and each run the same.
 */
@Documented
@Target({ElementType.TYPE, ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(SimulatedXenExtension.class)
public @interface OnSimulatedXen {

    /** How a host runs. */
    enum Mode {
        DETERMINISTIC,
        LIVE
    }

    Mode mode() default Mode.DETERMINISTIC;

    long seed() default 0;

    /** False for a test that means to end with something still held. */
    boolean leakCheck() default true;
}
