/**
 * The few system calls of Linux that the {@code .linux} packages of the primitives are made of: {@link
 * org.xenpv.linux.LinuxCalls} is the port, {@link org.xenpv.linux.LibcCalls} the C library behind it. JVM only.
 */
package org.xenpv.linux;
