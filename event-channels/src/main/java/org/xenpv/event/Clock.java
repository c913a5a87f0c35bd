package org.xenpv.event;

/** Monotonic time. Deadlines are values of this clock; they are compared by subtraction. */
public interface Clock {

    long nanoTime();
}
